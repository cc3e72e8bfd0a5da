import type { AccessV4, BulkObject, CatalogObject, PerEmailV4, SegmentedV4 } from "../../../src/catalog/catalog.ts";
import { catalog } from "../../../src/catalog/index.ts";

// Core objects as v4 reads them.

export const prospect: BulkObject = byProcess("Prospect", "bulk");
export const prospectAccount: BulkObject = byProcess("ProspectAccount", "bulk");
export const visitor: BulkObject = byProcess("Visitor", "bulk");
export const visitorActivity: BulkObject = byProcess("VisitorActivity", "bulk");
export const opportunity: CatalogObject<SegmentedV4> = byProcess("Opportunity", "segmented");
export const campaign: CatalogObject<SegmentedV4> = byProcess("Campaign", "segmented");
export const tag: CatalogObject<SegmentedV4> = byProcess("Tag", "segmented");
export const account: CatalogObject = byProcess("Account", "read");
export const email: CatalogObject<PerEmailV4> = byProcess("Email", "email");
export const emailStats: CatalogObject<PerEmailV4> = byProcess("EmailStats", "email");

function byProcess<P extends AccessV4["process"]>(
  name: string,
  process: P,
): CatalogObject<Extract<AccessV4, { readonly process: P }>> {
  const object = catalog.find((each) => each.name === name && each.way.api === "v4" && each.way.process === process);
  if (object === undefined) throw new Error(`${name} is not read by ${process}`);
  return object as CatalogObject<Extract<AccessV4, { readonly process: P }>>;
}
