import type { Column, ColumnType } from "../catalog/catalog.ts";
import { assert } from "../errors.ts";
import type { Cell, Row } from "./row.ts";
import { TextChunks } from "./text-chunks.ts";

/** What JSON takes as a number, digits of any count included. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * One record as a line of JSON: every column in column order, null when it is null. Canonical numbers and booleans are
 * unquoted, digit by digit as they are (ids beyond 2^53 included); json cells are embedded as they are. A cell that is
 * not what its type says is written as a string, never changed.
 */
export function jsonlRow(columns: readonly Column[], row: Row): string {
  let line = "{";
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as Column;
    line += `${i > 0 ? "," : ""}${JSON.stringify(column.name)}:${jsonValue(column, row[i] as Cell)}`;
  }
  return `${line}}\n`;
}

function jsonValue(column: Column, cell: Cell): string {
  if (cell === null) return "null";
  return STANDS_AS_IT_IS[column.type](cell) ? cell : JSON.stringify(cell);
}

/** Whether a cell of a type is JSON already; text never is, even when it looks so. */
const STANDS_AS_IT_IS: Readonly<Record<ColumnType, (cell: string) => boolean>> = {
  integer: (cell) => JSON_NUMBER.test(cell),
  number: (cell) => JSON_NUMBER.test(cell),
  boolean: (cell) => cell === "true" || cell === "false",
  json: isJsonLine,
  datetime: () => false,
  string: () => false,
};

/** Whether the text can stand in a line of JSON as it is. */
function isJsonLine(text: string): boolean {
  if (/[\r\n]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Encodes rows as JSON Lines; the same use as `CsvWriter`. Memory: one chunk and the largest record. */
export class JsonlWriter {
  readonly #columns: readonly Column[];
  readonly #chunks: TextChunks = new TextChunks();
  #rows = 0;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  /** Rows added. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the file so far, taken or not. */
  get bytes(): number {
    return this.#chunks.bytes;
  }

  add(row: Row): void {
    assert(row.length === this.#columns.length, "a row has a cell for each column");
    this.#chunks.add(jsonlRow(this.#columns, row));
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
