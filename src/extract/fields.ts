import { customFieldsOf } from "../catalog/catalog.ts";
import type { CatalogObject, Column, CustomFieldsV4, CustomFieldsV5, QueriedObject } from "../catalog/catalog.ts";
import { allColumns, choiceOf, hashedColumn, plainName } from "../catalog/protect.ts";
import { normalise } from "../encode/normalise.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { wireName } from "../land/result-header.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Pardot } from "../pardot/pardot.ts";
import { applyFieldChange, driftOf, hasRefusals } from "../state/field-state.ts";
import type { CustomField, FieldChange, FieldState } from "../state/field-state.ts";
import { addedBy } from "../warehouse/ddl/snowflake-tables.ts";
import { readPages } from "./pages/pages.ts";

/** The columns of an object's files in this run, and the fields requested from Pardot. */
export interface ObjectFields {
  /** Every column of a file: the core ones, then the custom ones in the order in which they were first seen. */
  readonly columns: readonly Column[];
  /** Names of the fields to request, in the order of the columns, without those refused or not in this account. */
  readonly requested: readonly string[];
}

/**
 * The fields of an object, from its catalog entry and the memory of its fields. A field that has vanished or is refused
 * keeps its column, as null. Custom fields are text, because their values are as people typed them.
 */
export function objectFields(object: CatalogObject, memory: FieldState): ObjectFields {
  const suffix = suffixOf(object);
  const custom = customColumns(object, memory)
    .filter(({ choice }) => choice !== "drop")
    .map(({ column, choice }) => (choice === "hash" ? hashedColumn(column) : column));
  const refused = new Set(memory.refused);
  const requested = [
    ...object.columns.filter((column) => hasCore(object, column, memory)),
    ...custom.filter(
      (column) => memory.listed?.includes(wireName(column).slice(0, -suffix.length || undefined)) ?? true,
    ),
  ]
    .flatMap((column) => requestedNames(column, object))
    .filter((name) => !refused.has(name));
  return { columns: [...object.columns, ...custom], requested };
}

function suffixOf(object: CatalogObject): string {
  const fields = customFieldsOf(object);
  return fields?.by === "collection" ? fields.suffix : "";
}

/** The columns of all known custom fields, and whether the operator drops or hashes them. */
function customColumns(
  object: CatalogObject,
  memory: FieldState,
): readonly { readonly column: Column; readonly choice: "drop" | "hash" | null }[] {
  const core = new Set(allColumns(object).map(({ name }) => name.toLowerCase()));
  const suffix = suffixOf(object);
  return memory.custom
    .filter(({ column }) => !core.has(column.toLowerCase()))
    .map(({ field, column: name }) => {
      const wire = field === name && suffix === "" ? {} : { wire: `${field}${suffix}` };
      return { column: { name, type: "string", ...wire }, choice: choiceOf(object, [field, name]) };
    });
}

/** The fields of an export as they were laid out, without those refused since, and those that are dropped now. */
export function wantedFields(object: CatalogObject, memory: FieldState, fields: readonly string[]): readonly string[] {
  const custom = customColumns(object, memory).filter(({ choice }) => choice === "drop");
  const dropped = [...(object.protect?.dropped ?? []), ...custom.map(({ column }) => column)].map(wireName);
  const unwanted = new Set([...memory.refused, ...dropped]);
  return fields.filter((field) => !unwanted.has(field));
}

/**
 * The names to request for a column; in v5 one for each part of a list of records (`senderOptions.type`); none if it is
 * lacking.
 */
function requestedNames(column: Column, { way }: CatalogObject): readonly string[] {
  if (column.wire === null) return [];
  if (way.api === "v4" || column.items === undefined) return [wireName(column)];
  const list = wireName(column).replace(/\[\]$/, "");
  return column.items.map((item) => `${list}.${wireName(item)}`);
}

/** Whether this account has a core column: only `describe` can show that it does not. */
function hasCore(object: CatalogObject, column: Column, memory: FieldState): boolean {
  const customFields = customFieldsOf(object);
  if (customFields?.by !== "describe" || memory.listed === null) return true;
  return customFields.always.includes(column.name) || memory.listed.includes(wireName(column));
}

