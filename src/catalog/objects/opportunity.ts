import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER } from "../filters.ts";

export const opportunity: CatalogObject = {
  name: "Opportunity",
  table: "PARDOT_OPPORTUNITY",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "value", type: "number" },
    { name: "probability", type: "integer" },
    { name: "type", type: "string" },
    { name: "stage", type: "string" },
    { name: "status", type: "string" },
    { name: "closed_at", type: "datetime" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
    { name: "campaign_id", type: "integer", wire: "campaign.id" },
    { name: "campaign_name", type: "string", wire: "campaign.name" },
    {
      name: "prospects",
      type: "json",
      wire: "prospects.prospect[]",
      items: [
        { name: "id", type: "integer" },
        { name: "first_name", type: "string" },
        { name: "last_name", type: "string" },
        { name: "email", type: "string" },
        { name: "company", type: "string" },
      ],
    },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "opportunity",
    dataKey: "opportunity",
    process: "segmented",
    query: {
      // full, because only it has the campaign and the prospects; XML: JSON turns text that looks like a number into one (pardot/api-docs issue 187).
      format: "xml",
      output: "full",
      parameters: {},
      filters: { created_at: CREATED_FILTER },
      sortBy: ["created_at", "id", "probability", "value"],
      limit: 200,
      evidence: "documented",
    },
  },
  notes: [
    "No filter on updated_at (vendor docs, opportunities-v4): every record is read by id and filtered here.",
    "prospects: a JSON array of {id, first_name, last_name, email, company}, [] when there are none.",
  ],
};
