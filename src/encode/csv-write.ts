import type { Column } from "../catalog/catalog.ts";
import { assert } from "../errors.ts";
import type { Cell, Row } from "./row.ts";
import { TextChunks } from "./text-chunks.ts";

/** The header record with its line end. */
export function csvHeader(columns: readonly Pick<Column, "name">[]): string {
  return csvRow(columns.map((column) => column.name));
}

/**
 * One record with its line end: RFC 4180 except that the line end is LF. Null is empty and unquoted, the empty string
 * `""`; quotes stand only where a comma, quote, CR or LF asks for them (blanks at the ends do not: RFC 4180 counts
 * them as text). A single column whose cell is null makes an empty line.
 */
export function csvRow(row: Row): string {
  let line = "";
  for (let i = 0; i < row.length; i++) {
    if (i > 0) line += ",";
    const cell = row[i] as Cell;
    if (cell !== null) line += needsQuotes(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }
  return `${line}\n`;
}

const SPECIAL = /[",\r\n]/;

function needsQuotes(cell: string): boolean {
  return cell.length === 0 || SPECIAL.test(cell);
}

/** Encodes rows as a CSV file: header first, then records. Memory: one chunk and the largest record. */
export class CsvWriter {
  readonly #columns: number;
  readonly #chunks: TextChunks = new TextChunks();
  #rows = 0;

  constructor(columns: readonly Pick<Column, "name">[]) {
    this.#columns = columns.length;
    this.#chunks.add(csvHeader(columns));
  }

  /** Rows added. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the file so far, header included, taken or not. */
  get bytes(): number {
    return this.#chunks.bytes;
  }

  add(row: Row): void {
    assert(row.length === this.#columns, "a row has a cell for each column");
    this.#chunks.add(csvRow(row));
    this.#rows++;
  }

  /** About 64 KB of the file once that much has come together, else null. Ask after each row. */
  takeFull(): Uint8Array | null {
    return this.#chunks.takeFull();
  }

  /** The rest of the file; empty when everything has been taken. */
  takeRest(): Uint8Array {
    return this.#chunks.takeRest();
  }
}
