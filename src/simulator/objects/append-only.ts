/**
 * Tag object and email click: rows that never change (vendor docs, tag objects and batch email clicks; recorded:
 * Crim/pardot-java-client tagObjectQuery.xml, emailClickQuery.xml).
 */
import { hashText, mix, pick } from "../account/random.ts";
import { someId } from "./links.ts";
import { COMMON_SORT, CREATED_AT, defineObject, idFilter, integer, plainFields, text } from "../account/model.ts";
import type { ObjectModel } from "../account/model.ts";

const TAGGED: readonly [string, ...string[]] = [
  "Prospect", "Prospect", "Prospect", "Landing Page", "Form", "List", "Campaign", "Email", "Email Template",
  "Custom URL", "Drip Program", "File", "Form Handler", "Opportunity", "Segmentation Rule", "Social Message",
]; // prettier-ignore
const OBJECT_OF_TYPE: Readonly<Record<string, string>> = {
  Prospect: "Prospect",
  Form: "Form",
  List: "List",
  Campaign: "Campaign",
  Opportunity: "Opportunity",
  "Landing Page": "LandingPage",
  "Email Template": "EmailTemplate",
  "Custom URL": "CustomRedirect",
  "Form Handler": "FormHandler",
  File: "File",
};
const TAG_SALT = hashText("TagObject");
const CLICK_SALT = hashText("EmailClick");

/** Removing a tag removes the row. */
export const TAG_OBJECT: ObjectModel = defineObject({
  name: "TagObject",
  columns: [integer("id"), integer("tag_id"), text("type"), integer("object_id"), CREATED_AT],
  body: plainFields(["id", "tag_id", "type", "object_id", "created_at"]),
  make: (row, world) => {
    const hash = mix(mix(world.seed, TAG_SALT), row.index);
    const type = pick(TAGGED, hash);
    const object = OBJECT_OF_TYPE[type];
    const linked = object === undefined ? null : someId(object, mix(hash, 1), world);
    return [row.id, someId("Tag", mix(hash, 2), world), type, linked ?? 1 + (mix(hash, 3) % 9_000), row.created];
  },
  ranges: ["created"],
  hasUpdated: false,
  filters: [
    idFilter("tag_id"),
    { name: "type", kind: "text", column: "type" },
    { ...idFilter("object_id"), requires: "type" },
  ],
  sortKeys: COMMON_SORT,
  mobileUnlimited: true,
});

const CLICKED: Readonly<Record<string, string>> = { list_email_id: "ListEmail", email_template_id: "EmailTemplate" };
const CLICK_LINKS = ["list_email_id", "drip_program_action_id", "email_template_id", "tracker_redirect_id"] as const;

/** One link id is set, the others are absent. There is no email id (pardot/api-docs issue 157). */
export const EMAIL_CLICK: ObjectModel = defineObject({
  name: "EmailClick",
  columns: [integer("id"), integer("prospect_id"), text("url"), ...CLICK_LINKS.map(integer), CREATED_AT],
  body: [
    ...plainFields(["id", "prospect_id", "url"]),
    ...CLICK_LINKS.map((name) => ({ name, absentWhenNull: true })),
    { name: "created_at" },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, CLICK_SALT), row.index);
    const kind = mix(hash, 1) % 4;
    const links = CLICK_LINKS.map((name, n) => {
      if (n !== kind) return null;
      const object = CLICKED[name];
      return object === undefined ? 1 + (mix(hash, 3) % 500) : someId(object, mix(hash, 2), world);
    });
    return [row.id, someId("Prospect", mix(hash, 4), world), clickUrl(mix(hash, 5)), ...links, row.created];
  },
  operations: ["query"],
  ranges: ["created"],
  hasUpdated: false,
  filters: CLICK_LINKS.map((name) => idFilter(name)),
  // Only limit is documented for paging. Ids ascend (observed), and production clients send sort_by=id (airbytehq/airbyte).
  sortKeys: [],
  defaultSort: "id",
});

const URLS: readonly [string, ...string[]] = [
  "http://www.acme.test/",
  "https://www.acme.test/a/b?x=1&y=%20z#part",
  "https://www.acme.test/caf\u00E9/\u{1F600}",
  'https://www.acme.test/?q="quoted",comma',
  "mailto:info@acme.test",
  "007",
];

function clickUrl(hash: number): string {
  const url = pick(URLS, hash);
  // Not a bare number: JSON would drop its leading zeros, XML would keep them.
  return url === "007" ? `https://www.acme.test/007/${mix(hash, 1) % 10}` : url;
}
