import { isUtf8 } from "node:buffer";
import { DataError } from "../errors.ts";
import { lenient, unquote } from "./csv-field.ts";
import { splitHeader } from "./csv-header.ts";
import { NEVER_CLOSED, parseRecord } from "./csv-record.ts";
import type { CsvDialect, ParsedRecord } from "./csv-record.ts";
import { RECORD_BYTES_MAX } from "./csv-scan.ts";
import type { Cell, Row } from "./canonical.ts";

export interface SalvageOptions {
  /** Name of the data in messages. */
  readonly subject: string;
  /** Fields of every record. */
  readonly columns: number;
  readonly dialect: CsvDialect;
  /** Whether the first record is a header, which is skipped. */
  readonly hasHeader: boolean;
  /** Called for each record with bytes that are not UTF-8, which become U+FFFD. */
  readonly onReplaced?: () => void;
}

/** A record with the right number of fields, or an unreadable one with the reason and its cells or text. */
export type Salvaged =
  | { readonly row: Row; readonly isEnded: boolean }
  | { readonly row: null; readonly reason: string; readonly raw: Row | string };

const QUOTE = 34;

/**
 * Reads a CSV file whose structure `CsvScanner` refuses, each record separately. An unreadable record ends with its line,
 * and the next line is the next record. Throws `DataError` (`data.csv-incomplete`) when the file ends inside a record: it
 * was cut in transfer. Ten times as slow as the scanner. Memory: one record and one chunk, twice while they grow.
 */
export async function* salvageCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: SalvageOptions,
): AsyncGenerator<Salvaged, void, undefined> {
  const salvager = new Salvager(options);
  for await (const chunk of options.hasHeader ? (await splitHeader(chunks)).rest : chunks) yield* salvager.push(chunk);
  yield* salvager.end();
}

/** The same for a file whose chunks are pushed, without its header: several readings of one stream are possible. */
export class Salvager {
  readonly #options: Omit<SalvageOptions, "hasHeader">;
  #unfinished: Uint8Array = new Uint8Array(0);
  #parts: Uint8Array[] = [];
  #gathered = 0;

  constructor(options: Omit<SalvageOptions, "hasHeader">) {
    this.#options = options;
  }

  *push(chunk: Uint8Array): Generator<Salvaged, void, undefined> {
    this.#parts.push(chunk.slice());
    this.#gathered += chunk.length;
    // An unfinished record is parsed again only after its bytes have doubled.
    if (this.#gathered < 2 * this.#unfinished.length) return;
    const bytes = Buffer.concat(this.#parts);
    this.#unfinished = bytes.subarray(yield* recordsIn(bytes, this.#options, false));
    this.#parts = [this.#unfinished];
    this.#gathered = this.#unfinished.length;
  }

  *end(): Generator<Salvaged, void, undefined> {
    yield* recordsIn(Buffer.concat(this.#parts), this.#options, true);
  }
}

/** The records in some bytes. Returns where an unfinished one begins. `isLast`: no bytes follow. */
function* recordsIn(
  bytes: Uint8Array,
  options: Omit<SalvageOptions, "hasHeader">,
  isLast: boolean,
): Generator<Salvaged, number> {
  let from = 0;
  while (from < bytes.length) {
    const parsed = parseRecord(bytes, from, options, isLast || bytes.length - from > RECORD_BYTES_MAX);
    if (parsed === null) break;
    const { failure, isEnded } = parsed;
    if (isLast && failure !== null && (failure === NEVER_CLOSED || !isEnded))
      throw incomplete(options.subject, failure);
    from = parsed.next;
    const found = salvaged(bytes, parsed, options);
    if (found !== null) yield found;
  }
  return from;
}

/** Null for an empty line, which is not a record of several columns. */
function salvaged(
  buffer: Uint8Array,
  parsed: ParsedRecord,
  options: Omit<SalvageOptions, "hasHeader">,
): Salvaged | null {
  const { fields, failure, start, end, isEnded } = parsed;
  if (start === end && options.columns > 1) return null;
  if (!isUtf8(buffer.subarray(start, end))) options.onReplaced?.();
  if (fields === null) {
    return { row: null, reason: failure ?? "", raw: lenient.decode(buffer.subarray(start, end)) };
  }
  const row: Cell[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    row.push(cellOf(buffer, fields[i] as number, fields[i + 1] as number, options.dialect));
  }
  return failure === null ? { row, isEnded } : { row: null, reason: failure, raw: row };
}

function cellOf(buffer: Uint8Array, from: number, to: number, dialect: CsvDialect): Cell {
  if (from === to) return null;
  const isQuoted = buffer[from] === QUOTE;
  return lenient.decode(isQuoted ? unquote(buffer.subarray(from + 1, to - 1), dialect) : buffer.subarray(from, to));
}

function incomplete(subject: string, reason: string): DataError {
  return new DataError(`read ${subject}: the file ends inside a record: ${reason}`, {
    code: "data.csv-incomplete",
    hint: "The file was cut in transfer. Nothing of it was landed. Run again.",
  });
}

/** Number of unreadable records in a dialect; Infinity when the file ends inside one. */
export async function unreadableRecords(chunks: AsyncIterable<Uint8Array>, options: SalvageOptions): Promise<number> {
  let count = 0;
  try {
    for await (const { row } of salvageCsv(chunks, options)) if (row === null) count++;
  } catch (error) {
    if (error instanceof DataError) return Infinity;
    throw error;
  }
  return count;
}