/** Letters, digits and joining characters: `fields` is a comma list in a query, and each name goes into a header. */
const USABLE = /^[\p{L}\p{N}_][\p{L}\p{N}_-]{0,199}$/u;

/**
 * The columns of custom fields seen for the first time, in the order in which they are listed. A field named like a
 * core column is that column, because Pardot can mean only that column by the name. A name that differs from an earlier
 * column only in case gets a `_2`, `_3`, … suffix, because a table cannot distinguish the two. `unusable`: left out.
 */
export function newCustomFields(
  object: CatalogObject,
  memory: FieldState,
  listed: readonly string[],
): { readonly added: readonly CustomField[]; readonly unusable: readonly string[] } {
  const core = allColumns(object);
  const known = new Set([...core.map(wireName), ...memory.custom.map(({ field }) => field)]);
  const taken = new Set(
    [...core.map(({ name }) => name), ...memory.custom.map(({ column }) => column)].map((name) => name.toLowerCase()),
  );
  const added: CustomField[] = [];
  const unusable: string[] = [];
  for (const field of listed) {
    if (known.has(field)) continue;
    known.add(field);
    if (!USABLE.test(field)) {
      unusable.push(field);
      continue;
    }
    let column = field;
    for (let n = 2; taken.has(column.toLowerCase()); n += 1) column = `${field}_${n}`;
    taken.add(column.toLowerCase());
    added.push({ field, column });
  }
  return { added, unusable };
}

/**
 * Cuts fields into groups of at most `max`, one for each export, with the key in each so that their rows can be joined.
 */
export function fieldGroups(fields: readonly string[], key: string, max: number): readonly (readonly string[])[] {
  if (fields.length <= max) return [fields];
  const groups = [fields.slice(0, max)];
  for (let from = max; from < fields.length; from += max - 1) groups.push([key, ...fields.slice(from, from + max - 1)]);
  return groups;
}

