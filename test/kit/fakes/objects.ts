import type { AccessV4, BulkV4, BulkV5, CatalogObject, PerEmailV4, SegmentedV4 } from "../../../src/catalog/catalog.ts";
import { catalog, entries } from "../../../src/catalog/index.ts";
import { selectWays } from "../../../src/catalog/versions.ts";

// Core objects as v4 reads them.

export const prospect: CatalogObject<BulkV4> = byProcess("Prospect", "bulk");
export const prospectAccount: CatalogObject<BulkV4> = byProcess("ProspectAccount", "bulk");
export const visitor: CatalogObject<BulkV4> = byProcess("Visitor", "bulk");
export const visitorActivity: CatalogObject<BulkV4> = byProcess("VisitorActivity", "bulk");
export const opportunity: CatalogObject<SegmentedV4> = byProcess("Opportunity", "segmented");
export const campaign: CatalogObject<SegmentedV4> = byProcess("Campaign", "segmented");
export const tag: CatalogObject<SegmentedV4> = byProcess("Tag", "segmented");
export const account: CatalogObject = byProcess("Account", "read");
export const email: CatalogObject<PerEmailV4> = byProcess("Email", "email");
export const emailStats: CatalogObject<PerEmailV4> = byProcess("EmailStats", "email");

/** An object as exports of v5 read it, once an override has switched them on. */
export function bulkV5(name: string): CatalogObject<BulkV5> {
  const object = selectWays(entries, "5").find((each) => each.name === name);
  const way = object?.way;
  if (object === undefined || way?.api !== "v5" || way.process !== "segmented" || way.export === undefined)
    throw new Error(`${name} has no exports in v5`);
  return { ...object, way: { ...way, export: way.export, process: "bulk" } };
}

function byProcess<P extends AccessV4["process"]>(
  name: string,
  process: P,
): CatalogObject<Extract<AccessV4, { readonly process: P }>> {
  const object = catalog.find((each) => each.name === name && each.way.api === "v4" && each.way.process === process);
  if (object === undefined) throw new Error(`${name} is not read by ${process}`);
  return object as CatalogObject<Extract<AccessV4, { readonly process: P }>>;
}
