import type { CatalogObject } from "../catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../filters.ts";

export const visitorActivity: CatalogObject = {
  name: "VisitorActivity",
  table: "PARDOT_VISITORACTIVITY",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "prospect_id", type: "integer" },
    { name: "visitor_id", type: "integer" },
    { name: "type", type: "integer" },
    { name: "type_name", type: "string" },
    { name: "details", type: "string" },
    { name: "email_id", type: "integer" },
    { name: "email_template_id", type: "integer" },
    { name: "list_email_id", type: "integer" },
    { name: "form_id", type: "integer" },
    { name: "form_handler_id", type: "integer" },
    { name: "site_search_query_id", type: "integer" },
    { name: "landing_page_id", type: "integer" },
    { name: "paid_search_ad_id", type: "integer" },
    { name: "multivariate_test_variation_id", type: "integer" },
    { name: "visitor_page_view_id", type: "integer" },
    { name: "file_id", type: "integer" },
    { name: "custom_redirect_id", type: "integer" },
    { name: "opportunity_id", type: "integer" },
    { name: "visit_id", type: "integer" },
    { name: "campaign_id", type: "integer" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  v4: {
    urlName: "visitorActivity",
    dataKey: "visitor_activity",
    process: "bulk",
    query: {
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER },
      sortBy: ["created_at", "id", "prospect_id", "visitor_id", "updated_at"],
      limit: 200,
      evidence: "documented",
    },
    export: {
      object: "VisitorActivity",
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
      // The vendor allows a year; a day less stays inside it across leap years and day-light saving.
      windowDaysMax: 364,
      // Activities recorded in 2015 to 2017 had no updated_at (Crim/pardot-java-client visitorActivityQuery.xml).
      historyField: "created_at",
    },
    emailPairs: { listEmail: "list_email_id", email: "email_id" },
  },
  notes: [
    "Export procedures: vendor docs, export-v4.",
    "The first history goes by created_at, because old rows may lack updated_at; later runs by updated_at.",
  ],
};
