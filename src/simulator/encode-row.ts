/** A row as it goes over the wire in an answer, and as the plain truth of `/__sim/rows`. */
import type { Account } from "./account.ts";
import type {
  ModelColumn,
  ObjectModel,
  RowKey,
  Value,
  WireContext,
  WireField,
  WireRecord,
  WireValue,
} from "./model.ts";
import type { Zone } from "./zone.ts";

/** One record of an answer; `fields`: only these (and id), null: all. */
export function wireRecord(
  account: Account,
  model: ObjectModel,
  row: RowKey,
  context: WireContext,
  fields: readonly string[] | null,
): WireRecord {
  const columns = account.columns(model);
  const values = model.make(row, context.world);
  const record: WireRecord = {};
  for (const field of model.wire) {
    if (!isShown(field, context, fields)) continue;
    const value =
      field.nested === undefined
        ? plainValue(field, columns, values, context.zone)
        : field.nested(values, row, context);
    if (value === null && field.absentWhenNull === true) continue;
    record[field.name] = value === null && field.pairWhenNull === true ? "" : value;
  }
  return record;
}

function isShown(field: WireField, context: WireContext, fields: readonly string[] | null): boolean {
  if (field.outputs !== undefined && !field.outputs.includes(context.output)) return false;
  if (field.operation !== undefined && field.operation !== context.operation) return false;
  return fields === null || field.name === "id" || fields.includes(field.name);
}

function plainValue(
  field: WireField,
  columns: readonly ModelColumn[],
  values: readonly Value[],
  zone: Zone,
): WireValue {
  const place = columns.findIndex(({ name }) => name === (field.column ?? field.name));
  const value = values[place] ?? null;
  if (value === null || Array.isArray(value)) return null;
  if (columns[place]?.kind === "datetime") return zone.text(value as number);
  if (field.oneOrZero === true) return value === true ? 1 : 0;
  return value;
}

/** The truth about a row: catalogue columns, strings as they are, timestamps as local text, null for absent. */
export function truthRecord(
  columns: readonly ModelColumn[],
  values: readonly Value[],
  zone: Zone,
): Readonly<Record<string, Value>> {
  const record: Record<string, Value> = {};
  columns.forEach((column, place) => {
    if (column.wireOnly === true) return;
    const value = values[place] ?? null;
    record[column.name] = column.kind === "datetime" && typeof value === "number" ? zone.text(value) : value;
  });
  return record;
}
