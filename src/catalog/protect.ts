import { exportOf } from "./catalog.ts";
import type { CatalogObject, Column } from "./catalog.ts";

// Columns that the operator drops or hashes. Here they are only marked: encode/protect.ts hashes the values.

/** The object without the dropped columns, and with the hashed ones as text. Names of custom fields are kept for later. */
export function protectColumns<O extends CatalogObject>(
  object: O,
  { drop, hash }: { readonly drop: readonly string[]; readonly hash: readonly string[] },
): O {
  const columns = object.columns
    .filter(({ name }) => !drop.includes(name))
    .map((column) => (hash.includes(column.name) ? hashedColumn(column) : column));
  const dropped = object.columns.filter(({ name }) => drop.includes(name));
  return { ...object, columns, protect: { drop, hash, dropped } };
}

/** The object with the choice for another one, wherever a column has a list of that one's records. */
export function protectItems<O extends CatalogObject>(
  object: O,
  of: string,
  { drop, hash }: { readonly drop: readonly string[]; readonly hash: readonly string[] },
): O {
  const isHidden = ({ name }: Column): boolean => drop.includes(name) || hash.includes(name);
  if (!object.columns.some(({ itemsOf, items }) => itemsOf === of && items?.some(isHidden) === true)) return object;
  const columns = object.columns.map((column): Column => {
    if (column.itemsOf !== of || column.items === undefined) return column;
    const kept = column.items.filter(({ name }) => !drop.includes(name));
    return { ...column, items: kept.map((item) => (hash.includes(item.name) ? hashedColumn(item) : item)) };
  });
  return { ...object, columns, protect: object.protect ?? { drop: [], hash: [], dropped: [] } };
}

export function hashedColumn(column: Column): Column {
  return { ...column, type: "string", hashed: column.type };
}

/** Every column of the catalog, also those that are dropped: no custom field takes the name of one. */
export function allColumns({ columns, protect }: CatalogObject): readonly Column[] {
  return [...columns, ...(protect?.dropped ?? [])];
}

/** What happens to the values of a custom field. `names`: its field and its column. */
export function choiceOf({ protect }: CatalogObject, names: readonly string[]): "drop" | "hash" | null {
  if (protect === undefined) return null;
  const plain = new Set(names.map(plainName));
  if (protect.drop.some((name) => plain.has(plainName(name)))) return "drop";
  return protect.hash.some((name) => plain.has(plainName(name))) ? "hash" : null;
}

/** A custom field's name without the suffix that API v5 adds, in lower case: no two fields differ only in that. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/__c$/, "");
}

/** The columns whose values reading or loading an object needs, each with the reason. */
export function neededColumns(object: CatalogObject): ReadonlyMap<string, string> {
  const { key, watermark, deletes, way } = object;
  const needed = new Map<string, string>();
  const add = (name: string | null | undefined, reason: string): void => {
    if (typeof name === "string" && name !== "id" && !needed.has(name)) needed.set(name, reason);
  };
  const exported = exportOf(object);
  const query = "query" in way ? way.query : undefined;
  needed.set(key, "it identifies the records");
  add(watermark, "the next range starts at it");
  add(exported?.historyField, "exports select by it");
  for (const { field } of exported?.procedures ?? []) add(field, "exports select by it");
  if (query?.api === "v5") {
    add(query.order, "records are read in its order");
    add(query.split, "records are read in parts by it");
  }
  if (way.process === "email") add(way.email.listEmailColumn, "it names the list email");
  if (deletes) add("is_deleted", "it marks deleted records");
  // Only an override of the catalog has such columns.
  for (const column of object.columns) {
    const twin = object.columns.find((other) => other !== column && holds(other, column));
    if (twin !== undefined) add(column.name, `${twin.name} has its values, too`);
  }
  return needed;
}

/** Whether the values of a column contain those of another one. */
function holds(column: Column, other: Column): boolean {
  const [whole, part] = [pathOf(column), pathOf(other)];
  return whole !== null && part !== null && (whole === part || part.startsWith(`${whole}.`));
}

function pathOf({ name, wire }: Column): string | null {
  return wire === null ? null : (wire ?? name).replace(/\[\]$/, "");
}
