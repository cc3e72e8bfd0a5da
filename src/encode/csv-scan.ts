import { assert, DataError } from "../errors.ts";
import { cellsOf, lenient } from "./csv-field.ts";
import type { Row } from "./canonical.ts";

/** Longest accepted record, 16 MiB: the memory limit of one lane. */
export const RECORD_BYTES_MAX: number = 16 * 1024 * 1024;

export interface CsvScanOptions {
  /** Name of the data in messages: `VisitorActivity export 17 file 4021`. */
  readonly subject: string;
  /** Fields of every record, the header included. */
  readonly columns: number;
  /**
   * Whether the stream begins with a header, perhaps after a byte-order mark. It is checked, but neither counted nor
   * passed on. Default true.
   */
  readonly hasHeader?: boolean;
  /** Indexes of the columns that `onRecord` receives. Default none. */
  readonly watched?: readonly number[];
  /** Called with the watched values of each record (not of the header), in the order of `watched`. */
  readonly onRecord?: (values: Row) => void;
  /**
   * Called with the bytes of each record (not of the header), which begins at `start` and whose field n ends at
   * `start + ends[n]`. The LF after it is at `end`, if it has one. `bytes` are the chunk, or a copy for a record that
   * began before the chunk; `ends` are valid until it returns.
   */
  readonly onBytes?: (bytes: Uint8Array, start: number, ends: Int32Array, end: number) => void;
  /** Called for each record with bytes that are not UTF-8, which become U+FFFD. Default: such a file is refused. */
  readonly onReplaced?: () => void;
}

export interface CsvScanResult {
  /** Records without the header; 0 also for an empty body. */
  readonly records: number;
  readonly endedWithNewline: boolean;
  /** Whether its line ends are the same everywhere, and no line between records of several columns is empty. */
  readonly isUniform: boolean;
}

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

// States, ordered so that `state <= QUOTED` means "any byte that is not a delimiter is text".
const TEXT = 0;
const QUOTED = 1;
const FIELD_START = 2;
const RECORD_START = 3;
/** After a quote inside a quoted field: the field's end, or the first half of a doubled quote. */
const QUOTE_SEEN = 4;
const AFTER_CR = 5;

/**
 * Counts the records of a CSV file that passes through unchanged, and checks its structure: RFC 4180 with a header,
 * records ended by LF or CRLF, the last line end optional, a byte-order mark allowed, empty lines skipped where there are
 * several columns. Chunks may be cut anywhere and are not kept. Memory: one record.
 *
 * Pardot does not document how it quotes, so anything that would let two readers count differently is refused with a
 * `DataError` that names record and byte: a record with another number of fields (`data.csv-ragged`), text after a
 * closing quote or a quote inside an unquoted field (`data.csv-quote`; a sign of a writer that escapes with backslashes
 * or not at all), a CR outside quotes without a following LF (`data.csv-bare-cr`), an end inside quotes or inside a record
 * (`data.csv-incomplete`), a record over the limit (`data.csv-too-long`), a watched value that is not UTF-8
 * (`data.csv-encoding`). NUL and other control bytes are ordinary text.
 */
export class CsvScanner {
  readonly #subject: string;
  readonly #columns: number;
  readonly #watched: readonly number[];
  readonly #onRecord: CsvScanOptions["onRecord"];
  readonly #onBytes: CsvScanOptions["onBytes"];
  readonly #onReplaced: CsvScanOptions["onReplaced"];
  /** Whether anything reads values, which requires a record's bytes together. */
  readonly #looks: boolean;

  #state: number = RECORD_START;
  #bytes = 0;
  #markSeen: number;
  /** -1 while the header is read. */
  #records: number;
  /** Finished fields of the unfinished record, and the end of each, from the record's start. */
  #field = 0;
  readonly #ends: Int32Array;
  /** The unfinished record's bytes from earlier chunks; kept only when something reads them. */
  #carry: Uint8Array[] = [];
  #recordLength = 0;
  #lf = 0;
  #crlf = 0;
  #hasBlankLine = false;

