/** From the most to the least. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An exit code of `run`. */
export interface ExitCode {
  readonly code: number;
  /** Wording fixed by the contract. */
  readonly meaning: string;
  /** Start of a notification: `pardot-etl: <headline>`; short, because it is in a subject. */
  readonly headline: string;
  /** What to do, if the error itself has no hint. */
  readonly todo: string;
  /** Level of the log's last line. */
  readonly level: LogLevel;
}

const BUG: ExitCode = {
  code: 1,
  meaning: "bug",
  headline: "failed because of a bug",
  todo: "Report it to the project with the log. Everything committed before stays committed.",
  level: "error",
};

/** The one table of exit codes; it feeds the log, the notifications and docs/commands.md. */
export const EXIT_CODES: readonly ExitCode[] = [
  { code: 0, meaning: "done", headline: "finished", todo: "No action needed.", level: "info" },
  BUG,
  {
    code: 2,
    meaning: "usage or configuration",
    headline: "did not start: wrong configuration",
    todo: "Correct the settings or options named in the message. Pardot was not called.",
    level: "error",
  },
  {
    code: 3,
    meaning: "credentials",
    headline: "could not log in",
    todo: "Correct the credentials, scope, business unit or host; `pardot-etl check` shows which.",
    level: "error",
  },
  {
    code: 4,
    meaning: "limit reached, run again later",
    headline: "quota reached",
    todo: "Run again when the account's next day has begun; the next scheduled run continues automatically.",
    level: "warn",
  },
  {
    code: 5,
    meaning: "Pardot or network failed",
    headline: "failed at Pardot or on the network",
    todo: "Run again; the next run repeats only what is missing.",
    level: "error",
  },
  {
    code: 6,
    meaning: "data failed a check, or records were set aside",
    headline: "data failed a check or was set aside",
    todo: "Check what the message names: records set aside are in `_pardot_etl/rejects/`, and `pardot-etl verify` shows how to repair files. Otherwise run again; if it happens again, report it to the project with the log.",
    level: "error",
  },
  {
    code: 7,
    meaning: "storage or warehouse failed",
    headline: "failed at destination or warehouse",
    todo: "Correct the destination or the warehouse, then run again; `pardot-etl check` tries both.",
    level: "error",
  },
  {
    code: 8,
    meaning: "another run holds the lease",
    headline: "did not start: another run is in progress",
    todo: "Wait for the other run. If this happens daily, runs take longer than the interval between them.",
    level: "warn",
  },
  {
    code: 9,
    meaning: "not healthy (`status --max-age`)",
    headline: "not healthy",
    todo: "`pardot-etl status` shows which run failed and why.",
    level: "error",
  },
  {
    code: 130,
    meaning: "cancelled",
    headline: "stopped",
    todo: "Run again whenever you like; the next run continues from there.",
    level: "warn",
  },
];

/** Returns the row of a code; the one of a bug for an unknown code. */
export function exitCode(code: number): ExitCode {
  return EXIT_CODES.find((row) => row.code === code) ?? BUG;
}
