import { DockerfileParser } from "dockerfile-ast";
import type { Instruction, JSONInstruction, ModifiableInstruction, PropertyInstruction } from "dockerfile-ast";

/** One instruction, as the parser sees it. */
export interface Step {
  readonly keyword: string;
  /** `--from=build` is `from: "build"`. */
  readonly flags: Readonly<Record<string, string>>;
  /** Words after the flags; in the JSON form, the strings. */
  readonly words: readonly string[];
  /** Whether it is in the JSON form, without a shell. */
  readonly isJson: boolean;
  /** Unchanged text after the flags: a RUN's command. */
  readonly text: string;
  /** Names and values of ARG, ENV and LABEL. */
  readonly pairs: Readonly<Record<string, string | null>>;
}

export interface Stage {
  /** Name after AS; empty for the last stage. */
  readonly name: string;
  readonly base: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

export interface Recipe {
  /** ARGs before the first FROM. */
  readonly args: Readonly<Record<string, string | null>>;
  readonly stages: readonly Stage[];
}

/** Reads a Dockerfile. */
export function readDockerfile(text: string): Recipe {
  const dockerfile = DockerfileParser.parse(text);
  const args = Object.assign({}, ...dockerfile.getInitialARGs().map((arg) => step(arg).pairs)) as Recipe["args"];
  const stages: { name: string; base: string; flags: Stage["flags"]; steps: Step[] }[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    const one = step(instruction);
    if (one.keyword === "FROM") {
      const [base = "", , name = ""] = one.words;
      stages.push({ name, base, flags: one.flags, steps: [] });
    } else stages.at(-1)?.steps.push(one);
  }
  return { args, stages };
}

/** Parts that only some kinds of instructions have. */
type Some = Instruction &
  Partial<Pick<ModifiableInstruction, "getFlags">> &
  Partial<Pick<PropertyInstruction, "getProperties">> &
  Partial<Pick<JSONInstruction, "getJSONStrings">>;

function step(instruction: Some): Step {
  const flags = instruction.getFlags?.() ?? [];
  const json = (instruction.getJSONStrings?.() ?? []).map((each) => each.getJSONValue());
  const properties = instruction.getProperties?.() ?? [];
  const raw = instruction.getRawArgumentsContent() ?? "";
  return {
    keyword: instruction.getKeyword(),
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ""])),
    words: json.length > 0 ? json : instruction.getArguments().map((argument) => argument.getValue()),
    isJson: json.length > 0,
    text: raw.replace(/^(?:--\S+\s+)*/, ""),
    pairs: Object.fromEntries(properties.map((property) => [property.getName(), property.getValue()])),
  };
}
