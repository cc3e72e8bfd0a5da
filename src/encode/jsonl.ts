import type { Column, ColumnType } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import type { Cell, Row } from "./canonical.ts";
import { strict } from "./csv-field.ts";
import { LineEncoder } from "./encoder.ts";
import type { Content, Encoder } from "./encoder.ts";

const LF = 10;

/** Encodes rows as JSON Lines. */
export function jsonlEncoder(columns: readonly Column[]): Encoder {
  return new LineEncoder({ columns: columns.length, header: "", encode: jsonlLine(columns) });
}

/**
 * Encodes one record as a line of JSON with every column, in column order. The canonical text of numbers and booleans is
 * JSON already and is written digit by digit (ids beyond 2^53 included), as is that of json columns. Times and texts are
 * strings; an unpaired surrogate, which some readers refuse, becomes U+FFFD as in CSV.
 */
export function jsonlLine(columns: readonly Column[]): (row: Row) => string {
  const fields = columns.map(({ name, type }, index) => ({
    key: `${index > 0 ? "," : "{"}${JSON.stringify(name.toWellFormed())}:`,
    isText: IS_TEXT[type],
  }));
  return (row) => {
    let line = "";
    for (const [index, { key, isText }] of fields.entries()) {
      const cell = row[index] as Cell;
      line += key;
      line += cell === null ? "null" : isText ? JSON.stringify(cell.toWellFormed()) : cell;
    }
    return `${line}}\n`;
  };
}

const IS_TEXT: Readonly<Record<ColumnType, boolean>> = {
  integer: false,
  number: false,
  boolean: false,
  json: false,
  datetime: true,
  string: true,
};

/**
 * Counts the records of a JSON Lines file. Throws `DataError` when a line is not a JSON object in UTF-8, and when the last
 * one has no line end. Memory: one chunk and one record.
 */
export async function scanJsonl(chunks: AsyncIterable<Uint8Array>, subject: string): Promise<Content> {
  let rows = 0;
  let columns: readonly string[] = [];
  for await (const line of linesOf(chunks, subject)) {
    rows += 1;
    const record = parseLine(line, rows, subject);
    if (rows === 1) columns = Object.keys(record);
  }
  return { rows, columns };
}

/** The names in the first record; empty when there is none. */
export async function jsonlHeader(chunks: AsyncIterable<Uint8Array>, subject: string): Promise<readonly string[]> {
  for await (const line of linesOf(chunks, subject)) return Object.keys(parseLine(line, 1, subject));
  return [];
}

/** The records of a file, numbers beyond 2^53 as `bigint`. Throws `DataError` as `scanJsonl`. */
export async function* jsonlRecords(
  chunks: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<Readonly<Record<string, unknown>>, void, undefined> {
  let number = 0;
  for await (const line of linesOf(chunks, subject)) {
    number += 1;
    yield parseLine(line, number, subject, exactNumber) as Readonly<Record<string, unknown>>;
  }
}

/** A reviver: JSON.parse passes the digits of a number as `source`. */
function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isExact = typeof value !== "number" || Number.isSafeInteger(value) || !Number.isInteger(value);
  return isExact || context?.source === undefined || !/^-?\d+$/.test(context.source) ? value : BigInt(context.source);
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>, subject: string): AsyncGenerator<Uint8Array> {
  let carry: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const rest = chunk.subarray(start, end);
      yield carry.length === 0 ? rest : Buffer.concat([...carry, rest]);
      carry = [];
      start = end + 1;
    }
    if (start < chunk.length) carry.push(chunk.slice(start));
  }
  if (carry.length > 0) throw broken(subject, "it ends inside a record");
}

function parseLine(bytes: Uint8Array, number: number, subject: string, reviver?: typeof exactNumber): object {
  let value: unknown;
  try {
    value = JSON.parse(strict.decode(bytes), reviver);
  } catch (cause) {
    throw broken(subject, `record ${number} is not JSON`, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw broken(subject, `record ${number} is not a JSON object`);
}

function broken(subject: string, why: string, cause?: unknown): DataError {
  return new DataError(`scan ${subject}: ${why}`, {
    code: "data.jsonl-broken",
    hint: "This is not the file that was landed. Restore it, or load its object again with --full.",
    cause,
  });
}
