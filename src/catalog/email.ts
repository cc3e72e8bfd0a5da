import type { PerEmailObject, QueriedObject } from "./catalog.ts";
import { columns, object, perEmail, queried } from "./entry.ts";

export const emailClick: QueriedObject = object("EmailClick", {
  columns: columns(`
    id:integer prospect_id:integer url list_email_id:integer drip_program_action_id:integer email_template_id:integer
    tracker_redirect_id:integer created_at:datetime`),
  watermark: "created_at",
  v4: queried("emailClick", {
    // Sorting by id and output=bulk are not documented here, but production clients send both (Airbyte source-pardot, singer-io/tap-pardot).
    format: "json",
    filters: ["created_at"],
    sortBy: "id",
    evidence: "recorded",
  }),
  notes: ["Link ids are absent when not set (vendor docs, batch-email-clicks)."],
});

export const email: PerEmailObject = object("Email", {
  columns: columns(`
    email_id:integer@id list_email_id:integer name subject is_one_to_one:boolean@isOneToOne message_text@message.text
    message_html@message.html created_at:datetime`),
  key: "email_id",
  watermark: null,
  v4: perEmail("email", { operation: "read", by: "email", listEmailColumn: "list_email_id", which: "new" }),
  notes: [
    "v3/v4 cannot list emails (vendor docs, emails-v4): ids come from visitor activities, one email for each list email.",
    "The answer holds no list_email_id (pardot/api-docs issue 158): it is kept from the activity.",
  ],
});

export const emailStats: PerEmailObject = object("EmailStats", {
  columns: columns(`
    list_email_id:integer sent:integer delivered:integer total_clicks:integer unique_clicks:integer soft_bounced:integer
    hard_bounced:integer opt_outs:integer spam_complaints:integer opens:integer unique_opens:integer delivery_rate
    opens_rate click_through_rate unique_click_through_rate click_open_ratio opt_out_rate spam_complaint_rate`),
  key: "list_email_id",
  core: false,
  watermark: null,
  v4: perEmail("stats", { operation: "stats", by: "listEmail", listEmailColumn: "list_email_id", which: "active" }),
  notes: [
    "One call and one row for each list email with activity since the last run; rates are text such as 98.42% (vendor docs, emails-v4; recorded: Crim/pardot-java-client emailStats.xml).",
  ],
});
