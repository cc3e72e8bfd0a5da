import type { CatalogObject } from "../catalog.ts";

export const email: CatalogObject = {
  name: "Email",
  table: "PARDOT_EMAIL",
  core: true,
  columns: [
    { name: "email_id", type: "integer", wire: "id" },
    { name: "list_email_id", type: "integer" },
    { name: "name", type: "string" },
    { name: "subject", type: "string" },
    { name: "is_one_to_one", type: "boolean", wire: "isOneToOne" },
    { name: "message_text", type: "string", wire: "message.text" },
    { name: "message_html", type: "string", wire: "message.html" },
    { name: "created_at", type: "datetime" },
  ],
  key: "email_id",
  watermark: null,
  deletes: false,
  v4: {
    urlName: "email",
    dataKey: "email",
    process: "email",
    readFormat: "xml",
    email: { operation: "read", by: "email", listEmailColumn: "list_email_id", which: "new" },
  },
  notes: [
    "v3/v4 cannot list e-mails (vendor docs, emails-v4): ids come from visitor activities, one e-mail stands for its list e-mail.",
    "The answer holds no list_email_id (pardot/api-docs issue 158): it is kept from the activity.",
  ],
};
