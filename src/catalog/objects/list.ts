import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const list: CatalogObject = {
  name: "List",
  table: "PARDOT_LIST",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "is_public", type: "boolean" },
    { name: "is_dynamic", type: "boolean" },
    { name: "title", type: "string" },
    { name: "description", type: "string" },
    { name: "is_crm_visible", type: "boolean" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "list",
    dataKey: "list",
    process: "segmented",
    query: {
      // XML: JSON turns text that looks like a number into one (pardot/api-docs issue 187).
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "name", "updated_at"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: ["Filters and sort keys: vendor docs, lists-v4."],
};
