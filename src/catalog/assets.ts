import type { CatalogEntry } from "./catalog.ts";
import { BY_BOTH, collected, collection, columns, object, queried } from "./entry.ts";

// XML wherever a record has text: JSON turns text that looks like a number into one, so a tag named "007" or "1e3"
// would come back as a number (pardot/api-docs issue 187).

export const campaign: CatalogEntry = object("Campaign", {
  columns: columns("id:integer name cost:number"),
  watermark: null,
  v4: queried("campaign", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at cost",
  }),
  v5: collected("campaigns"),
  notes: [
    "Responses have no timestamps, although queries can filter by both (vendor docs, campaigns-v4), so it is always read in full.",
  ],
});

export const form: CatalogEntry = object("Form", {
  columns: columns(`
    id:integer name campaign_id:integer@campaign.id campaign_name@campaign.name embed_code@embedCode created_at:datetime
    updated_at:datetime`),
  watermark: "updated_at",
  v4: queried("form", {
    format: "xml",
    // Only full has the campaign's name.
    output: "full",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id updated_at",
  }),
  // No date filter (vendor docs, form-v5).
  v5: collected("forms", { filters: [], wire: { campaign_name: "campaign.name" } }),
  notes: ["The embed code is named embedCode in responses (recorded: Crim/pardot-java-client formQuery.xml)."],
});

export const tag: CatalogEntry = object("Tag", {
  columns: columns("id:integer name created_at:datetime updated_at:datetime"),
  watermark: "updated_at",
  v4: queried("tag", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at",
  }),
  v5: collected("tags"),
  notes: ["Filters and sort keys: vendor docs, tags-v4.", "Deleted tags disappear from the list."],
});

export const tagObject: CatalogEntry = object("TagObject", {
  columns: columns("id:integer tag_id:integer type object_id:integer created_at:datetime"),
  watermark: "created_at",
  v4: queried("tagObject", { format: "json", filters: ["created_at"], sortBy: "created_at id" }),
  v5: collected("tagged-objects", {
    order: null,
    filters: ["created_at"],
    split: "created_at",
    wire: { type: "objectType" },
  }),
  notes: ["A removed tag simply disappears (vendor docs, tag-objects-v4)."],
});

export const list: CatalogEntry = object("List", {
  columns: columns(`
    id:integer name is_public:boolean is_dynamic:boolean title description is_crm_visible:boolean created_at:datetime
    updated_at:datetime`),
  watermark: "updated_at",
  v4: queried("list", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at",
  }),
  v5: collected("lists", { wire: { is_crm_visible: null }, exports: { object: "List", by: BY_BOTH } }),
  notes: ["Filters and sort keys: vendor docs, lists-v4."],
});

export const account: CatalogEntry = object("Account", {
  columns: columns(`
    id:integer company level website vanity_domain plugin_campaign_id:integer tracking_code_template address1 address2
    city state territory zip country phone fax created_at:datetime updated_at:datetime`),
  watermark: null,
  // JSON turns a zip of digits into a number and loses its leading zeros (pardot/api-docs issue 187); XML does not.
  v4: { api: "v4", urlName: "account", dataKey: "account", process: "read", readFormat: "xml" },
  v5: {
    api: "v5",
    process: "read",
    urlName: "account",
    path: "objects/account",
    wire: { vanity_domain: null, tracking_code_template: null, address1: "addressOne", address2: "addressTwo" },
  },
  notes: [
    "One record, read without an id. It cannot be queried (vendor docs, accounts-v4).",
    "tracking_code_template is long and contains carriage returns (recorded: Crim/pardot-java-client accountRead.xml).",
  ],
});

export const customRedirect: CatalogEntry = collection("CustomRedirect", "custom-redirects", {
  columns: `
    id name url destination_url vanity_url campaign_id salesforce_id is_deleted folder_id tracker_domain_id
    vanity_url_path tracked_url bitly_is_personalized:boolean bitly_short_url ga_source ga_medium ga_term ga_content
    ga_campaign created_at updated_at created_by_id updated_by_id`,
  deleted: true,
  notes: ["No date filter (vendor docs, custom-redirect-v5)."],
});

