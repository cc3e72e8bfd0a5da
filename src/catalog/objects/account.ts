import type { CatalogObject } from "../catalog.ts";

export const account: CatalogObject = {
  name: "Account",
  table: "PARDOT_ACCOUNT",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "company", type: "string" },
    { name: "level", type: "string" },
    { name: "website", type: "string" },
    { name: "vanity_domain", type: "string" },
    { name: "plugin_campaign_id", type: "integer" },
    { name: "tracking_code_template", type: "string" },
    { name: "address1", type: "string" },
    { name: "address2", type: "string" },
    { name: "city", type: "string" },
    { name: "state", type: "string" },
    { name: "territory", type: "string" },
    { name: "zip", type: "string" },
    { name: "country", type: "string" },
    { name: "phone", type: "string" },
    { name: "fax", type: "string" },
    { name: "created_at", type: "datetime" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: null,
  deletes: false,
  v4: {
    urlName: "account",
    dataKey: "account",
    process: "read",
    // JSON turns a zip of digits into a number and loses its leading zeros (pardot/api-docs issue 187); XML does not.
    readFormat: "xml",
  },
  notes: [
    "One record, read without an id; there is no query (vendor docs, accounts-v4).",
    "tracking_code_template is long and holds carriage returns (recorded: Crim/pardot-java-client accountRead.xml).",
  ],
};
