import type { CatalogObject } from "./catalog.ts";

/** The groups that select an object: `core`, `deletes`, `all`. */
export function groupsOf({ name, core }: { readonly name: string; readonly core: boolean }): readonly string[] {
  if (core) return ["core", "all"];
  // Those of soft-deleted records are named after their object.
  return name.endsWith("Deleted") ? ["deletes", "all"] : ["all"];
}

/**
 * How deleted records of an object are seen: `is_deleted` (a column), the name of the object that holds them (such as
 * `ProspectDeleted`), `read in full` (a record that is not there any more is gone), or `not seen`. `deleted only` for an
 * object that holds nothing else.
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
