import { shortened } from "../../text.ts";
import type { Failure } from "../serve.ts";

/** Characters of DuckDB's own message that are passed on. */
const MESSAGE_MAX = 300;

/** Translates a thrown value for an operator. Only the text distinguishes DuckDB's errors. */
export function failureOf(error: unknown): Failure {
  const words = error instanceof Error ? error.message : String(error);
  const message = withoutData(words);
  if (words.includes("Could not set lock on file")) {
    const holder = /PID (\d+)/.exec(words)?.[1];
    return {
      code: "warehouse.locked",
      message: `another process has the database open${holder === undefined ? "" : ` (process ${holder})`}`,
      hint: "Close it there and run again: only one process at a time may write to a DuckDB database.",
      retryable: true,
    };
  }
  if (words.includes("not a valid DuckDB database") || words.includes("Is a directory")) {
    return {
      code: "warehouse.not-a-database",
      message,
      hint: "Give the path of a DuckDB database, or one where no file exists yet.",
    };
  }
  if (/No space left on device|Out of Memory|failed to (?:pin|allocate|offload)/i.test(words)) {
    return {
      code: "warehouse.out-of-room",
      message,
      hint: "Free space next to the database and in PARDOT_ETL_TMPDIR, then run again: the next run loads the committed files.",
      retryable: true,
    };
  }
  return { code: "warehouse.duckdb-failed", message };
}

/** DuckDB quotes the whole faulty line and lists its settings. Only the reason is passed on, never rows. */
function withoutData(words: string): string {
  const [first = "", ...others] = words.split(/\n+Possible /)[0]?.split("\n") ?? [];
  const reason = words.includes("Original Line:") ? others.at(-1) : undefined;
  return shortened(reason === undefined ? first : `${first}: ${reason}`, MESSAGE_MAX);
}
