/** Export files: a header of the requested fields, RFC 4180, null is nothing (vendor docs, export); the rest is knobs. */
import type { Knobs } from "./knobs.ts";
import type { ModelColumn, Value } from "./model.ts";
import type { Zone } from "./zone.ts";

export interface CsvShape {
  /** The exported columns with their places in a row's values. */
  readonly columns: readonly { readonly column: ModelColumn; readonly place: number }[];
  readonly zone: Zone;
  readonly knobs: Knobs;
}

export function csvHeader(shape: CsvShape): string {
  const end = shape.knobs.csvNewline === "lf" ? "\n" : "\r\n";
  return shape.columns.map(({ column }) => csvText(column.name, shape.knobs)).join(",") + end;
}

/** One record with its end. */
export function csvRecord(values: readonly Value[], shape: CsvShape): string {
  const { columns, zone, knobs } = shape;
  let line = "";
  for (let n = 0; n < columns.length; n += 1) {
    const entry = columns[n];
    if (entry === undefined) continue;
    if (n > 0) line += ",";
    const value = values[entry.place] ?? null;
    if (value === null) continue;
    if (entry.column.kind === "datetime") line += quoted(zone.text(value as number), knobs);
    else if (typeof value === "string") line += csvText(value, knobs);
    else if (typeof value === "boolean") line += quoted(booleanText(value, knobs), knobs);
    else if (typeof value === "number") line += quoted(String(value), knobs);
    else line += csvText(JSON.stringify(value), knobs);
  }
  return line + (knobs.csvNewline === "lf" ? "\n" : "\r\n");
}

function booleanText(value: boolean, knobs: Knobs): string {
  if (knobs.csvBoolean === "1/0") return value ? "1" : "0";
  return value ? "true" : "false";
}

function quoted(text: string, knobs: Knobs): string {
  return knobs.csvQuoting === "all" ? `"${text}"` : text;
}

const MUST_QUOTE = /[",\r\n]/;

function csvText(text: string, knobs: Knobs): string {
  if (text === "") return knobs.csvEmptyText === "quoted" ? '""' : "";
  if (knobs.csvQuoting === "minimal" && !MUST_QUOTE.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}
