import type { Column } from "../catalog/catalog.ts";
import { LineEncoder } from "./encoder.ts";
import type { Encoder } from "./encoder.ts";
import type { Cell, Row } from "./canonical.ts";

/** Encodes rows as a CSV file with a header. */
export function csvEncoder(columns: readonly Pick<Column, "name" | "type">[]): Encoder {
  const neverQuoted = columns.map(({ type }) => type !== "string" && type !== "json");
  return new LineEncoder({
    columns: columns.length,
    header: csvRow(columns.map(({ name }) => name)),
    encode: (row) => csvRow(row, neverQuoted),
  });
}

/**
 * One record with its line end: RFC 4180, but with LF as the line end. Null is empty and unquoted, the empty string is
 * `""`. Quotes only where a comma, quote, CR or LF requires them (spaces at the ends do not: RFC 4180 counts them as
 * text). A single column with a null makes an empty line. `neverQuoted`: for each column, whether
 * its cells never need quotes: those of numbers, booleans and times.
 */
export function csvRow(row: Row, neverQuoted: readonly boolean[] = []): string {
  let line = "";
  for (let i = 0; i < row.length; i++) {
    if (i > 0) line += ",";
    const cell = row[i] as Cell;
    if (cell !== null) line += neverQuoted[i] !== true && needsQuotes(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }
  return `${line}\n`;
}

const SPECIAL = /[",\r\n]/;

function needsQuotes(cell: string): boolean {
  return cell.length === 0 || SPECIAL.test(cell);
}
