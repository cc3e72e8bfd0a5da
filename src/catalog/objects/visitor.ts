import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const visitor: CatalogObject = {
  name: "Visitor",
  table: "PARDOT_VISITOR",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "prospect_id", type: "integer" },
    { name: "page_view_count", type: "integer" },
    { name: "ip_address", type: "string" },
    { name: "hostname", type: "string" },
    { name: "campaign_parameter", type: "string" },
    { name: "medium_parameter", type: "string" },
    { name: "source_parameter", type: "string" },
    { name: "content_parameter", type: "string" },
    { name: "term_parameter", type: "string" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "visitor",
    dataKey: "visitor",
    process: "bulk",
    query: {
      // Anonymous visitors too: only_identified is true unless said otherwise (vendor docs, visitors-v4).
      format: "xml",
      output: "bulk",
      parameters: { only_identified: "false" },
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "updated_at"],
      limit: 200,
      evidence: "documented",
    },
    export: {
      object: "Visitor",
      procedures: [
        {
          name: "filter_by_updated_at",
          field: "updated_at",
          range: UPDATED_FILTER,
          arguments: {},
          evidence: "recorded",
        },
        {
          name: "filter_by_created_at",
          field: "created_at",
          range: CREATED_FILTER,
          arguments: {},
          evidence: "unconfirmed",
        },
      ],
      fieldsMax: 150,
      windowDaysMax: 364,
      historyField: "updated_at",
    },
  },
  notes: ["The export of visitors was seen in production in 2021; the vendor's page does not name it."],
};