  constructor(options: CsvScanOptions) {
    this.#subject = options.subject;
    this.#columns = options.columns;
    this.#watched = options.watched ?? [];
    assert(
      this.#watched.every((column) => column >= 0 && column < options.columns),
      "watched columns are columns",
    );
    const hasHeader = options.hasHeader ?? true;
    this.#records = hasHeader ? -1 : 0;
    this.#markSeen = hasHeader ? 0 : BYTE_ORDER_MARK.length;
    this.#ends = new Int32Array(options.columns);
    this.#onRecord = options.onRecord;
    this.#onBytes = options.onBytes;
    this.#onReplaced = options.onReplaced;
    this.#looks = this.#onRecord !== undefined || this.#onBytes !== undefined;
  }

  /** Scans the next chunk. Throws `DataError` when the structure is broken, after which the scanner cannot be used. */
  push(chunk: Uint8Array): void {
    const length = chunk.length;
    // Locals, and one tight loop per kind of text: measured, three times as fast as one branch per byte on fields of `this`.
    const ends = this.#ends;
    let i = this.#markSeen < BYTE_ORDER_MARK.length ? this.#skipByteOrderMark(chunk) : 0;
    let state = this.#state;
    let field = this.#field;
    let recordStart = i - this.#recordLength;
    while (i < length) {
      let byte = chunk[i] as number;
      if (state === QUOTED) {
        while (byte !== QUOTE && ++i < length) byte = chunk[i] as number;
        if (i === length) break;
        state = QUOTE_SEEN;
        i++;
        continue;
      }
      if (byte > COMMA) {
        if (state > RECORD_START) throw this.#unexpected(state, i);
        state = TEXT;
        while (byte > COMMA && ++i < length) byte = chunk[i] as number;
        if (i === length) break;
      }
      if (byte === COMMA) {
        if (state === AFTER_CR) throw this.#unexpected(state, i);
        ends[field++] = i - recordStart;
        state = FIELD_START;
      } else if (byte === LF) {
        if (state === AFTER_CR) this.#crlf++;
        else {
          this.#lf++;
          ends[field++] = i - recordStart;
        }
        this.#endRecord(chunk, recordStart, i, field);
        field = 0;
        recordStart = i + 1;
        state = RECORD_START;
      } else if (byte === QUOTE) {
        if (state === TEXT || state === AFTER_CR) throw this.#unexpected(state, i);
        state = QUOTED;
      } else if (state > RECORD_START) {
        if (byte !== CR || state === AFTER_CR) throw this.#unexpected(state, i);
        ends[field++] = i - recordStart;
        state = AFTER_CR;
      } else if (byte === CR) {
        ends[field++] = i - recordStart;
        state = AFTER_CR;
      } else {
        state = TEXT;
      }
      i++;
    }
    this.#state = state;
    this.#field = field;
    this.#bytes += length;
    this.#recordLength = length - recordStart;
    if (this.#recordLength > RECORD_BYTES_MAX) throw this.#tooLong();
    if (this.#looks && this.#recordLength > 0) this.#carry.push(chunk.slice(Math.max(recordStart, 0)));
  }

  /** Ends the file. Throws `DataError` when it ends in the middle of a record. */
  end(): CsvScanResult {
    const state = this.#state;
    if (state === QUOTED) throw this.#incomplete("the file ends inside quotes");
    if (state === AFTER_CR) throw this.#incomplete("the file ends between CR and LF");
    if (state !== RECORD_START) {
      const fields = this.#field + 1;
      if (fields < this.#columns) throw this.#incomplete(`the file ends after ${fields} of ${this.#columns} fields`);
      this.#ends[this.#field] = this.#recordLength;
      this.#endRecord(new Uint8Array(0), -this.#recordLength, 0, fields);
    }
    return {
      records: Math.max(this.#records, 0),
      endedWithNewline: state === RECORD_START && this.#lf + this.#crlf > 0,
      isUniform: (this.#lf === 0 || this.#crlf === 0) && !this.#hasBlankLine,
    };
  }

  /** Returns the start of the text. Chunk borders may cut a mark; its first bytes alone are text. */
  #skipByteOrderMark(chunk: Uint8Array): number {
    const earlier = this.#markSeen;
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== BYTE_ORDER_MARK[this.#markSeen]) {
        this.#markSeen = BYTE_ORDER_MARK.length;
        this.#recordLength = earlier;
        return 0;
      }
      this.#markSeen++;
      this.#state = this.#markSeen === BYTE_ORDER_MARK.length ? RECORD_START : TEXT;
      if (this.#state === RECORD_START) return i + 1;
    }
    return chunk.length;
  }

  /** The record is `chunk[start, end)`, or begins in the carry when `start` is negative. */
  #endRecord(chunk: Uint8Array, start: number, end: number, fields: number): void {
    if (fields !== this.#columns) {
      if (fields === 1 && this.#ends[0] === 0 && this.#records >= 0) {
        this.#hasBlankLine = true;
        this.#carry = [];
        return;
      }
      throw this.#refuse("data.csv-ragged", `${this.#place()} has ${fields} fields, expected ${this.#columns}`, end);
    }
    if (this.#carry.length > 0) {
      const record = Buffer.concat([...this.#carry, chunk.subarray(0, end + 1)]);
      this.#carry = [];
      if (this.#records >= 0) this.#look(record, 0, end - start);
    } else if (this.#looks && this.#records >= 0) this.#look(chunk, start, end);
    this.#records++;
  }

  /** Passes on the record `bytes[start, end)`. */
  #look(bytes: Uint8Array, start: number, end: number): void {
    this.#onBytes?.(bytes, start, this.#ends, end);
    this.#onRecord?.(this.#cells(bytes, start, end));
  }

  #cells(bytes: Uint8Array, start: number, end: number): Row {
    try {
      return cellsOf(bytes, start, end, this.#ends, this.#watched);
    } catch (cause) {
      if (this.#onReplaced === undefined) {
        throw this.#refuse("data.csv-encoding", `a value of ${this.#place()} is not UTF-8`, 0, cause);
      }
      this.#onReplaced();
      return cellsOf(bytes, start, end, this.#ends, this.#watched, lenient);
    }
  }

  #place(): string {
    return this.#records < 0 ? "the header" : `record ${this.#records + 1}`;
  }

  #unexpected(state: number, index: number): DataError {
    if (state === AFTER_CR) {
      return this.#refuse("data.csv-bare-cr", `${this.#place()} has a CR outside quotes that no LF follows`, index);
    }
    const what = state === TEXT ? "a quote inside an unquoted field" : "text after a closing quote";
    return this.#refuse("data.csv-quote", `${this.#place()} has ${what}`, index);
  }

  #incomplete(what: string): DataError {
    return this.#refuse("data.csv-incomplete", `${what}, in ${this.#place()}`, 0);
  }

  #tooLong(): DataError {
    const what = `${this.#place()} is longer than ${RECORD_BYTES_MAX} bytes`;
    return this.#refuse("data.csv-too-long", `${what}; most likely a quote is never closed`, 0);
  }

  #refuse(code: string, what: string, index: number, cause?: unknown): DataError {
    const byte = this.#bytes + index;
    return new DataError(`scan ${this.#subject}: ${what} (byte ${byte})`, {
      code,
      hint: HINT,
      context: { record: this.#records + 1, byte },
      cause,
    });
  }
}

const HINT =
  "Nothing of this file was landed. Run again; if it fails at the same place, keep the file and report it: this version cannot read the vendor's CSV.";

/**
 * Records of a CSV stream as cells: null for an empty, unquoted field, "" for an empty, quoted one. `CsvScanner` checks
 * them and throws the errors. Memory: one chunk and the largest record. Ending the loop closes the source.
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: Pick<CsvScanOptions, "subject" | "columns" | "hasHeader" | "onReplaced">,
): AsyncGenerator<Row, void, undefined> {
  let rows: Row[] = [];
  const watched = Array.from({ length: options.columns }, (_, column) => column);
  const scanner = new CsvScanner({ ...options, watched, onRecord: (row) => rows.push(row) });
  for await (const chunk of chunks) {
    scanner.push(chunk);
    for (const row of rows) yield row;
    rows = [];
  }
  scanner.end();
  for (const row of rows) yield row;
}
