/**
 * Prospect (vendor docs, prospects and object field reference; recorded: Crim/pardot-java-client prospectQuery.xml,
 * prospectRead.xml). Booleans are null, 1 or 0; `fax` is missing in bulk (pardot/api-docs issue 187); custom fields
 * are next to the others, in bulk only if named (issue 151).
 */
import { hashText, mix, pick } from "../account/random.ts";
import { COMMON_SORT, defineObject, idFilter, integer, SORT_UPDATED, text, timeProcedure } from "../account/model.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, BodyField, World } from "../account/model.ts";
import { longText, someText } from "../account/text.ts";
import { isMultiValue, prospectCustomColumns, prospectCustomValues } from "./custom-field.ts";
import { campaignField, prospectIdentity, someId } from "./links.ts";
import { userEmail } from "./user.ts";

const STRINGS = new Set([
  "salutation", "first_name", "last_name", "email", "company", "website", "job_title", "department", "country",
  "address_one", "address_two", "city", "state", "territory", "zip", "phone", "fax", "source", "annual_revenue",
  "employees", "industry", "years_in_business", "comments",
]); // prettier-ignore
const BOOLEANS = new Set(["is_do_not_email", "is_do_not_call", "opted_out", "is_reviewed", "is_starred"]);
const ORDER: readonly string[] = [
  "id", "campaign_id", "salutation", "first_name", "last_name", "email", "company", "prospect_account_id", "website",
  "job_title", "department", "country", "address_one", "address_two", "city", "state", "territory", "zip", "phone",
  "fax", "source", "annual_revenue", "employees", "industry", "years_in_business", "comments", "score",
  "last_activity_at", "recent_interaction", "crm_lead_fid", "crm_contact_fid", "crm_owner_fid", "crm_account_fid",
  "salesforce_fid", "crm_last_sync", "crm_url", "is_do_not_email", "is_do_not_call", "opted_out", "is_reviewed",
  "is_starred", "created_at", "updated_at",
]; // prettier-ignore

const column = (name: string): ModelColumn => {
  if (BOOLEANS.has(name)) return { name, kind: "boolean" };
  if (name.endsWith("_at") || name === "crm_last_sync") return { name, kind: "datetime" };
  return { name, kind: name === "id" || name === "score" || name.endsWith("_id") ? "integer" : "string" };
};

const COLUMNS: readonly ModelColumn[] = [
  ...ORDER.map(column),
  // Grade and notes cannot be exported (vendor docs, export). A password is never shown.
  ...["password", "notes", "grade"].map((name) => ({ ...text(name), apiOnly: true, notExported: true })),
  ...["assigned_to_user", "profile_id"].map((name) => ({ ...integer(name), apiOnly: true, notExported: true })),
];

const field = (name: string): BodyField => ({
  name,
  oneOrZero: BOOLEANS.has(name),
  pairWhenNull: STRINGS.has(name) || BOOLEANS.has(name) || name === "password" || name === "notes",
  ...(name === "fax" ? { outputs: ["full", "simple", "mobile"] as const } : {}),
});

/** `password` after `email`, `notes` and `grade` around `score`, as recorded. */
const BODY: readonly BodyField[] = [
  ...ORDER.flatMap((name): readonly BodyField[] => {
    if (name === "email") return [field(name), field("password")];
    if (name === "comments") return [field(name), field("notes")];
    return name === "score" ? [field(name), { name: "grade" }] : [field(name)];
  }),
  campaignField(1)[0],
  {
    name: "assigned_to",
    outputs: ["full"],
    absentWhenNull: true,
    nested: (values) => {
      const user = values[ASSIGNED_TO];
      return typeof user === "number" ? { user: { id: user, email: userEmail(user), first_name: "Sales" } } : null;
    },
  },
  // Nodes of other objects are empty: an extractor does not request output=full.
  { name: "last_activity", outputs: ["full"], nested: () => null },
  {
    name: "profile",
    outputs: ["full"],
    nested: (values) => ({
      id: Number(values[PROFILE]),
      name: values[PROFILE] === FIRST_PROFILE ? "Default" : "Partner",
      profile_criteria: CRITERIA.map((name, n) => ({ id: 1041 + n, name, matches: "Unknown" })),
    }),
  },
  { name: "visitors", outputs: ["full"], nested: () => null },
  { name: "visitor_activities", outputs: ["full"], nested: () => null },
  { name: "lists", outputs: ["full"], nested: () => null },
];
const ASSIGNED_TO = COLUMNS.findIndex(({ name }) => name === "assigned_to_user");
const PROFILE = COLUMNS.findIndex(({ name }) => name === "profile_id");
const FIRST_PROFILE = 209;
const CRITERIA = ["Company Size", "Industry"];
const SALT = hashText("Prospect");

