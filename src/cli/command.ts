import type { Io } from "./io.ts";

export interface ArgumentSpec {
  readonly name: string;
  readonly meaning: string;
  readonly isVariadic: boolean;
  readonly isRequired: boolean;
}

export interface OptionSpec {
  /** Long form without value: `--seed`. */
  readonly flag: `--${string}`;
  /** What stands for the value in help; null: the option takes none. */
  readonly value: string | null;
  readonly meaning: string;
  /** For help and docs only: the command itself knows its defaults. */
  readonly default?: string;
  /** Whether it may be given several times. */
  readonly isRepeatable?: boolean;
}

/** A row of the table of commands. */
export interface CommandSpec {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Imports what does the work: nothing of it is loaded for `--help`. */
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  /** Answers the exit code. Throws what `main` prints. */
  readonly runCommand: (context: CommandContext) => Promise<number>;
}

/** What was given, by flag. */
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
    default: "PARDOT_ETL_CONFIG, else pardot-etl.yaml if it is there",
  },
  { flag: "--business-unit", value: "ID", meaning: "business unit, instead of PARDOT_BUSINESS_UNIT_ID" },
  { flag: "--json", value: null, meaning: "result on stdout as JSON, errors too; text for people stays on stderr" },
  {
    flag: "--log-level",
    value: "LEVEL",
    meaning: "how much the log on stderr says: debug, info, warn or error (docs/logs.md)",
    default: "info; on a terminal a display instead",
  },
  { flag: "--no-progress", value: null, meaning: "no display on a terminal, and a log of warnings and errors only" },
];

/** The text given for an option, null when it was not given. */
export function textOption(options: ParsedOptions, flag: `--${string}`): string | null {
  const value = options[flag];
  return typeof value === "string" ? value : null;
}

/** Whether an option without value was given. */
export function hasOption(options: ParsedOptions, flag: `--${string}`): boolean {
  return options[flag] === true;
}
