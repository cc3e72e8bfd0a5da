/** Which column of v3/v4 a field of v5 shows, so that both versions serve the same records. */
import type { Value } from "../../account/model.ts";

export interface Source {
  readonly column: string;
  readonly as?: (value: Value) => Value;
}

const RENAMED: Readonly<Record<string, Source>> = {
  "Account.addressOne": { column: "address1" },
  "Account.addressTwo": { column: "address2" },
  "CustomField.salesforceId": { column: "crm_id" },
  "Prospect.assignedToId": { column: "assigned_to_user" },
  "Prospect.salesforceAccountId": { column: "crm_account_fid" },
  "Prospect.salesforceContactId": { column: "crm_contact_fid" },
  "Prospect.salesforceId": { column: "salesforce_fid" },
  "Prospect.salesforceLastSync": { column: "crm_last_sync" },
  "Prospect.salesforceLeadId": { column: "crm_lead_fid" },
  "Prospect.salesforceOwnerId": { column: "crm_owner_fid" },
  "Prospect.salesforceUrl": { column: "crm_url" },
  // Documented values: campaign, landing-page, custom-redirect … (vendor docs, tagged objects).
  "TagObject.objectType": { column: "type", as: kebab },
  "Visitor.isIdentified": { column: "prospect_id", as: (value) => value !== null },
};

/** By default the column of the same name, in snake_case; objects that only v5 has already have the field's name. */
export function sourceOf(object: string, field: string, columns: ReadonlyMap<string, number>): Source {
  const renamed = RENAMED[`${object}.${field}`];
  if (renamed !== undefined || columns.has(field)) return renamed ?? { column: field };
  if (field.endsWith("__c")) return { column: field.slice(0, -"__c".length) };
  return { column: field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) };
}

function kebab(value: Value): Value {
  if (value === "Custom URL") return "custom-redirect";
  return typeof value === "string" ? value.toLowerCase().replaceAll(" ", "-") : value;
}
