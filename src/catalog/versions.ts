import type { AccessV4, AccessV5, CatalogEntry, CatalogObject, Column } from "./catalog.ts";

/** PARDOT_API_VERSION. */
export type ApiVersion = "auto" | "3" | "4" | "5";

/**
 * The objects that a version of the API offers, each with the way it is read. `auto` prefers v4 for the core objects,
 * because existing tables have its columns, and v5 for all others. `5` uses v4 only for objects that v5 lacks. `3` and
 * `4` never call v5. An object of deleted records is offered only if the object they belong to is read through v4.
 */
export function selectWays(entries: readonly CatalogEntry[], version: ApiVersion): readonly CatalogObject[] {
  const objects = entries.flatMap(({ v4, v5, auto, ...entry }): readonly CatalogObject[] => {
    const prefersV5 = version === "5" || (version === "auto" && auto === "v5");
    const way = prefersV5 ? (v5 ?? v4) : version === "auto" ? (v4 ?? v5) : v4;
    if (way === null) return [];
    if (way.api === "v5") return [{ ...entry, way, columns: columnsOf(entry.columns, way) }];
    // v3/v4 marks no deleted record.
    return [{ ...entry, way, columns: columnsOfV4(entry.columns, way), deletes: false }];
  });
  const deletedIn = new Set(objects.map(({ way }) => (way.api === "v4" ? way.deletedIn : undefined)));
  return objects.filter(({ name, way }) => way.api !== "v4" || way.deletedOnly !== true || deletedIn.has(name));
}

function columnsOfV4(columns: readonly Column[], { wire = {} }: AccessV4): readonly Column[] {
  return columns.map((column) => {
    const path = wire[column.name];
    return path === undefined ? column : { ...column, wire: path };
  });
}

/** The columns with their names in v5's responses. */
function columnsOf(columns: readonly Column[], { wire }: AccessV5): readonly Column[] {
  return columns.map((column) => {
    const name = wire[column.name];
    const items = column.items?.map((item) => ({ ...item, wire: camelCase(item.name) }));
    const path = name === undefined ? `${camelCase(column.name)}${items === undefined ? "" : "[]"}` : name;
    return { ...column, wire: path, ...(items === undefined ? {} : { items }) };
  });
}

/** `campaign_id` as v5 spells it: `campaignId`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
