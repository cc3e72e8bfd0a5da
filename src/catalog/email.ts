import type { CatalogEntry, PerEmailV5 } from "./catalog.ts";
import { BY_BOTH, collection, columns, object, perEmail, queried } from "./entry.ts";

export const emailClick: CatalogEntry = object("EmailClick", {
  columns: columns(`
    id:integer prospect_id:integer url list_email_id:integer drip_program_action_id:integer email_template_id:integer
    tracker_redirect_id:integer created_at:datetime`),
  watermark: "created_at",
  v4: queried("emailClick", {
    // Sorting by id and output=bulk are not documented here, but production clients send both (Airbyte source-pardot,
    // singer-io/tap-pardot).
    format: "json",
    filters: ["created_at"],
    sortBy: "id",
    evidence: "recorded",
  }),
  notes: ["Link ids are absent when not set (vendor docs, batch-email-clicks)."],
});

export const email: CatalogEntry = object("Email", {
  columns: columns(`
    email_id:integer@id list_email_id:integer name subject is_one_to_one:boolean@isOneToOne message_text@message.text
    message_html@message.html created_at:datetime`),
  key: "email_id",
  watermark: null,
  v4: perEmail("email", { operation: "read", by: "email", listEmailColumn: "list_email_id", which: "new" }),
  v5: {
    api: "v5",
    process: "email",
    urlName: "emails",
    path: "objects/emails/{id}",
    wire: {
      email_id: "id",
      is_one_to_one: null,
      message_text: "textMessage",
      message_html: "htmlMessage",
      created_at: null,
    },
    email: { operation: "read", by: "email", listEmailColumn: "list_email_id", which: "new" },
  },
  notes: [
    "v3/v4 cannot list emails (vendor docs, emails-v4): ids come from visitor activities, one email for each list email.",
    "Responses do not contain list_email_id (pardot/api-docs issue 158); it comes from the activity.",
  ],
});

const LIST_EMAIL_STATS: PerEmailV5 = {
  api: "v5",
  process: "email",
  urlName: "list-emails",
  path: "objects/list-emails/{id}/stats",
  wire: {},
  email: { operation: "stats", by: "listEmail", listEmailColumn: "list_email_id", which: "active" },
};

export const emailStats: CatalogEntry = object("EmailStats", {
  columns: columns(`
    list_email_id:integer sent:integer delivered:integer total_clicks:integer unique_clicks:integer soft_bounced:integer
    hard_bounced:integer opt_outs:integer spam_complaints:integer opens:integer unique_opens:integer delivery_rate
    opens_rate click_through_rate unique_click_through_rate click_open_ratio opt_out_rate spam_complaint_rate`),
  key: "list_email_id",
  core: false,
  auto: "v4",
  watermark: null,
  v4: perEmail("stats", { operation: "stats", by: "listEmail", listEmailColumn: "list_email_id", which: "active" }),
  v5: LIST_EMAIL_STATS,
  notes: [
    "One call and one row for each list email with activity since the last run; rates are text such as 98.42% (vendor docs, emails-v4; recorded: Crim/pardot-java-client emailStats.xml).",
    "ListEmailStats has the same numbers through v5, so where it is offered the group all leaves this object out: name it to read both, all,EmailStats.",
    "v5 returns rates as numbers, so under PARDOT_API_VERSION=5 they are text without the percent sign.",
  ],
});

export const listEmail: CatalogEntry = collection("ListEmail", "list-emails", {
  columns: `
    id name subject is_paused is_sent is_deleted is_operational sent_at campaign_id client_type
    sender_options:json[type,address,name,user_id,prospect_custom_field_id,account_custom_field_id]
    reply_to_options:json[type,address,user_id,prospect_custom_field_id,account_custom_field_id] email_template_id
    tracker_domain_id folder_id type created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  order: "updated_at",
  deleted: true,
  exports: { object: "ListEmail", by: BY_BOTH },
  notes: [
    "Only a read of a single list email returns texts and recipient lists.",
    "A client that runs on real accounts (Airbyte source-pardot) sorts by updated_at.",
  ],
});

export const emailTemplate: CatalogEntry = collection("EmailTemplate", "email-templates", {
  columns: `
    id name subject is_one_to_one_email is_auto_responder_email is_drip_email is_list_email
    sender_options:json[type,address,name,user_id,prospect_custom_field_id,account_custom_field_id]
    reply_to_options:json[type,address,user_id,prospect_custom_field_id,account_custom_field_id] tracker_domain_id
    folder_id type campaign_id is_deleted tag_replacement_language created_at updated_at created_by_id updated_by_id`,
  order: null,
  split: "created_at",
  deleted: true,
  notes: ["No order and no date filter is documented. Only a read of a single template returns the texts."],
});

export const engagementStudioProgram: CatalogEntry = collection(
  "EngagementStudioProgram",
  "engagement-studio-programs",
  {
    columns: `
    id status is_deleted salesforce_id description business_hours:json prospects_multiple_entry:json schedule:json
    schedule_created_by_id recipient_list_ids:json suppression_list_ids:json name folder_id created_at updated_at
    created_by_id updated_by_id`,
    watermark: "updated_at",
    order: "updated_at",
    deleted: true,
    notes: ["A client that runs on real accounts (Airbyte source-pardot) filters and sorts by updated_at."],
  },
);

export const listEmailStats: CatalogEntry = object("ListEmailStats", {
  columns: columns(`
    list_email_id:integer sent:integer delivered:integer opens:integer unique_opens:integer total_clicks:integer
    unique_clicks:integer opt_outs:integer hard_bounced:integer soft_bounced:integer spam_complaints:integer
    delivery_rate:number opens_rate:number click_through_rate:number opt_out_rate:number
    unique_click_through_rate:number click_open_ratio:number spam_complaint_rate:number`),
  key: "list_email_id",
  core: false,
  watermark: null,
  v5: LIST_EMAIL_STATS,
  notes: [
    "One call and one row for each list email with activity since the last run (vendor docs, list-email-v5).",
    "Only one client lists the last three rates; if a response lacks them, they are null.",
  ],
});
