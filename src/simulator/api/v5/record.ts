/** A row as a record of a v5 response, and as a record of the truth. */
import type { Account } from "../../account/account.ts";
import type { JsonRecord, RowKey, Value } from "../../account/model.ts";
import { isHidden } from "../../account/oddities.ts";
import type { Timezone } from "../../account/timezone.ts";
import type { Limits } from "../../limits.ts";
import type { V5Field, V5Object } from "../../objects/v5/notation.ts";
import { valueOf } from "../../objects/v5/values.ts";
import { instantText, utcText } from "./datetime.ts";
import { allFields, fieldOf } from "./fields.ts";
import type { Picked } from "./fields.ts";
import { sourceOf } from "./sources.ts";
import type { Source } from "./sources.ts";

export interface RecordContext {
  readonly account: Account;
  /** Related records are shown as they were at this second since 1970. */
  readonly asOf: number;
  readonly operation: "query" | "read" | "export";
  /** Values that only the running simulation knows, by `Object.field`: the quota of the account. */
  readonly live: Readonly<Record<string, number>>;
}

/** The quota, which the account object shows. */
export function liveValues(limits: Limits): RecordContext["live"] {
  const { used, max } = limits.usage();
  return { "Account.apiCallsUsed": used, "Account.maximumDailyApiCalls": max };
}

export type Json = Value | readonly Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** A value of a row by field, before the API's form of it. */
export type ValueReader = (row: RowKey, field: V5Field) => Value;

/** Reads values of an object's rows. Those of one row are made at most once for neighboring calls. */
export function valueReader(object: V5Object, account: Account, live: RecordContext["live"] = {}): ValueReader {
  const { model } = account.table(object.name);
  const columns = new Map(account.columns(model).map(({ name }, index) => [name, index]));
  const sources = new Map<string, Source>();
  const redacted = new Set(account.world.knobs.v5RedactedFields.split(","));
  let last: { readonly row: RowKey; readonly values: readonly Value[] } | null = null;
  return (row, field) => {
    const full = `${object.name}.${field.name}`;
    if (redacted.has(full)) return null;
    if (live[full] !== undefined) return live[full];
    const source = sources.get(field.name) ?? sourceOf(object.name, field.name, columns);
    sources.set(field.name, source);
    const column = columns.get(source.column);
    if (column === undefined) return valueOf(object, field, row, account.world);
    if (last?.row !== row) last = { row, values: account.make(model, row) };
    const value = last.values[column] ?? null;
    return source.as === undefined ? value : source.as(value);
  };
}

/** Makes records with the picked fields, in their order. */
export function recordMaker(
  object: V5Object,
  picks: readonly Picked[],
  context: RecordContext,
): (row: RowKey) => JsonObject {
  const { account, operation } = context;
  const read = valueReader(object, account, context.live);
  const absentIds = object.name === "VisitorActivity" && account.world.knobs.v5ActivityNullIds === "absent";
  const makers = picks.map((pick): ((row: RowKey, record: JsonObject) => void) => {
    if (pick.kind === "relation") {
      const related = relatedMaker(pick, context);
      return (row, record) => {
        record[pick.name] = related(read(row, pick.id));
      };
    }
    const { name, field, parts } = pick;
    // Only a read returns several values of a custom field (vendor docs, prospects).
    if (name.endsWith("__c") && field.type === "list" && operation !== "read") return () => undefined;
    return (row, record) => {
      const value = read(row, field);
      if (value === null && absentIds && name.endsWith("Id") && operation !== "export") return;
      record[name] = wireValue(field, value, parts, account.zone);
    };
  });
  return (row) => {
    const record: JsonObject = {};
    for (const make of makers) make(row, record);
    return record;
  };
}

/** A related record that does not exist is null (seen in clients). */
function relatedMaker(
  { target, picks }: Extract<Picked, { kind: "relation" }>,
  context: RecordContext,
): (id: Value) => Json {
  const { account, asOf } = context;
  const make = recordMaker(target, picks, context);
  const table = account.table(target.name);
  return (id) => {
    const index = typeof id === "number" ? table.ids.indexOf(id) : -1;
    if (index === -1 || index >= table.count || isHidden(table.model, index, account.world.knobs)) return null;
    const row = table.keyAsOf(index, asOf);
    return row === null ? null : make(row);
  };
}

function wireValue({ type }: V5Field, value: Value, parts: readonly string[] | null, zone: Timezone): Json {
  if (value === null) return null;
  if (type === "datetime") {
    // An impossible date is text here.
    if (typeof value === "string") return `${value.replace(" ", "T")}+00:00`;
    return typeof value === "number" ? instantText(value, zone) : null;
  }
  if (type === "list" && typeof value === "string") return value.split(";");
  if (Array.isArray(value)) {
    return (value as readonly (JsonRecord | number)[]).map((item) =>
      typeof item === "number" ? item : inside(item, parts, zone),
    );
  }
  return typeof value === "object" ? inside(value as JsonRecord, parts, zone) : value;
}

/** A nested record, or the requested parts of it. Its instants end in At or On. */
function inside(record: JsonRecord, parts: readonly string[] | null, zone: Timezone): JsonObject {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => parts === null || parts.includes(name))
      .map(([name, value]) => [
        name,
        typeof value === "number" && /At$|On$/.test(name) ? instantText(value, zone) : value,
      ]),
  );
}

/** Makes records of the truth: all fields that a read returns, instants in UTC, null where this account lacks the field. */
export function truthMaker(
  object: V5Object,
  account: Account,
  live: RecordContext["live"],
): (row: RowKey) => JsonObject {
  const read = valueReader(object, account, live);
  const { knobs } = account.world;
  const fields = allFields(object, account).map((field) => ({
    field,
    isHere: fieldOf(object, field.name, { account, knobs }) !== null,
  }));
  return (row) =>
    Object.fromEntries(
      fields.map(({ field, isHere }) => {
        const value = isHere ? read(row, field) : null;
        const isTime = field.type === "datetime" && typeof value === "number";
        return [
          field.name,
          isTime ? utcText(value) : field.type === "datetime" ? value : wireValue(field, value, null, account.zone),
        ];
      }),
    );
}
