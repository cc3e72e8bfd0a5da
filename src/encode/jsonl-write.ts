import type { Column, ColumnType } from "../catalog/catalog.ts";
import { assert } from "../errors.ts";
import type { Cell, Row } from "./row.ts";
import { TextChunks } from "./text-chunks.ts";

/** What JSON takes as a number, digits of any count included. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * Encodes one record as a line of JSON: every column in column order, null when it is null. Canonical numbers and
 * booleans are unquoted, digit by digit as they are (ids beyond 2^53 included); json cells are embedded as they are. A
 * cell that is not what its type says is written as a string, never changed.
 */
export function jsonlEncoder(columns: readonly Column[]): (row: Row) => string {
  const fields = columns.map(({ name, type }, index) => ({
    key: `${index > 0 ? "," : "{"}${JSON.stringify(name)}:`,
    standsAsItIs: STANDS_AS_IT_IS[type],
  }));
  return (row) => {
    let line = "";
    for (const [index, { key, standsAsItIs }] of fields.entries()) {
      const cell = row[index] as Cell;
      line += key;
      line += cell === null ? "null" : standsAsItIs(cell) ? cell : JSON.stringify(cell);
    }
    return `${line}}\n`;
  };
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
  readonly #columns: number;
  readonly #encode: (row: Row) => string;
  readonly #chunks: TextChunks = new TextChunks();
  #rows = 0;

  constructor(columns: readonly Column[]) {
    this.#columns = columns.length;
    this.#encode = jsonlEncoder(columns);
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
    assert(row.length === this.#columns, "a row has a cell for each column");
    this.#chunks.add(this.#encode(row));
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
