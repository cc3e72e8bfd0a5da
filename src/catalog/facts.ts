import type { CatalogObject } from "./catalog.ts";

/** The groups that select an object: `core`, `deletes`, `all`. */
export function groupsOf({ name, core }: { readonly name: string; readonly core: boolean }): readonly string[] {
  if (core) return ["core", "all"];
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
