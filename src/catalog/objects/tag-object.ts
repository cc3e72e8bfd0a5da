import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER } from "../filters.ts";

export const tagObject: CatalogObject = {
  name: "TagObject",
  table: "PARDOT_TAGOBJECT",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "tag_id", type: "integer" },
    { name: "type", type: "string" },
    { name: "object_id", type: "integer" },
    { name: "created_at", type: "datetime" },
  ],
  key: "id",
  watermark: "created_at",
  deletes: false,
  v4: {
    urlName: "tagObject",
    dataKey: "tagObject",
    process: "segmented",
    query: {
      format: "json",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER },
      sortBy: ["created_at", "id"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: ["A removed tag just disappears (vendor docs, tag-objects-v4)."],
};