export const dynamicContent: CatalogEntry = collection("DynamicContent", "dynamic-contents", {
  columns: `
    id name based_on_prospect_api_field_id embed_code embed_url based_on tag_replacement_language folder_id
    tracker_domain_id is_deleted base_content campaign_id created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  order: "updated_at",
  deleted: true,
  exports: { object: "DynamicContent", by: BY_BOTH },
  notes: [
    "A client that runs on real accounts (Airbyte source-pardot) sorts by updated_at; the vendor's page lists no order.",
    "campaign_id is not in the field table of the vendor's page.",
  ],
});

export const dynamicContentVariation: CatalogEntry = collection(
  "DynamicContentVariation",
  "dynamic-content-variations",
  {
    columns: "id dynamic_content_id comparison operator value1 value2 content",
    parent: { path: "objects/dynamic-contents", order: "updated_at", filter: "dynamicContentId" },
    notes: [
      "Has no dates. Whether the query works without dynamicContentId is not documented; if Pardot refuses it, the variations of each dynamic content are read separately.",
    ],
  },
);

export const file: CatalogEntry = collection("File", "files", {
  columns: `
    id name folder_id campaign_id salesforce_id tracker_domain_id vanity_url vanity_url_path url size:integer
    is_tracked bitly_is_personalized:boolean bitly_short_url salesforce_cms_id created_at updated_at created_by_id
    updated_by_id`,
  notes: ["No filter is documented."],
});

export const folder: CatalogEntry = collection("Folder", "folders", {
  columns: `
    id name parent_folder_id path use_permissions:boolean created_at updated_at created_by_id updated_by_id`,
});

export const folderContent: CatalogEntry = collection("FolderContent", "folder-contents", {
  columns: `
    id folder_id folder_ref object_type object_id object_name object_ref created_at updated_at created_by_id
    updated_by_id`,
  watermark: "updated_at",
  order: "updated_at",
  notes: ["A client that runs on real accounts (Airbyte source-pardot) filters and sorts by updated_at."],
});

export const formField: CatalogEntry = collection("FormField", "form-fields", {
  columns: `
    id form_id prospect_api_field_id type data_format sort_order:integer has_dependents has_progressives has_values
    label error_message css_classes is_required is_always_display is_maintain_initial_value is_do_not_prefill
    description created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  order: "updated_at",
  notes: ["A client that runs on real accounts (Airbyte source-pardot) filters and sorts by updated_at."],
});

export const formHandler: CatalogEntry = collection("FormHandler", "form-handlers", {
  columns: `
    id name folder_id campaign_id tracker_domain_id is_data_forwarded success_location error_location is_always_email
    is_cookieless salesforce_id embed_code is_deleted created_at updated_at created_by_id updated_by_id`,
  deleted: true,
  notes: [
    "Queries can filter only by created_at, which does not show edits, so it is always read in full. Only one client lists updated_at.",
  ],
});

export const formHandlerField: CatalogEntry = collection("FormHandlerField", "form-handler-fields", {
  columns: `
    id name form_handler_id data_format prospect_api_field_id is_maintain_initial_value error_message is_required
    created_at created_by_id`,
  notes: ["Has no updated_at, so it is always read in full."],
});

export const landingPage: CatalogEntry = collection("LandingPage", "landing-pages", {
  columns: `
    id name campaign_id salesforce_id is_deleted layout_type layout_table_border:integer is_use_redirect_location
    bitly_is_personalized:boolean bitly_short_url url vanity_url folder_id form_id layout_template_id title
    description is_do_not_index vanity_url_path redirect_location tracker_domain_id archive_date salesforce_cms_id
    layout_css layout_css_generated created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  deleted: true,
  exports: { object: "LandingPage", by: BY_BOTH },
  notes: [
    "Only a read of a single page returns content and scriptFragment. salesforce_cms_id exists only with a Salesforce CMS connector.",
  ],
});

export const layoutTemplate: CatalogEntry = collection("LayoutTemplate", "layout-templates", {
  columns: `
    id name layout_content site_search_content form_content folder_id is_deleted is_include_default_css created_at
    updated_at created_by_id updated_by_id`,
  deleted: true,
  limit: 100,
  notes: ["No date filter; the contents are large."],
});

export const taggedObject: CatalogEntry = collection("TaggedObject", "tagged-objects", {
  columns: "id tag_id object_type object_id object_name created_at created_by_id",
  order: null,
  split: "created_at",
  notes: ["A removed tag simply disappears, so it is always read in full. No order is documented."],
});

export const trackerDomain: CatalogEntry = collection("TrackerDomain", "tracker-domains", {
  columns: `
    id domain is_primary is_deleted default_campaign_id https_status ssl_status ssl_status_details ssl_requested_by_id
    validation_status validated_at vanity_url_status tracking_code created_at updated_at created_by_id updated_by_id`,
  deleted: true,
  notes: ["Some accounts get HTTP 504 here (airbytehq/airbyte issue 74886)."],
});
