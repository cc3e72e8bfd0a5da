import type { CatalogObject, QueriedObject } from "./catalog.ts";
import { columns, object, queried } from "./entry.ts";

// XML wherever a record has text: JSON turns text that looks like a number into one, so a tag named "007" or "1e3"
// would come back as a number (pardot/api-docs issue 187).

export const campaign: QueriedObject = object("Campaign", {
  columns: columns("id:integer name cost:number"),
  watermark: null,
  v4: queried("campaign", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at cost",
  }),
  notes: [
    "Answers carry no timestamps, although both can be filtered on (vendor docs, campaigns-v4): always read whole.",
  ],
});

export const form: QueriedObject = object("Form", {
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
  notes: ["The embed code is embedCode on the wire (recorded: Crim/pardot-java-client formQuery.xml)."],
});

export const tag: QueriedObject = object("Tag", {
  columns: columns("id:integer name created_at:datetime updated_at:datetime"),
  watermark: "updated_at",
  v4: queried("tag", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at",
  }),
  notes: ["Filters and sort keys: vendor docs, tags-v4.", "A deleted tag is no longer listed."],
});

export const tagObject: QueriedObject = object("TagObject", {
  columns: columns("id:integer tag_id:integer type object_id:integer created_at:datetime"),
  watermark: "created_at",
  v4: queried("tagObject", { format: "json", filters: ["created_at"], sortBy: "created_at id" }),
  notes: ["A removed tag just disappears (vendor docs, tag-objects-v4)."],
});

export const list: QueriedObject = object("List", {
  columns: columns(`
    id:integer name is_public:boolean is_dynamic:boolean title description is_crm_visible:boolean created_at:datetime
    updated_at:datetime`),
  watermark: "updated_at",
  v4: queried("list", {
    format: "xml",
    filters: ["created_at", "updated_at"],
    sortBy: "created_at id name updated_at",
  }),
  notes: ["Filters and sort keys: vendor docs, lists-v4."],
});

export const account: CatalogObject = object("Account", {
  columns: columns(`
    id:integer company level website vanity_domain plugin_campaign_id:integer tracking_code_template address1 address2
    city state territory zip country phone fax created_at:datetime updated_at:datetime`),
  watermark: null,
  // JSON turns a zip of digits into a number and loses its leading zeros (pardot/api-docs issue 187); XML does not.
  v4: { urlName: "account", dataKey: "account", process: "read", readFormat: "xml" },
  notes: [
    "One record, read without an id; there is no query (vendor docs, accounts-v4).",
    "tracking_code_template is long and holds carriage returns (recorded: Crim/pardot-java-client accountRead.xml).",
  ],
});
