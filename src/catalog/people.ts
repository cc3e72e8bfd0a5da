import type { CatalogEntry } from "./catalog.ts";
import {
  BY_BOTH,
  collected,
  collection,
  PROSPECT_FIELDS,
  bulkExport,
  by,
  columns,
  exported,
  object,
  queried,
  query,
} from "./entry.ts";

export const prospect: CatalogEntry = object("Prospect", {
  columns: columns(`
    id:integer campaign_id:integer salutation first_name last_name email company prospect_account_id:integer website
    job_title department country address_one address_two city state territory zip phone fax source annual_revenue employees
    industry years_in_business comments score:integer last_activity_at:datetime recent_interaction crm_lead_fid
    crm_contact_fid crm_owner_fid crm_account_fid salesforce_fid crm_last_sync:datetime crm_url is_do_not_email:boolean
    is_do_not_call:boolean opted_out:boolean is_reviewed:boolean is_starred:boolean created_at:datetime
    updated_at:datetime`),
  watermark: "updated_at",
  v4: exported("prospect", {
    query: {
      format: "xml",
      filters: ["created_at", "updated_at"],
      sortBy: "created_at id last_activity_at updated_at",
    },
    export: bulkExport("Prospect", "updated_at", [by("updated_at", "documented"), by("created_at", "unconfirmed")]),
    customFields: {
      by: "query",
      urlName: "customField",
      dataKey: "customField",
      query: query({ format: "xml", output: "full", filters: ["created_at"], sortBy: "created_at id name" }),
      name: "field_id",
    },
    deletedIn: "ProspectDeleted",
  }),
  v5: collected("prospects", {
    wire: {
      crm_lead_fid: "salesforceLeadId",
      crm_contact_fid: "salesforceContactId",
      crm_owner_fid: "salesforceOwnerId",
      crm_account_fid: "salesforceAccountId",
      salesforce_fid: "salesforceId",
      crm_last_sync: "salesforceLastSync",
      crm_url: "salesforceUrl",
    },
    customFields: PROSPECT_FIELDS,
    exports: { object: "Prospect", by: BY_BOTH },
  }),
  notes: [
    "A custom field's key in responses and exports is its field_id (vendor docs, custom-fields-v4 and prospects-v4).",
    "grade and notes cannot be exported (vendor docs, export-v4); the password is never requested.",
  ],
});

export const prospectDeleted: CatalogEntry = object("ProspectDeleted", {
  columns: columns("id:integer email crm_lead_fid crm_contact_fid salesforce_fid updated_at:datetime"),
  watermark: "updated_at",
  core: false,
  auto: "v4",
  v4: queried("prospect", {
    format: "xml",
    parameters: { deleted: "true" },
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id last_activity_at updated_at",
    deletedOnly: true,
  }),
  notes: [
    "Read by the query, because its deleted=true selects only deleted prospects; the export accepts only deleted=all, which does not mark them (vendor docs, prospects-v4 and export-v4).",
    "A restored prospect is in Prospect again, with a later updated_at: see `pardot-etl help deletes`.",
    "We infer that deleting a record sets updated_at.",
  ],
});

export const prospectAccount: CatalogEntry = object("ProspectAccount", {
  columns: columns(`
    id:integer name number description phone fax website rating site type annual_revenue industry sic employees ownership
    ticker_symbol billing_address_one billing_address_two billing_city billing_state billing_zip billing_country
    shipping_address_one shipping_address_two shipping_city shipping_state shipping_zip shipping_country
    created_at:datetime updated_at:datetime`),
  watermark: "updated_at",
  v4: exported("prospectAccount", {
    query: { format: "xml", filters: ["created_at", "updated_at"], sortBy: "created_at id name updated_at" },
    export: { ...bulkExport("ProspectAccount", "updated_at", [by("updated_at", "unconfirmed")]), whenRefused: "query" },
    customFields: { by: "describe", always: ["id", "name", "created_at", "updated_at"] },
  }),
  // updated_at is a field but not a filter (vendor docs, prospect-account-v5).
  v5: collected("prospect-accounts", { filters: [], exports: { object: "ProspectAccount", by: ["created_at"] } }),
  notes: [
    "A production client sends filter_by_updated_at, but no response to it is known; if Pardot refuses it, the query is used instead.",
    "filter_by_prospect_updated_at selects accounts by the time of their prospects and misses all other accounts, so only an operator's override uses it.",
    "Fields that describe does not list for this account are null.",
  ],
});

export const listMembership: CatalogEntry = object("ListMembership", {
  columns: columns(
    "id:integer list_id:integer prospect_id:integer opted_out:boolean created_at:datetime updated_at:datetime",
  ),
  watermark: "updated_at",
  v4: exported("listMembership", {
    dataKey: "list_membership",
    query: { format: "xml", filters: ["created_at", "updated_at"], sortBy: "created_at id" },
    export: bulkExport("ListMembership", "updated_at", [
      by("created_at", "documented"),
      by("updated_at", "documented"),
    ]),
    deletedIn: "ListMembershipDeleted",
  }),
  v5: collected("list-memberships", { exports: { object: "ListMembership", by: BY_BOTH } }),
  notes: [
    "Export procedures: vendor docs, export-v4.",
    "Cannot be sorted by updated_at (vendor docs, list-memberships-v4).",
  ],
});

export const listMembershipDeleted: CatalogEntry = object("ListMembershipDeleted", {
  columns: columns("id:integer list_id:integer prospect_id:integer updated_at:datetime"),
  watermark: "updated_at",
  core: false,
  auto: "v4",
  v4: queried("listMembership", {
    dataKey: "list_membership",
    format: "xml",
    parameters: { deleted: "true" },
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id",
    deletedOnly: true,
  }),
  notes: [
    "Read by the query with deleted=true (vendor docs, list-memberships-v4). The export accepts it too, but a day's deletions fit in a page or two, and an export costs four calls and waits in the export queue.",
    "We infer that deleting a record sets updated_at.",
  ],
});

