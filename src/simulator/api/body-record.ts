/** A row as a record of a response, and as a record of `/__sim/rows`. */
import type { Account } from "../account/account.ts";
import type {
  ModelColumn,
  ObjectModel,
  RowKey,
  Value,
  BodyContext,
  BodyField,
  Body,
  BodyValue,
} from "../account/model.ts";
import type { Timezone } from "../account/timezone.ts";

/** One record of a response; `fields`: only these and the id, null: all. */
export function bodyRecord(
  account: Account,
  model: ObjectModel,
  row: RowKey,
  context: BodyContext,
  fields: readonly string[] | null,
): Body {
  const columns = account.columns(model);
  const values = account.make(model, row);
  const hidden = model.hiddenColumns?.(context.world);
  const record: Body = {};
  for (const field of model.body) {
    if (!isShown(field, context, fields) || hidden?.has(field.name) === true) continue;
    const value =
      field.nested === undefined ? plainValue(field, columns, values, context) : field.nested(values, row, context);
    if (value === null && field.absentWhenNull === true) continue;
    record[field.name] = value === null && field.pairWhenNull === true ? "" : value;
  }
  return model.custom === undefined ? record : { ...record, ...customRecord(model, columns, values, context, fields) };
}

/** Custom fields are next to the others; several values are `{"value": [...]}` (recorded: prospectRead.xml). */
function customRecord(
  model: ObjectModel,
  columns: readonly ModelColumn[],
  values: readonly Value[],
  context: BodyContext,
  fields: readonly string[] | null,
): Body {
  const record: Body = {};
  const isQuiet = model.custom?.shown === "when-set";
  // output=bulk omits them unless they are named (pardot/api-docs issue 151).
  if (isQuiet && context.output === "bulk" && fields === null) return record;
  for (let index = model.columns.length; index < columns.length; index += 1) {
    const name = columns[index]?.name ?? "";
    const value = values[index] ?? null;
    if (fields !== null && !fields.includes(name)) continue;
    if (value === null && isQuiet) continue;
    const isMulti = typeof value === "string" && model.custom?.isMultiValue(name, context.world) === true;
    if (isMulti) record[name] = { value: value.split(";") };
    else record[name] = Array.isArray(value) ? null : value;
  }
  return record;
}

function isShown(field: BodyField, context: BodyContext, fields: readonly string[] | null): boolean {
  if (field.outputs !== undefined && !field.outputs.includes(context.output)) return false;
  if (field.operation !== undefined && field.operation !== context.operation) return false;
  return fields === null || field.name === "id" || fields.includes(field.name);
}

function plainValue(
  field: BodyField,
  columns: readonly ModelColumn[],
  values: readonly Value[],
  { world, zone, output }: BodyContext,
): BodyValue {
  const index = columns.findIndex(({ name }) => name === (field.column ?? field.name));
  const value = values[index] ?? null;
  if (value === null || Array.isArray(value)) return null;
  if (columns[index]?.kind === "datetime" && typeof value === "number") return zone.text(value);
  if (field.valueNode === true && world.knobs.prospectAccountValueFields && output !== "bulk") return { value };
  if (field.oneOrZero === true) return value === true ? 1 : 0;
  return value;
}

/** A row for `/__sim/rows`: unchanged strings, timestamps as local text, null if absent. `all`: also what no table has. */
export function truthRecord(
  columns: readonly ModelColumn[],
  values: readonly Value[],
  zone: Timezone,
  all: boolean,
): Readonly<Record<string, Value>> {
  const record: Record<string, Value> = {};
  columns.forEach((column, index) => {
    if (column.neverShown === true || (column.apiOnly === true && !all)) return;
    const value = values[index] ?? null;
    record[column.name] = column.kind === "datetime" && typeof value === "number" ? zone.text(value) : value;
  });
  return record;
}
