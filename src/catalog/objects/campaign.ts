import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const campaign: CatalogObject = {
  name: "Campaign",
  table: "PARDOT_CAMPAIGN",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "cost", type: "number" },
  ],
  key: "id",
  watermark: null,
  deletes: false,
  v4: {
    urlName: "campaign",
    dataKey: "campaign",
    process: "segmented",
    query: {
      // XML: JSON turns text that looks like a number into one (pardot/api-docs issue 187).
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "name", "updated_at", "cost"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: [
    "Answers carry no timestamps, although both can be filtered on (vendor docs, campaigns-v4): always read whole.",
  ],
};