function make(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, SALT), row.index);
  const changed = mix(hash, row.revision);
  const identity = prospectIdentity(row.index, world);
  const words = (salt: number, percentSet: number): string | null => {
    const rolled = mix(changed, salt);
    if (rolled % 100 >= percentSet) return null;
    return rolled % 100 === 0 ? "" : someText(mix(rolled, 1));
  };
  const truth = (salt: number): boolean | null => pick([null, null, true, false], mix(changed, salt));
  const crmId = (salt: number, prefix: string): string | null =>
    mix(hash, salt) % 3 === 0 ? null : `${prefix}${String(mix(hash, salt + 1)).padStart(12, "0")}`;
  const at = row.updated ?? row.created;
  return [
    row.id,
    someId("Campaign", mix(hash, 1), world),
    words(2, 20),
    identity.first_name,
    identity.last_name,
    identity.email,
    identity.company,
    mix(hash, 3) % 4 === 0 ? null : someId("ProspectAccount", mix(hash, 4), world),
    words(5, 30),
    words(6, 50),
    words(7, 30),
    pick(["United States", "DE", "C\u00F4te d'Ivoire", "0"], mix(hash, 8)),
    words(9, 60),
    words(10, 20),
    words(11, 60),
    words(12, 40),
    words(13, 10),
    pick([null, "02190", "10115", "SW1A 1AA", "02190 "], mix(hash, 14)),
    pick([null, "15555555555", "(321) 456-0987", "+49 30 1234"], mix(hash, 15)),
    pick([null, null, "17777777777"], mix(hash, 16)),
    words(17, 30),
    pick([null, "1,234.50", "1e6", "1000000"], mix(changed, 18)),
    pick([null, "007", "50-100", "1e3"], mix(changed, 19)),
    words(20, 30),
    pick([null, "12", "012"], mix(changed, 21)),
    mix(changed, 22) % 4 === 0 ? longText(mix(changed, 23)) : null,
    mix(changed, 24) % 500,
    mix(changed, 25) % 3 === 0 ? null : at - (mix(changed, 26) % 86_400),
    pick(["Never active.", "Visit: 3 page views", null], mix(changed, 27)),
    crmId(28, "00Q"),
    crmId(30, "003"),
    crmId(32, "005"),
    crmId(34, "001"),
    crmId(36, "00Q"),
    mix(changed, 38) % 4 === 0 ? null : at - 60,
    mix(hash, 39) % 2 === 0 ? null : `https://crm.test/${row.id}?a=1&b=2`,
    truth(40),
    truth(41),
    truth(42),
    truth(43),
    truth(44),
    row.created,
    row.updated,
    null,
    words(45, 10),
    pick([null, "A+", "B", "F"], mix(changed, 46)),
    mix(hash, 47) % 2 === 0 ? null : someId("User", mix(hash, 48), world),
    FIRST_PROFILE + (mix(hash, 49) % 2),
    ...prospectCustomValues(row, world),
  ];
}

export const PROSPECT: ObjectModel = defineObject({
  name: "Prospect",
  columns: COLUMNS,
  body: BODY,
  custom: { columns: prospectCustomColumns, shown: "when-set", isMultiValue },
  make,
  readBy: [["email"]],
  filters: [
    { name: "assigned", kind: "isset", column: "assigned_to_user", code: 26 },
    idFilter("assigned_to_user", 10),
    { name: "is_starred", kind: "boolean", column: "is_starred", code: 25 },
    { name: "last_activity_after", kind: "after", column: "last_activity_at" },
    { name: "last_activity_before", kind: "before", column: "last_activity_at" },
    { name: "last_activity_never", kind: "unset", column: "last_activity_at", code: 50 },
    { name: "grade_equal_to", kind: "text", column: "grade", code: 32 },
    { name: "score_equal_to", kind: "equal", column: "score", code: 29 },
    { name: "score_greater_than", kind: "above", column: "score", code: 29 },
    { name: "score_less_than", kind: "below", column: "score", code: 29 },
  ],
  sortKeys: [
    ...COMMON_SORT,
    SORT_UPDATED,
    { name: "last_activity_at", column: "last_activity_at", order: "descending" },
  ],
  deletes: true,
  mobileUnlimited: true,
  fieldsParameter: true,
  unknownIdCode: 3,
  unknownEmailCode: 4,
  procedures: [
    timeProcedure("updated", { deleted: "deleted-all-only" }),
    timeProcedure("created", { deleted: "deleted-all-only" }),
  ],
});