export const visitor: CatalogEntry = object("Visitor", {
  columns: columns(`
    id:integer prospect_id:integer page_view_count:integer ip_address hostname campaign_parameter medium_parameter
    source_parameter content_parameter term_parameter created_at:datetime updated_at:datetime`),
  watermark: "updated_at",
  v4: exported("visitor", {
    query: {
      format: "xml",
      // Anonymous visitors too: only_identified defaults to true (vendor docs, visitors-v4).
      parameters: { only_identified: "false" },
      filters: ["created_at", "updated_at"],
      sortBy: "created_at id updated_at",
    },
    export: bulkExport("Visitor", "updated_at", [by("updated_at", "recorded"), by("created_at", "unconfirmed")]),
  }),
  // Two clients that run on real accounts send the filter by updated_at. It is not documented.
  v5: collected("visitors", { filters: ["updated_at"], exports: { object: "Visitor", by: BY_BOTH } }),
  notes: ["The export of visitors was seen in production in 2021; the vendor's page does not list it."],
});

export const visitorActivity: CatalogEntry = object("VisitorActivity", {
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
  v5: collected("visitor-activities", {
    emailPairs: { listEmail: "list_email_id", email: "email_id" },
    exports: { object: "VisitorActivity", by: BY_BOTH },
  }),
  notes: [
    "Export procedures: vendor docs, export-v4.",
    "The first full history is read by created_at, because old rows may lack updated_at; later runs read by updated_at.",
  ],
});

export const opportunity: CatalogEntry = object("Opportunity", {
  columns: [
    ...columns(`
      id:integer name value:number probability:integer type stage status closed_at:datetime created_at:datetime
      updated_at:datetime campaign_id:integer@campaign.id campaign_name@campaign.name`),
    {
      name: "prospects",
      type: "json",
      wire: "prospects.prospect[]",
      items: columns("id:integer first_name last_name email company"),
      itemsOf: "Prospect",
    },
  ],
  watermark: "updated_at",
  v4: queried("opportunity", {
    // full, because only it has the campaign and the prospects; XML: JSON turns text that looks like a number into one
    // (pardot/api-docs issue 187).
    format: "xml",
    output: "full",
    filters: ["created_at"],
    sortBy: "created_at id probability value",
  }),
  v5: collected("opportunities", {
    order: "updated_at",
    wire: { campaign_name: "campaign.name", prospects: null },
    exports: { object: "Opportunity", by: BY_BOTH },
  }),
  notes: [
    "Queries cannot filter by updated_at (vendor docs, opportunities-v4), so pardot-etl reads every record by id and filters them itself.",
    "prospects: a JSON array of {id, first_name, last_name, email, company}, [] when there are none.",
  ],
});

export const lifecycleStage: CatalogEntry = collection("LifecycleStage", "lifecycle-stages", {
  columns: "id name is_deleted is_locked position:integer match_type created_at updated_at",
  watermark: "updated_at",
  deleted: true,
  exports: { object: "LifecycleStage", by: BY_BOTH },
});

export const lifecycleHistory: CatalogEntry = collection("LifecycleHistory", "lifecycle-histories", {
  columns: "id prospect_id previous_stage_id next_stage_id seconds_elapsed:integer created_at",
  watermark: "created_at",
  exports: { object: "LifecycleHistory", by: ["created_at"] },
  notes: ["Append-only."],
});

export const visit: CatalogEntry = collection("Visit", "visits", {
  columns: `
    id visitor_id prospect_id visitor_page_view_count:integer first_visitor_page_view_at last_visitor_page_view_at
    duration_in_seconds:integer source_parameter campaign_parameter medium_parameter content_parameter term_parameter
    created_at updated_at visitor_page_views:json[id,url,title,created_at]`,
  watermark: "updated_at",
  // Page views are an object of API v5: VisitorPageView.
  wire: { visitor_page_views: null },
  v4: queried("visit", {
    format: "xml",
    output: "full",
    filters: [],
    sortBy: "",
    wire: { visitor_page_views: "visitor_page_views.visitor_page_view[]" },
    parents: {
      urlName: "visitor",
      dataKey: "visitor",
      query: query({
        format: "xml",
        parameters: { only_identified: "false" },
        filters: ["created_at", "updated_at"],
        sortBy: "created_at id updated_at",
      }),
      filter: "visitor_ids",
      idsMax: 200,
    },
  }),
  notes: [
    "v3/v4 has no list of visits: the query requires ids of visits, visitors or prospects (vendor docs, visits-v4).",
    "So with v3/v4 each run reads the visits of all visitors, 200 visitors at a time, and filters them itself: no documentation states that a visit changes its visitor's updated_at. This takes at least one call per 100 visitors. Visits without a visitor are not found.",
    "visitor_page_views: a JSON array of {id, url, title, created_at} in v3/v4; null in v5, which has VisitorPageView.",
  ],
});

export const visitorPageView: CatalogEntry = collection("VisitorPageView", "visitor-page-views", {
  columns: `
    id url title visitor_id campaign_id visit_id duration_in_seconds:integer salesforce_id created_at`,
  watermark: "created_at",
  notes: ["Append-only; usually the largest table."],
});

export const externalActivity: CatalogEntry = collection("ExternalActivity", "/external-activities", {
  columns: "id extension type email value activity_date:datetime prospect_id created_at updated_at",
  watermark: "created_at",
  order: null,
  split: "created_at",
  notes: [
    "Its path is not under /objects (vendor docs, external-activities-v5). The filter by created_at is not documented.",
  ],
});
