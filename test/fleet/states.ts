import jsonata from "jsonata";

/**
 * The Amazon States Language with JSONata, as far as deploy/terraform/fleet.asl.json.tftpl uses it: what is not known
 * here is refused. From https://states-language.net/spec.html and the Step Functions guide, "Transforming data with
 * JSONata" and "Passing data between states with variables".
 */

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

/** A failure by its names in the language, such as `States.TaskFailed`. */
export class StateError extends Error {
  readonly error: string;
  /** Absent where the service gives none: only the error is certain (states-language.net, "Error output"). */
  readonly reason: string | undefined;

  constructor(error: string, reason?: string) {
    super(reason === undefined ? error : `${error}: ${reason}`);
    this.error = error;
    this.reason = reason;
  }
}

/** What an execution meets outside. */
export interface Surroundings {
  /** Does the work of a Task state; rejects with a `StateError`. */
  task(resource: string, argument: Json): Promise<Json>;
  /** Lets a Wait state's time go by. */
  pause(seconds: number): Promise<void>;
}

export type Execution =
  | { readonly status: "SUCCEEDED"; readonly output: Json }
  | { readonly status: "FAILED"; readonly error: string; readonly cause?: string };

/** Limit of a state's input, output and variables (Step Functions guide, "Quotas"). */
const PAYLOAD_BYTES_MAX = 256 * 1024;
const COMMON = ["Type", "Comment", "QueryLanguage", "Next", "End", "Output", "Assign"];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  Pass: COMMON,
  Task: [...COMMON, "Resource", "Arguments", "TimeoutSeconds", "Catch"],
  Wait: [...COMMON, "Seconds"],
  Choice: [...COMMON, "Choices", "Default"],
  Map: [...COMMON, "Items", "MaxConcurrency", "ItemProcessor"],
  Succeed: ["Type", "Comment", "QueryLanguage", "Output"],
  Fail: ["Type", "Comment", "QueryLanguage", "Error", "Cause"],
};

