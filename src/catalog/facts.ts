import type { CatalogObject } from "./catalog.ts";

/** Whether exports would read an object, but only once an override makes its process `bulk`: those of API v5. */
export function mayBeExported({ way }: CatalogObject): boolean {
  return way.api === "v5" && way.process === "segmented" && way.export !== undefined;
}

/** Objects whose facts another one has too, both at one call for each record. */
const SAME_FACTS: Readonly<Record<string, string>> = { EmailStats: "ListEmailStats" };

/**
 * The groups that select an object: `core`, `deletes`, `all`. `offered`: the objects of the version of the API; none selects
 * an object that spends a second call on the facts of another one of them. It is read when it is named.
 */
export function groupsOf(
  { name, core }: { readonly name: string; readonly core: boolean },
  offered: readonly { readonly name: string }[],
): readonly string[] {
  if (core) return ["core", "all"];
  if (offered.some((other) => other.name === SAME_FACTS[name])) return [];
  // Objects of soft-deleted records are named after the object they belong to.
  return name.endsWith("Deleted") ? ["deletes", "all"] : ["all"];
}

/**
 * How deletions of an object's records show: `is_deleted` (a column), the name of the object that contains them (such
 * as `ProspectDeleted`), `read in full` (a record that is missing from the last read was deleted), or `not seen`.
 * `deleted only` for an object that contains only deleted records.
 */
export function deletesOf(object: CatalogObject): string {
  const { way } = object;
  if (object.deletes) return "is_deleted";
  if (way.api === "v4" && way.deletedOnly === true) return "deleted only";
  if (way.api === "v4" && way.deletedIn !== undefined) return way.deletedIn;
  // Each list email is read separately, so no run reads all of them.
  if (object.watermark === null && way.process !== "email") return "read in full";
  return "not seen";
}
