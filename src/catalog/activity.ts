import type { BulkObject } from "./catalog.ts";
import { bulkExport, by, columns, exported, object } from "./entry.ts";

export const visitorActivity: BulkObject = object("VisitorActivity", {
  columns: columns(`
    id:integer prospect_id:integer visitor_id:integer type:integer type_name details email_id:integer
    email_template_id:integer list_email_id:integer form_id:integer form_handler_id:integer
    site_search_query_id:integer landing_page_id:integer paid_search_ad_id:integer
    multivariate_test_variation_id:integer visitor_page_view_id:integer file_id:integer custom_redirect_id:integer
    opportunity_id:integer visit_id:integer campaign_id:integer created_at:datetime updated_at:datetime`),
  watermark: "updated_at",
  v4: exported("visitorActivity", {
    dataKey: "visitor_activity",
    query: {
      format: "xml",
      filters: ["created_at", "updated_at"],
      sortBy: "created_at id prospect_id visitor_id updated_at",
    },
    // Activities recorded in 2015 to 2017 had no updated_at (Crim/pardot-java-client visitorActivityQuery.xml).
    export: bulkExport("VisitorActivity", "created_at", [
      by("created_at", "documented"),
      by("updated_at", "documented"),
    ]),
    emailPairs: { listEmail: "list_email_id", email: "email_id" },
  }),
  notes: [
    "Export procedures: vendor docs, export-v4.",
    "The first history goes by created_at, because old rows may lack updated_at; later runs by updated_at.",
  ],
});
