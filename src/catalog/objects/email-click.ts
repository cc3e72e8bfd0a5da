import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER } from "../filters.ts";

export const emailClick: CatalogObject = {
  name: "EmailClick",
  table: "PARDOT_EMAILCLICK",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "prospect_id", type: "integer" },
    { name: "url", type: "string" },
    { name: "list_email_id", type: "integer" },
    { name: "drip_program_action_id", type: "integer" },
    { name: "email_template_id", type: "integer" },
    { name: "tracker_redirect_id", type: "integer" },
    { name: "created_at", type: "datetime" },
  ],
  key: "id",
  watermark: "created_at",
  deletes: false,
  v4: {
    urlName: "emailClick",
    dataKey: "emailClick",
    process: "segmented",
    query: {
      // Sorting by id and output=bulk are not documented here, but production clients send both (Airbyte source-pardot, singer-io/tap-pardot).
      format: "json",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER },
      sortBy: ["id"],
      limit: 200,
      evidence: "recorded",
    },
  },
  notes: ["Link ids are absent when not set (vendor docs, batch-email-clicks)."],
};
