import type { RangeFilter } from "./catalog.ts";

/** The bounds most v4 queries share; both exclusive (pardot/api-docs since May 2020). */
export const CREATED_FILTER: RangeFilter = { after: "created_after", before: "created_before" };
export const UPDATED_FILTER: RangeFilter = { after: "updated_after", before: "updated_before" };
