import type { Io } from "./io.ts";

export interface OptionSpec {
  /** Long form without value: `--seed`. */
  readonly flag: `--${string}`;
  /** Short form: `-q`. */
  readonly short?: `-${string}`;
  /** The value's placeholder in help; null: the option takes no value. */
  readonly value: string | null;
  readonly meaning: string;
  /** For help and docs only: the command itself knows its defaults. */
  readonly default?: string;
  /** Whether it may be repeated. */
  readonly isRepeatable?: boolean;
}

/** A row of the table of commands. */
export interface CommandSpec {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What names of objects after it mean; null: it takes none. */
  readonly objects: string | null;
  /** Another argument: `[topic]` if it may be left out, else `<topic>`. Not together with objects. */
  readonly argument?: { readonly name: `[${string}]` | `<${string}>`; readonly meaning: string };
  readonly options: readonly OptionSpec[];
  /** False: the command reads no variables, so nothing that it prints is a secret of theirs. */
  readonly readsEnvironment?: false;
  /**
   * Imports the implementation, which is not loaded for `--help`. It returns the exit code; `main` prints its errors.
   */
  readonly load: () => Promise<{ readonly runCommand: (context: CommandContext) => number | Promise<number> }>;
}

/** The given options, by flag. */
export type ParsedOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface CommandContext {
  readonly io: Io;
  readonly arguments: readonly string[];
  readonly options: ParsedOptions;
}

/** The options of every command. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  {
    flag: "--config",
    value: "FILE",
    meaning: "configuration file, YAML or JSON",
    default: "PARDOT_ETL_CONFIG, else pardot-etl.yaml if it exists",
  },
  { flag: "--business-unit", value: "ID", meaning: "business unit, instead of PARDOT_BUSINESS_UNIT_ID" },
  { flag: "--json", value: null, meaning: "result on stdout as JSON, errors too; text for people goes to stderr" },
  {
    flag: "--log-level",
    value: "LEVEL",
    meaning: "level of the log on stderr: debug, info, warn or error",
    default: "info; a display on a terminal",
  },
  { flag: "--no-progress", value: null, meaning: "no display on a terminal; logs warnings and errors only" },
  {
    flag: "--quiet",
    short: "-q",
    value: null,
    meaning: "errors only: no display, no log, and no summary of a run that ends with exit 0",
  },
];

/** The text of an option; null when it was not given. */
export function textOption(options: ParsedOptions, flag: `--${string}`): string | null {
  const value = options[flag];
  return typeof value === "string" ? value : null;
}

/** Whether an option without value was given. */
export function hasOption(options: ParsedOptions, flag: `--${string}`): boolean {
  return options[flag] === true;
}
