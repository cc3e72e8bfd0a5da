import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const tag: CatalogObject = {
  name: "Tag",
  table: "PARDOT_TAG",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "tag",
    dataKey: "tag",
    process: "segmented",
    query: {
      // XML, because a tag named "007" or "1e3" would come back as a number in JSON (pardot/api-docs issue 187).
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "name", "updated_at"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: ["Filters and sort keys: vendor docs, tags-v4.", "A deleted tag is no longer listed."],
};
