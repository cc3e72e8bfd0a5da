import type { CatalogObject } from "./catalog.ts";

/** The groups that select an object: `core`, `deletes`, `all`. */
export function groupsOf({ name, core }: { readonly name: string; readonly core: boolean }): readonly string[] {
  if (core) return ["core", "all"];
  return isOfDeleted(name) ? ["deletes", "all"] : ["all"];
}

/**
 * How deleted records of an object are seen: `is_deleted`, the name of the object that holds them, `read in full` (a record
 * that is missing in the newest file was deleted), `deleted only`, `not seen`. `catalog`: what the chosen version offers.
 */
export function deletesSeen(object: CatalogObject, catalog: readonly CatalogObject[]): string {
  if (object.deletes) return "is_deleted";
  if (isOfDeleted(object.name)) return "deleted only";
  const other = catalog.find(({ name }) => name === `${object.name}Deleted`);
  if (other !== undefined) return other.name;
  return object.watermark === null && object.way.process !== "email" ? "read in full" : "not seen";
}

/** Whether an object holds the soft-deleted records of another. */
function isOfDeleted(name: string): boolean {
  return name.endsWith("Deleted");
}
