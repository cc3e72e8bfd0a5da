/** A row as it goes over the wire in an answer, and as the plain truth of `/__sim/rows`. */
import type { Account } from "../account/account.ts";
import type {
  ModelColumn,
  ObjectModel,
  RowKey,
  Value,
  WireContext,
  WireField,
  WireRecord,
  WireValue,
} from "../account/model.ts";
import type { Zone } from "../account/zone.ts";

/** One record of an answer; `fields`: only these (and id), null: all. */
export function wireRecord(
  account: Account,
  model: ObjectModel,
  row: RowKey,
  context: WireContext,
  fields: readonly string[] | null,
): WireRecord {
  const columns = account.columns(model);
  const values = account.make(model, row);
  const hidden = model.hiddenColumns?.(context.world);
  const record: WireRecord = {};
  for (const field of model.wire) {
    if (!isShown(field, context, fields) || hidden?.has(field.name) === true) continue;
    const value =
      field.nested === undefined ? plainValue(field, columns, values, context) : field.nested(values, row, context);
    if (value === null && field.absentWhenNull === true) continue;
    record[field.name] = value === null && field.pairWhenNull === true ? "" : value;
  }
  return model.custom === undefined ? record : { ...record, ...customRecord(model, columns, values, context, fields) };
}

/** Custom fields stand beside the others; `{"value": [...]}` for several values (recorded: prospectRead.xml). */
function customRecord(
  model: ObjectModel,
  columns: readonly ModelColumn[],
  values: readonly Value[],
  context: WireContext,
  fields: readonly string[] | null,
): WireRecord {
  const record: WireRecord = {};
  const isQuiet = model.custom?.shown === "when-set";
  // output=bulk leaves them out unless they are named (pardot/api-docs issue 151).
  if (isQuiet && context.output === "bulk" && fields === null) return record;
  for (let place = model.columns.length; place < columns.length; place += 1) {
    const name = columns[place]?.name ?? "";
    const value = values[place] ?? null;
    if (fields !== null && !fields.includes(name)) continue;
    if (value === null && isQuiet) continue;
    const isMulti = typeof value === "string" && model.custom?.isMultiValue(name, context.world) === true;
    if (isMulti) record[name] = { value: value.split(";") };
    else record[name] = Array.isArray(value) ? null : value;
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
  { world, zone, output }: WireContext,
): WireValue {
  const place = columns.findIndex(({ name }) => name === (field.column ?? field.name));
  const value = values[place] ?? null;
  if (value === null || Array.isArray(value)) return null;
  if (columns[place]?.kind === "datetime" && typeof value === "number") return zone.text(value);
  if (field.valueNode === true && world.knobs.prospectAccountValueFields && output !== "bulk") return { value };
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
