import { CsvScanner } from "../encode/csv-scan.ts";
import type { Row } from "../encode/row.ts";
import { assert } from "../errors.ts";
import { keyedRecords } from "./keyed-records.ts";
import type { KeyedRecordsOptions } from "./keyed-records.ts";

/**
 * Records by key, held as the bytes they came as and read into cells only when one is taken. Memory: their bytes and
 * some 120 for each record. Where a key comes twice the later record counts.
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
    assert(end <= this.#bytes.length, "the files have as many bytes as was said");
    this.#bytes.set(record, end - record.length);
    this.#numbers.set(key, this.#ends.length);
    this.#ends.push(end);
  }

  /** The record with this key, null when there is none. It may be taken again. */
  take(key: string): Row | null {
    const number = this.#numbers.get(key);
    if (number === undefined) return null;
    this.#taken[number] = true;
    return this.#cells(number);
  }

  /** Keys of the records that nobody has taken, in the order in which they came. */
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
