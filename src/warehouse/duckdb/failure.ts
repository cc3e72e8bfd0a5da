import type { ProcessFailure } from "../line-protocol.ts";

/** A file that the warehouse will not take, with what is wrong in it. */
export class LoadRefusal extends Error {
  readonly failure: ProcessFailure;
  constructor(failure: ProcessFailure) {
    super(failure.message);
    this.name = "LoadRefusal";
    this.failure = failure;
  }
}

/** Characters of DuckDB's own words that are passed on. */
const WORDS_MAX = 300;

/** Says what a thrown value means to an operator. DuckDB tells its errors apart only by their text. */
export function failureOf(error: unknown): ProcessFailure {
  if (error instanceof LoadRefusal) return error.failure;
  const words = error instanceof Error ? error.message : String(error);
  const message = withoutData(words);
  if (words.includes("Could not set lock on file")) {
    const holder = /PID (\d+)/.exec(words)?.[1];
    return {
      code: "warehouse.locked",
      message: `another process has the database open${holder === undefined ? "" : ` (process ${holder})`}`,
      hint: "Close it there and run again: DuckDB lets one process at a time write to a database.",
      retryable: true,
    };
  }
  if (words.includes("not a valid DuckDB database") || words.includes("Is a directory")) {
    return {
      code: "warehouse.not-a-database",
      message,
      hint: "Give a path where there is no file yet, or that of a DuckDB database.",
    };
  }
  if (/No space left on device|Out of Memory|failed to (?:pin|allocate|offload)/i.test(words)) {
    return {
      code: "warehouse.out-of-room",
      message,
      hint: "Make room beside the database and in PARDOT_ETL_TMPDIR, and run again: what was committed is loaded then.",
      retryable: true,
    };
  }
  return { code: "warehouse.duckdb-failed", message };
}

/** DuckDB quotes the line at fault, whole, and then lists its settings: only the reason is passed on, never rows. */
function withoutData(words: string): string {
  const [first = "", ...others] = words.split(/\n+Possible /)[0]?.split("\n") ?? [];
  const reason = words.includes("Original Line:") ? others.at(-1) : undefined;
  const text = reason === undefined ? first : `${first}: ${reason}`;
  return text.length > WORDS_MAX ? `${text.slice(0, WORDS_MAX)}…` : text;
}
