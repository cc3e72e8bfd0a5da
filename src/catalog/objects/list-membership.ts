import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const listMembership: CatalogObject = {
  name: "ListMembership",
  table: "PARDOT_LISTMEMBERSHIP",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "list_id", type: "integer" },
    { name: "prospect_id", type: "integer" },
    { name: "opted_out", type: "boolean" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "listMembership",
    dataKey: "list_membership",
    process: "bulk",
    query: {
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id"],
      limit: 200,
      evidence: "documented",
    },
    export: {
      object: "ListMembership",
      procedures: [
        {
          name: "filter_by_created_at",
          field: "created_at",
          range: CREATED_FILTER,
          arguments: {},
          evidence: "documented",
        },
        {
          name: "filter_by_updated_at",
          field: "updated_at",
          range: UPDATED_FILTER,
          arguments: {},
          evidence: "documented",
        },
      ],
      fieldsMax: 150,
      windowDaysMax: 364,
      historyField: "updated_at",
    },
  },
  notes: [
    "Export procedures: vendor docs, export-v4.",
    "Cannot be sorted by updated_at (vendor docs, list-memberships-v4).",
  ],
};
