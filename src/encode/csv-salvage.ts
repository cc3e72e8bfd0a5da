import { isUtf8 } from "node:buffer";
import { DataError } from "../errors.ts";
import { decodeUtf8, lenient, unquote } from "./csv-field.ts";
import { splitHeader } from "./csv-header.ts";
import { NEVER_CLOSED, parseRecord } from "./csv-record.ts";
import type { CsvDialect, ParsedRecord } from "./csv-record.ts";
import { RECORD_BYTES_MAX } from "./csv-scan.ts";
import type { Cell, Row } from "./row.ts";

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
  /** Most bytes of one record. Default `RECORD_BYTES_MAX`. */
  readonly recordBytesMax?: number;
}

/** A record with the right number of fields, or an unreadable one with the reason and its cells or text. */
export type Salvaged =
  | { readonly row: Row; readonly isEnded: boolean }
  | { readonly row: null; readonly reason: string; readonly raw: Row | string };

const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Reads a CSV file whose structure `CsvScanner` refuses, each record separately. An unreadable record ends with its line,
 * and the next line is the next record. Throws `DataError` (`data.csv-incomplete`) when the file ends inside a record: it
 * was cut in transfer. Ten times as slow as the scanner. Memory: one record and one chunk, twice while they grow.
 */
export async function* salvageCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: SalvageOptions,
): AsyncGenerator<Salvaged, void, undefined> {
  const limit = options.recordBytesMax ?? RECORD_BYTES_MAX;
  let buffer: Uint8Array = new Uint8Array(0);
  let parts: Uint8Array[] = [];
  let gathered = 0;
  for await (const chunk of options.hasHeader ? (await splitHeader(chunks)).rest : chunks) {
    parts.push(chunk.slice());
    gathered += chunk.length;
    // An unfinished record is parsed again only after its bytes have doubled.
    if (gathered < 2 * buffer.length) continue;
    buffer = Buffer.concat(parts);
    let from = 0;
    for (;;) {
      const isTooLong = buffer.length - from > limit;
      const parsed = parseRecord(buffer, from, options, isTooLong);
      if (parsed === null) break;
      from = parsed.next;
      const found = salvaged(buffer, parsed, options);
      if (found !== null) yield found;
    }
    buffer = buffer.subarray(from);
    parts = [buffer];
    gathered = buffer.length;
  }
  buffer = Buffer.concat(parts);
  for (let from = 0; from < buffer.length;) {
    const parsed = parseRecord(buffer, from, options, true);
    if (parsed === null) break;
    if (parsed.failure === NEVER_CLOSED || (parsed.failure !== null && !parsed.isEnded)) {
      throw incomplete(options.subject, parsed.failure);
    }
    from = parsed.next;
    const found = salvaged(buffer, parsed, options);
    if (found !== null) yield found;
  }
}

/** Null for an empty line, which is not a record of several columns. */
function salvaged(buffer: Uint8Array, parsed: ParsedRecord, options: SalvageOptions): Salvaged | null {
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
  const bytes = !isQuoted
    ? buffer.subarray(from, to)
    : dialect === "php"
      ? unquotePhp(buffer.subarray(from + 1, to - 1))
      : unquote(buffer, from, to);
  return isUtf8(bytes) ? decodeUtf8(bytes) : lenient.decode(bytes);
}

/** A quote after a backslash is a quote, and the backslash stays; any other is doubled. */
function unquotePhp(inner: Uint8Array): Uint8Array {
  const text = new Uint8Array(inner.length);
  let length = 0;
  for (let i = 0; i < inner.length; i++) {
    text[length++] = inner[i] as number;
    if (inner[i] === QUOTE && inner[i - 1] !== BACKSLASH) i++;
  }
  return text.subarray(0, length);
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
