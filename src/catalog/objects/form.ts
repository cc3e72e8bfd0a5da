import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const form: CatalogObject = {
  name: "Form",
  table: "PARDOT_FORM",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "campaign_id", type: "integer", wire: "campaign.id" },
    { name: "campaign_name", type: "string", wire: "campaign.name" },
    { name: "embed_code", type: "string", wire: "embedCode" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "form",
    dataKey: "form",
    process: "segmented",
    query: {
      // full, because only it has the campaign's name; XML: JSON turns text that looks like a number into one (pardot/api-docs issue 187).
      format: "xml",
      output: "full",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "updated_at"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: ["The embed code is embedCode on the wire (recorded: Crim/pardot-java-client formQuery.xml)."],
};
