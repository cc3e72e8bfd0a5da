import { CsvScanner } from "../encode/csv-scan.ts";
import type { Row } from "../encode/row.ts";
import { assert, DataError } from "../errors.ts";

/** The bytes of a record of a CSV file, line end included, and the text of its key. */
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
 * The records of a CSV file without a header and with a line end at its end, in batches, one for each chunk. Memory: one
 * chunk and the rest of the chunk before. The bytes of a record are valid until the next batch is requested. Throws
 * DataError as `CsvScanner` does, and for a record without a key.
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
      if (key === null || key === undefined || key === "") throw missingKeyError(options.subject);
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

/** The failure of a record that cannot be joined. */
export function missingKeyError(subject: string): DataError {
  return new DataError(`join ${subject}: a record without a key`, {
    code: "data.record-without-id",
    hint: "Nothing of this window was landed. Run again; if it happens again, report it: an export contained a row without an id.",
  });
}

/**
 * Records by key, kept as bytes and decoded only when taken. Memory: their bytes and some 120 for each record. Of two
 * records with the same key the later counts.
 */
export class RecordIndex {
  readonly #bytes: Buffer;
  /** Number of the record with this key. */
  readonly #numbers = new Map<string, number>();
  /** Where each record ends; it begins where the one before ends. */
  readonly #ends: number[] = [];
  readonly #taken: boolean[] = [];
  readonly #scanner: CsvScanner;
  #read: Row | null = null;

  private constructor(bytes: number, options: KeyedRecordsOptions) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#scanner = new CsvScanner({
      subject: options.subject,
      columns: options.columns,
      hasHeader: false,
      atStart: false,
      watched: Array.from({ length: options.columns }, (_, column) => column),
      extremes: false,
      onRecord: (cells) => {
        this.#read = cells;
      },
    });
  }

  /** Loads files of `bytes` bytes in all, each ending with a line end. */
  static async load(
    files: readonly AsyncIterable<Uint8Array>[],
    bytes: number,
    options: KeyedRecordsOptions,
  ): Promise<RecordIndex> {
    const index = new RecordIndex(bytes, options);
    for (const file of files) {
      for await (const batch of keyedRecords(file, options)) {
        for (const { key, bytes: record } of batch) index.#add(key, record);
      }
    }
    return index;
  }

  #add(key: string, record: Uint8Array): void {
    const end = (this.#ends.at(-1) ?? 0) + record.length;
    assert(end <= this.#bytes.length, "the files have the given number of bytes");
    this.#bytes.set(record, end - record.length);
    this.#numbers.set(key, this.#ends.length);
    this.#ends.push(end);
  }

  /** The record with this key; null when there is none. It may be taken again. */
  take(key: string): Row | null {
    const number = this.#numbers.get(key);
    if (number === undefined) return null;
    this.#taken[number] = true;
    return this.#cells(number);
  }

  /** Keys of the records that were not taken, in their original order. */
  *leftKeys(): Generator<string, void, undefined> {
    for (const [key, number] of this.#numbers) if (this.#taken[number] !== true) yield key;
  }

  #cells(number: number): Row {
    this.#read = null;
    this.#scanner.push(this.#bytes.subarray(number === 0 ? 0 : this.#ends[number - 1], this.#ends[number]));
    const row: Row | null = this.#read;
    assert(row !== null, "the bytes of a record are one record");
    return row;
  }
}
