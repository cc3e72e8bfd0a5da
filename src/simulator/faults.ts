/** Faults by script: which requests go wrong, and how. */

/** One rule. It hits the requests that it matches, after `skip` of them, `count` times; the first rule that hits wins. */
export interface FaultRule {
  /** Part of the path with its query, or the source of a regular expression. */
  readonly path: string;
  readonly method?: string;
  /** Matching requests let through first. Default 0. */
  readonly skip?: number;
  /** Matching requests hit. Default 1. */
  readonly count?: number;
  /** Alone: a plain page of a gateway with this status. With `code`: an error envelope. */
  readonly status?: number;
  readonly code?: number;
  readonly message?: string;
  /** Waits before anything else happens. */
  readonly delayMs?: number;
  /** The connection is reset before an answer. */
  readonly reset?: boolean;
  /** No answer ever comes. */
  readonly hang?: boolean;
  /** The connection breaks after this many bytes of the body, whose announced length is the whole. */
  readonly truncate?: number;
  /** With `truncate`: the body ends there as if it were whole. */
  readonly quiet?: boolean;
  /** With `truncate`: instead of breaking, the connection stays open and silent. */
  readonly stall?: boolean;
  /** 200 with bytes that are no answer. */
  readonly garbage?: boolean;
  /** A query page without rows. */
  readonly emptyPage?: boolean;
  /** The access token of this request is dead from now on: 184. */
  readonly expiredToken?: boolean;
  /** The login page instead of an answer. */
  readonly html?: boolean;
  /** On `export create`: the export ends as Failed. */
  readonly failExport?: boolean;
  /** Further headers of the answer: `{"Retry-After": "3"}`. */
  readonly headers?: Readonly<Record<string, string>>;
}

const KINDS: Readonly<Record<keyof FaultRule, "string" | "number" | "boolean" | "object">> = {
  path: "string",
  method: "string",
  skip: "number",
  count: "number",
  status: "number",
  code: "number",
  message: "string",
  delayMs: "number",
  reset: "boolean",
  hang: "boolean",
  truncate: "number",
  quiet: "boolean",
  stall: "boolean",
  garbage: "boolean",
  emptyPage: "boolean",
  expiredToken: "boolean",
  html: "boolean",
  failExport: "boolean",
  headers: "object",
};

/** Reads a script. Throws an Error that names every problem. */
export function readFaults(script: unknown): readonly FaultRule[] {
  if (!Array.isArray(script)) throw new Error("faults: expected a list of rules");
  const problems = script.flatMap((rule: unknown, place) => ruleProblems(rule, `rule ${place}`));
  if (problems.length > 0) throw new Error(`faults: ${problems.join("; ")}`);
  return script as readonly FaultRule[];
}

function ruleProblems(rule: unknown, where: string): string[] {
  if (typeof rule !== "object" || rule === null) return [`${where}: expected an object`];
  const given = rule as Readonly<Record<string, unknown>>;
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof FaultRule] : undefined;
    if (kind === undefined) return [`${where}: unknown key ${name}`];
    const fits = typeof value === kind && !(typeof value === "number" && !(value >= 0));
    return fits ? [] : [`${where}: ${name} must be a ${kind}`];
  });
  if (typeof given["path"] !== "string") problems.push(`${where}: path is missing`);
  else if (toPattern(given["path"]) === null) problems.push(`${where}: path is no regular expression`);
  return problems;
}

export interface Faults {
  set(rules: readonly FaultRule[]): void;
  /** The rule that hits this request, null when it goes well. Counts. */
  next(method: string, target: string): FaultRule | null;
}

export function createFaults(): Faults {
  let rules: { readonly rule: FaultRule; readonly pattern: RegExp | null; matched: number }[] = [];
  return {
    set: (script) => {
      rules = script.map((rule) => ({ rule, pattern: toPattern(rule.path), matched: 0 }));
    },
    next: (method, target) => {
      for (const entry of rules) {
        const { rule, pattern } = entry;
        if (rule.method !== undefined && rule.method.toUpperCase() !== method) continue;
        if (!target.includes(rule.path) && pattern?.test(target) !== true) continue;
        entry.matched += 1;
        const hit = entry.matched - (rule.skip ?? 0);
        if (hit >= 1 && hit <= (rule.count ?? 1)) return rule;
      }
      return null;
    },
  };
}

function toPattern(source: string): RegExp | null {
  try {
    return new RegExp(source);
  } catch {
    return null;
  }
}
