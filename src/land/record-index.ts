import { cellsOf } from "../encode/csv-field.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import type { Row } from "../encode/canonical.ts";
import { assert, DataError } from "../errors.ts";
import type { Stored } from "./partitions.ts";

/** A record of a CSV file: its bytes, line end included, and the text of its key. */
export interface KeyedRecord {
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface KeyedRecordsOptions {
  /** Name of the data in messages. */
  readonly subject: string;
  readonly columns: number;
  /** Index of the key's column. */
  readonly key: number;
}

/**
 * The records of a CSV file without a header and with a line end at its end, in batches, one for each chunk. Their bytes
 * are parts of the chunks. Throws DataError as `CsvScanner` does, and for a record without a key.
 */
export async function* keyedRecords(
  chunks: AsyncIterable<Uint8Array>,
  { subject, columns, key: place }: KeyedRecordsOptions,
): AsyncGenerator<readonly KeyedRecord[], void, undefined> {
  let batch: KeyedRecord[] = [];
  const onBytes = (bytes: Uint8Array, start: number, ends: Int32Array, end: number): void => {
    const [key = null] = cellsOf(bytes, start, end, ends, [place]);
    if (key === null || key === "") throw missingKeyError(subject);
    batch.push({ key, bytes: bytes.subarray(start, end + 1) });
  };
  const scanner = new CsvScanner({ subject, columns, hasHeader: false, onBytes });
  for await (const chunk of chunks) {
    scanner.push(chunk);
    yield batch;
    batch = [];
  }
  scanner.end();
}

/** The failure of a record that cannot be joined. */
export function missingKeyError(subject: string): DataError {
  return new DataError(`join ${subject}: a record without a key`, {
    code: "data.record-without-id",
    hint: "Nothing of this window was landed. Run again; if it happens again, report it: an export contained a row without an id.",
  });
}

/**
 * Records by key, kept as bytes and decoded only when taken. Memory: their bytes and some 200 for each record. Of two
 * records with the same key the later counts.
 */
export class RecordIndex {
  readonly #records = new Map<string, Uint8Array>();
  readonly #taken = new Set<string>();
  readonly #scanner: CsvScanner;
  #read: Row | null = null;

  private constructor({ subject, columns }: KeyedRecordsOptions) {
    this.#scanner = new CsvScanner({
      subject,
      columns,
      hasHeader: false,
      watched: Array.from({ length: columns }, (_, column) => column),
      onRecord: (cells) => {
        this.#read = cells;
      },
    });
  }

  /** Loads files that each end with a line end. */
  static async load(files: readonly Stored[], options: KeyedRecordsOptions): Promise<RecordIndex> {
    const index = new RecordIndex(options);
    const all = Buffer.allocUnsafeSlow(files.reduce((sum, { bytes }) => sum + bytes, 0));
    let filled = 0;
    for (const file of files) {
      for await (const batch of keyedRecords(file.read(), options)) {
        for (const { key, bytes } of batch) {
          all.set(bytes, filled);
          index.#records.set(key, all.subarray(filled, filled + bytes.length));
          filled += bytes.length;
        }
      }
    }
    return index;
  }

  /** The record with this key; null when there is none. It may be taken again. */
  take(key: string): Row | null {
    const bytes = this.#records.get(key);
    if (bytes === undefined) return null;
    this.#taken.add(key);
    this.#read = null;
    this.#scanner.push(bytes);
    const row: Row | null = this.#read;
    assert(row !== null, "the bytes of a record are one record");
    return row;
  }

  /** Keys of the records that were not taken, in their original order. */
  *leftKeys(): Generator<string, void, undefined> {
    for (const key of this.#records.keys()) if (!this.#taken.has(key)) yield key;
  }
}
