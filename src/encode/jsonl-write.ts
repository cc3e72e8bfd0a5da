import type { Column, ColumnType } from "../catalog/catalog.ts";
import { LineEncoder } from "./encoder.ts";
import type { Encoder } from "./encoder.ts";
import type { Cell, Row } from "./row.ts";

/** Encodes rows as JSON Lines. */
export function jsonlEncoder(columns: readonly Column[]): Encoder {
  return new LineEncoder({ suffix: ".jsonl", columns: columns.length, header: "", encode: jsonlLine(columns) });
}

/**
 * Encodes one record as a line of JSON with every column, in column order. Canonical numbers and booleans are unquoted,
 * digit by digit (ids beyond 2^53 included); json cells are embedded unchanged. A cell that does not match its type is
 * written as a string, never changed.
 */
export function jsonlLine(columns: readonly Column[]): (row: Row) => string {
  const fields = columns.map(({ name, type }, index) => ({
    key: `${index > 0 ? "," : "{"}${JSON.stringify(name)}:`,
    isJson: IS_JSON[type],
  }));
  return (row) => {
    let line = "";
    for (const [index, { key, isJson }] of fields.entries()) {
      const cell = row[index] as Cell;
      line += key;
      line += cell === null ? "null" : isJson(cell) ? cell : JSON.stringify(cell);
    }
    return `${line}}\n`;
  };
}

/** A JSON number, with any count of digits. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a cell of a type is JSON already; text never is, even when it looks like it. */
const IS_JSON: Readonly<Record<ColumnType, (cell: string) => boolean>> = {
  integer: (cell) => JSON_NUMBER.test(cell),
  number: (cell) => JSON_NUMBER.test(cell),
  boolean: (cell) => cell === "true" || cell === "false",
  json: isJsonLine,
  datetime: () => false,
  string: () => false,
};

/** Whether a text is JSON on one line. */
function isJsonLine(text: string): boolean {
  if (/[\r\n]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
