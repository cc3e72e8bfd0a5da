import { CsvScanner } from "../encode/csv-scan.ts";
import { assert, DataError } from "../errors.ts";

/** A record of a CSV file as it stands there, line end included, and the text of its key. */
export interface KeyedRecord {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface KeyedRecordsOptions {
  /** What is read, for messages. */
  readonly subject: string;
  readonly columns: number;
  /** Index of the key's column. */
  readonly key: number;
}

/**
 * The records of a CSV file without a header and with a line end at its end, in batches: one for each chunk, which alone stays in memory with what is
 * left of the chunk before. The bytes of a record are good until the next batch is asked for. Throws DataError as
 * `CsvScanner` does, and for a record without a key.
 */
export async function* keyedRecords(
  chunks: AsyncIterable<Uint8Array>,
  options: KeyedRecordsOptions,
): AsyncGenerator<readonly KeyedRecord[], void, undefined> {
  let found: { readonly key: string; readonly end: number }[] = [];
  const scanner = new CsvScanner({
    subject: options.subject,
    columns: options.columns,
    hasHeader: false,
    atStart: false,
    watched: [options.key],
    extremes: false,
    onRecord: ([key], end) => {
      if (key === null || key === undefined || key === "") throw withoutKey(options.subject);
      found.push({ key, end });
    },
  });
  let rest: Uint8Array = new Uint8Array(0);
  /** Where `rest` begins in the file. */
  let from = 0;
  for await (const chunk of chunks) {
    scanner.push(chunk);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let taken = 0;
    const batch = found.map(({ key, end }): KeyedRecord => {
      const record = bytes.subarray(taken, end - from);
      taken = end - from;
      return { key, bytes: record };
    });
    found = [];
    if (batch.length > 0) yield batch;
    rest = bytes.slice(taken);
    from += taken;
  }
  scanner.end();
  assert(found.length === 0, "a line end ends the file");
}

/** The failure of a record that nothing can be joined with. */
export function withoutKey(subject: string): DataError {
  return new DataError(`join ${subject}: a record without a key`, {
    code: "data.record-without-id",
    hint: "Nothing of this window was landed. Run again; if it happens again, report it: an export brought a row without an id.",
  });
}