export interface DiscoverInput {
  readonly pardot: Pardot;
  readonly memory: FieldState;
  /** Whether everything is read again: then whatever Pardot refused is tried again, too. */
  readonly full: boolean;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** Custom fields are few, and read in full. */
const WHOLE = { field: null, from: 0, to: 0, askFrom: 0 } as const;

/**
 * Lists the fields that an object has in this account, and returns the changes to record: none for an object without
 * custom fields. Costs one call for `describe`, or those of a query. Warns of fields that appeared or vanished since
 * the last manifest.
 */
export async function discoverFields(object: CatalogObject, input: DiscoverInput): Promise<FieldChange[]> {
  const { name } = object;
  const { memory, onEvent } = input;
  const forgotten: FieldChange[] =
    input.full && hasRefusals(memory) ? [{ type: "refusals-forgotten", object: name }] : [];
  const customFields = customFieldsOf(object);
  if (customFields === undefined) return forgotten;
  const found = await trustedFields(object, customFields, input);
  if (found === null) return forgotten;
  const { listed, custom } = found;
  const { added, unusable } = newCustomFields(object, memory, custom);
  const seen: FieldChange = { type: "fields-seen", object: name, listed, added };
  for (const field of unusable) {
    const message = `the custom field ${JSON.stringify(field)} is left out: its name cannot be used in a header`;
    onEvent({ type: "warning", code: "fields.name-unusable", object: name, message });
  }
  const now = applyFieldChange(memory, seen);
  warnOfDrift(object, now, onEvent);
  warnOfUnknown(object, now, onEvent);
  return [...forgotten, seen];
}

interface ListedFields {
  readonly listed: readonly string[];
  readonly custom: readonly string[];
}

/**
 * The fields that Pardot lists; null, after a warning, when that took too long or when none is listed although there
 * were some: that may be an empty response, and trusting it would empty their columns.
 */
async function trustedFields(
  object: CatalogObject,
  customFields: CustomFieldsV4 | CustomFieldsV5,
  input: DiscoverInput,
): Promise<ListedFields | null> {
  const { custom: known, listed } = input.memory;
  const hadCustom = known.some(({ field }) => listed?.includes(field) === true);
  const distrust = (why: string): null => {
    const message = `the custom fields could not be listed (${why}): going on with the ${known.length} that are known`;
    input.onEvent({ type: "warning", code: "fields.not-listed", object: object.name, message });
    return null;
  };
  try {
    const found = await listFields(object, customFields, input);
    return hadCustom && found.custom.length === 0 ? distrust("Pardot listed none") : found;
  } catch (error) {
    const isUncounted = error instanceof DataError && error.code === "data.total-without-rows";
    if (isTooLong(error) || (hadCustom && isUncounted)) return distrust((error as Error).message);
    throw error;
  }
}

async function listFields(
  object: CatalogObject,
  customFields: CustomFieldsV4 | CustomFieldsV5,
  input: DiscoverInput,
): Promise<ListedFields> {
  const { pardot, signal, onEvent } = input;
  if (customFields.by === "describe") {
    const fields = await pardot.describe(object.way.urlName, signal);
    const custom = fields.filter(({ isCustom }) => isCustom).map((field) => field.name);
    const core = new Set(allColumns(object).map((column) => column.wire ?? column.name));
    // Standard fields without a column are ignored.
    const listed = fields.map((field) => field.name).filter((name) => core.has(name) || custom.includes(name));
    return { listed: unique(listed), custom: unique(custom) };
  }
  const custom: string[] = [];
  const { name: wire } = customFields;
  const way: QueriedObject["way"] =
    customFields.by === "collection"
      ? { api: "v5", process: "segmented", urlName: customFields.urlName, query: customFields.query, wire: {} }
      : { ...customFields, api: "v4", process: "segmented" };
  const fieldObject = { ...object, name: `custom fields of ${object.name}`, key: "id", way };
  const fields = customFields.by === "collection" ? ["id", wire] : null;
  const request = {
    pardot,
    object: fieldObject,
    window: WHOLE,
    fields,
    cursor: null,
    drain: signal,
    abort: signal,
    onEvent,
  };
  for await (const step of readPages(request)) {
    if (step.type !== "records") continue;
    for (const record of step.records) {
      const [name] = normalise(record, [{ name: wire, type: "string" }], fieldObject.name);
      if (name !== null && name !== undefined && name !== "") custom.push(name);
    }
  }
  return { listed: unique(custom), custom: unique(custom) };
}

/** Warns of names to drop or hash that no field has, now or earlier: one of them may be a slip. */
function warnOfUnknown(object: CatalogObject, { custom }: FieldState, onEvent: OnEvent): void {
  const { drop = [], hash = [] } = object.protect ?? {};
  const known = [
    ...allColumns(object).map(({ name }) => name),
    ...custom.flatMap(({ field, column }) => [field, column]),
  ];
  const unknown = [...drop, ...hash].filter((name) => !known.some((one) => plainName(one) === plainName(name)));
  if (unknown.length === 0) return;
  const message = `columns to drop or hash that ${object.name} does not have in this account: ${unknown.join(", ")}`;
  onEvent({ type: "warning", code: "fields.choice-unknown", object: object.name, message });
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function warnOfDrift(object: CatalogObject, memory: FieldState, onEvent: OnEvent): void {
  const { appeared, vanished } = driftOf(memory);
  const warn = (code: string, message: string): void =>
    onEvent({ type: "warning", code, object: object.name, message });
  if (appeared.length > 0) {
    const custom = new Set(memory.custom.filter(({ field }) => appeared.includes(field)).map(({ column }) => column));
    const columns = objectFields(object, memory).columns.filter(({ name }) => custom.has(name));
    const tables =
      columns.length === 0
        ? ""
        : `. A table of DuckDB gets their columns with the next load, one of Snowflake by \`${addedBy(object, columns)}\``;
    warn(
      "fields.appeared",
      `new since the last run: ${appeared.join(", ")}; earlier values are not read again${tables}`,
    );
  }
  if (vanished.length > 0) {
    warn("fields.vanished", `gone since the last run: ${vanished.join(", ")}; their columns stay, as null`);
  }
}
