import type { Column } from "../catalog/catalog.ts";
import { assert } from "../errors.ts";
import type { Row } from "./canonical.ts";

/** Encodes rows as one file. Memory: one chunk and the largest record. */
export interface Encoder {
  /** Rows added. */
  readonly rows: number;
  /** Bytes of the file so far, taken or not. */
  readonly bytes: number;
  add(row: Row): void;
  /** The next chunk of the file (about 64 KB) if it is complete, else null. Call after each `add`. */
  takeFull(): Uint8Array | null;
  /** The rest of the file; empty when everything has been taken. */
  takeRest(): Uint8Array;
}

export type FormatName = "csv" | "jsonl" | "parquet";

/** The rows of a file, and its columns in the order of the file. */
export interface Content {
  readonly rows: number;
  readonly columns: readonly string[];
}

/** A format of landed files; formats.ts lists them. */
export interface Format {
  readonly name: FormatName;
  /** End of a file's name, without that of its compression. */
  readonly suffix: string;
  /** Makes the encoder of a file with these columns. */
  readonly encoder: (columns: readonly Column[]) => Encoder;
  /** Whether the encoder writes CSV, which another process turns into this format before it is landed. */
  readonly isConverted: boolean;
  /**
   * Counts the rows of a decompressed file, and checks that it is complete. Throws `DataError`, which names `subject`, when
   * it is not. Memory: one chunk and the largest record.
   */
  readonly scan: (chunks: AsyncIterable<Uint8Array>, subject: string) => Promise<Content>;
  /** The names of a decompressed file's columns, from as little of it as the format allows. Throws `DataError` as `scan`. */
  readonly header: (chunks: AsyncIterable<Uint8Array>, subject: string) => Promise<readonly string[]>;
}

/** Encoded bytes in one chunk. */
const CHUNK_BYTES = 64 * 1024;
/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;

/**
 * Collects text as UTF-8 in chunks of about 64 KB. Memory: one chunk and the largest text. An unpaired surrogate, which
 * UTF-8 cannot represent, becomes U+FFFD.
 */
export class TextChunks {
  #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #used = 0;
  #taken = 0;

  /** Bytes of all texts, taken or not. */
  get bytes(): number {
    return this.#taken + this.#used;
  }

  write(text: string): void {
    const room = this.#used + text.length * BYTES_PER_UNIT;
    if (room > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(room, CHUNK_BYTES + CHUNK_BYTES / 4));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used, "utf8");
  }

  /** The collected bytes if they make a chunk, else null. The caller owns the chunk. */
  takeFull(): Uint8Array | null {
    return this.#used < CHUNK_BYTES ? null : this.takeRest();
  }

  /** All collected bytes; empty when there are none. */
  takeRest(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + CHUNK_BYTES / 4);
    this.#taken += this.#used;
    this.#used = 0;
    return chunk;
  }
}

/** Encoder of formats that write each row as a separate text. */
export class LineEncoder extends TextChunks implements Encoder {
  readonly #columns: number;
  readonly #encode: (row: Row) => string;
  #rows = 0;

  constructor(options: {
    readonly columns: number;
    /** Text before the first row. */
    readonly header: string;
    /** Text of a row, line end included. */
    readonly encode: (row: Row) => string;
  }) {
    super();
    this.#columns = options.columns;
    this.#encode = options.encode;
    this.write(options.header);
  }

  get rows(): number {
    return this.#rows;
  }

  add(row: Row): void {
    assert(row.length === this.#columns, "a row has a cell for each column");
    this.write(this.#encode(row));
    this.#rows++;
  }
}
