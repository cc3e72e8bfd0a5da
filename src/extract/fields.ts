import type { CatalogObject, Column } from "../catalog/catalog.ts";
import type { CustomField, FieldMemory } from "../state/field-memory.ts";
import { wireName } from "../land/result-header.ts";

/** What stands in an object's files in this run, and what Pardot is asked for. */
export interface ObjectFields {
  /** Every column of a file, in order: the core ones, then every custom one as it was first seen. */
  readonly columns: readonly Column[];
  /** Names to ask for, in the order of the columns: nothing refused, nothing that this account does not have. */
  readonly asked: readonly string[];
}

/**
 * Columns and questions of an object by what is remembered of its fields. A field that has vanished or is refused keeps
 * its place, as null. Custom fields are text: their values come as people typed them.
 */
export function objectFields(object: CatalogObject, memory: FieldMemory): ObjectFields {
  const core = new Set(object.columns.map(({ name }) => name.toLowerCase()));
  const custom = memory.custom
    .filter(({ column }) => !core.has(column.toLowerCase()))
    .map(({ field, column }): Column => ({
      name: column,
      type: "string",
      ...(field === column ? {} : { wire: field }),
    }));
  const refused = new Set(memory.refused);
  const asked = [
    ...object.columns.filter((column) => hasCore(object, column, memory)),
    ...custom.filter((column) => memory.listed?.includes(wireName(column)) ?? true),
  ]
    .map(wireName)
    .filter((name) => !refused.has(name));
  return { columns: [...object.columns, ...custom], asked };
}

/** Whether this account has a core column: only `describe` tells of any that it has not. */
function hasCore(object: CatalogObject, column: Column, memory: FieldMemory): boolean {
  const { customFields } = object.v4;
  if (customFields?.by !== "describe" || memory.listed === null) return true;
  return customFields.always.includes(column.name) || memory.listed.includes(wireName(column));
}

/** Letters, digits and what joins them: `fields` is a comma list in a query, and each name stands in a header. */
const USABLE = /^[\p{L}\p{N}_][\p{L}\p{N}_-]{0,199}$/u;

/**
 * The columns of custom fields seen for the first time, in the order in which they are listed. A name that a core column
 * has is that core column, for Pardot can mean but one thing by it. A name that differs from an earlier column in
 * nothing but case gets `_2`, `_3`, … behind it, for a table cannot tell the two apart. What is no usable name is left
 * out and told.
 */
export function newCustomFields(
  object: CatalogObject,
  memory: FieldMemory,
  listed: readonly string[],
): { readonly added: readonly CustomField[]; readonly unusable: readonly string[] } {
  const known = new Set([...object.columns.map(wireName), ...memory.custom.map(({ field }) => field)]);
  const taken = new Set(
    [...object.columns.map(({ name }) => name), ...memory.custom.map(({ column }) => column)].map((name) =>
      name.toLowerCase(),
    ),
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
 * Cuts what is asked for into exports of at most `max` fields, the key in each, so that their rows can be joined. One
 * group where all go into one.
 */
export function fieldGroups(asked: readonly string[], key: string, max: number): readonly (readonly string[])[] {
  if (asked.length <= max) return [asked];
  const groups = [asked.slice(0, max)];
  for (let from = max; from < asked.length; from += max - 1) groups.push([key, ...asked.slice(from, from + max - 1)]);
  return groups;
}
