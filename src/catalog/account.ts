import type { CatalogObject } from "./catalog.ts";
import { columns, object, single } from "./entry.ts";

export const account: CatalogObject = object("Account", {
  columns: columns(`
    id:integer company level website vanity_domain plugin_campaign_id:integer tracking_code_template address1 address2
    city state territory zip country phone fax created_at:datetime updated_at:datetime`),
  watermark: null,
  // JSON turns a zip of digits into a number and loses its leading zeros (pardot/api-docs issue 187); XML does not.
  v4: single("account", "xml"),
  notes: [
    "One record, read without an id; there is no query (vendor docs, accounts-v4).",
    "tracking_code_template is long and holds carriage returns (recorded: Crim/pardot-java-client accountRead.xml).",
  ],
});