/** Runs a definition to its end. */
export async function execute(definition: Fields, input: Json, surroundings: Surroundings): Promise<Execution> {
  if (definition["QueryLanguage"] !== "JSONata") throw new Error("only JSONata is known here");
  try {
    return { status: "SUCCEEDED", output: await runStates(definition, input, new Map(), surroundings) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const { error: name, reason } = error;
    return { status: "FAILED", error: name, ...(reason === undefined ? {} : { cause: reason }) };
  }
}

type Variables = Map<string, Json>;

async function runStates(machine: Fields, input: Json, variables: Variables, outside: Surroundings): Promise<Json> {
  const states = machine["States"] as Readonly<Record<string, Fields>>;
  let name = String(machine["StartAt"]);
  let current = input;
  for (;;) {
    const state = states[name];
    if (state === undefined) throw new Error(`there is no state ${name}`);
    const next = await new Step(name, state, current, variables, outside).take();
    checkSize(next.output);
    if (next.to === null) return next.output;
    current = next.output;
    name = next.to;
  }
}

interface Next {
  readonly output: Json;
  /** Null at the end. */
  readonly to: string | null;
}

/** One state, entered once. */
class Step {
  private readonly name: string;
  private readonly state: Fields;
  private readonly input: Json;
  private readonly variables: Variables;
  private readonly outside: Surroundings;

  constructor(name: string, state: Fields, input: Json, variables: Variables, outside: Surroundings) {
    this.name = name;
    this.state = state;
    this.input = input;
    this.variables = variables;
    this.outside = outside;
    const known = KNOWN[String(state["Type"])] ?? [];
    const unknown = Object.keys(state).filter((field) => !known.includes(field));
    if (unknown.length > 0) throw new Error(`${name} has fields that are unknown here: ${unknown.join(", ")}`);
  }

  async take(): Promise<Next> {
    const { state } = this;
    switch (state["Type"]) {
      case "Pass":
        return this.leave(state);
      case "Wait":
        await this.outside.pause(Number(await this.evaluate(state["Seconds"])));
        return this.leave(state);
      case "Succeed":
        return this.leave({ ...state, End: true });
      case "Fail":
        throw new StateError(String(state["Error"]), String(await this.evaluate(state["Cause"])));
      case "Choice":
        return this.choose(state["Choices"] as readonly Fields[]);
      case "Map":
        return this.leave(state, { result: await this.map(state["ItemProcessor"] as Fields) });
      case "Task":
        return this.work();
      default:
        throw new Error(`${this.name} is of a type that is unknown here`);
    }
  }

  /** Evaluates `Assign` and `Output` side by side: neither sees the other's result. */
  private async leave(rule: Fields, seen: Fields = {}): Promise<Next> {
    const fallback = seen["errorOutput"] ?? seen["result"] ?? this.input;
    const output = rule["Output"] === undefined ? fallback : await this.evaluate(rule["Output"], seen);
    const assigned = (await this.evaluate(rule["Assign"] ?? {}, seen)) as Fields;
    checkSize(assigned);
    for (const [variable, value] of Object.entries(assigned)) this.variables.set(variable, value);
    return { output, to: rule["End"] === true ? null : String(rule["Next"] ?? rule["Default"]) };
  }

  private async choose(choices: readonly Fields[]): Promise<Next> {
    for (const choice of choices) {
      const isMet = await this.evaluate(choice["Condition"]);
      if (typeof isMet !== "boolean") throw this.broken(`a condition is ${JSON.stringify(isMet)}`);
      if (isMet) return this.leave(choice);
    }
    return this.leave(this.state);
  }

  private async work(): Promise<Next> {
    const argument = await this.evaluate(this.state["Arguments"]);
    try {
      const result = await this.outside.task(String(this.state["Resource"]), argument);
      return await this.leave(this.state, { result });
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      const catcher = ((this.state["Catch"] ?? []) as readonly Fields[]).find(({ ErrorEquals: names }) =>
        (names as readonly string[]).some((each) => each === "States.ALL" || each === error.error),
      );
      if (catcher === undefined) throw error;
      const { error: name, reason } = error;
      const errorOutput = { Error: name, ...(reason === undefined ? {} : { Cause: reason }) };
      return this.leave(catcher, { errorOutput });
    }
  }

  private async map(processor: Fields): Promise<readonly Json[]> {
    const items = await this.evaluate(this.state["Items"]);
    if (!isList(items)) throw this.broken("Items is no array");
    const outputs: Json[] = [];
    const waiting = [...items.entries()];
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, item] = next;
        outputs[index] = await runStates(processor, item, new Map(this.variables), this.outside);
      }
    };
    await Promise.all(Array.from({ length: Number(this.state["MaxConcurrency"]) }, lane));
    return outputs;
  }

  /** Evaluates every `{% … %}` inside a value. Nothing as a result is an error, as in Step Functions. */
  private async evaluate(value: Json, seen: Fields = {}): Promise<Json> {
    if (Array.isArray(value)) return Promise.all(value.map((each) => this.evaluate(each, seen)));
    if (typeof value === "object" && value !== null) {
      const fields = Object.entries(value).map(async ([key, each]) => [key, await this.evaluate(each, seen)] as const);
      return Object.fromEntries(await Promise.all(fields));
    }
    const expression = typeof value === "string" ? /^\{%([\s\S]*)%\}$/.exec(value)?.[1] : undefined;
    if (expression === undefined) return value;
    const bindings = {
      ...Object.fromEntries(this.variables),
      states: { input: this.input, ...seen },
      parse: (text: string): Json => JSON.parse(text),
    };
    let result: Json;
    try {
      result = await jsonata(expression).evaluate(undefined, bindings);
    } catch (error) {
      throw this.broken(`${expression}: ${(error as Error).message}`);
    }
    if (result === undefined) throw this.broken(`${expression} yields nothing`);
    return JSON.parse(JSON.stringify(result)) as Json;
  }

  private broken(what: string): StateError {
    return new StateError("States.QueryEvaluationError", `${this.name}: ${what}`);
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function checkSize(value: Json): void {
  if (Buffer.byteLength(JSON.stringify(value)) > PAYLOAD_BYTES_MAX) {
    throw new StateError("States.DataLimitExceeded", "more than 256 KB");
  }
}
