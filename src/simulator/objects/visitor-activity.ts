/**
 * Visitor activity (vendor docs, visitor activities and object field reference; recorded: Crim/pardot-java-client
 * visitorActivityQuery.xml, pardot/api-docs issue 135). Relation ids appear only when set; what an activity links to
 * depends on what it is about.
 */
import { hashText, mix } from "../account/dice.ts";
import { activityKind, slotOf } from "../account/activity-kind.ts";
import { COMMON_SORT, SORT_UPDATED } from "../account/model.ts";
import type { ModelColumn, ModelFilter, ObjectModel, RowKey, Value, WireField, World } from "../account/model.ts";
import { campaignField, someId } from "../api/links.ts";
import { listEmailOfSlot } from "../account/list-email.ts";
import { longText } from "../account/text.ts";

const LINKS = [
  "email_id", "email_template_id", "list_email_id", "form_id", "form_handler_id", "site_search_query_id",
  "landing_page_id", "paid_search_ad_id", "multivariate_test_variation_id", "visitor_page_view_id", "file_id",
  "custom_redirect_id", "opportunity_id", "visit_id", "campaign_id",
] as const; // prettier-ignore

const integer = (name: string): ModelColumn => ({ name, kind: "integer" });

const COLUMNS: readonly ModelColumn[] = [
  ...["id", "prospect_id", "visitor_id", "type"].map(integer),
  { name: "type_name", kind: "string" },
  { name: "details", kind: "string" },
  ...LINKS.map(integer),
  { name: "created_at", kind: "datetime" },
  { name: "updated_at", kind: "datetime" },
];

const CAMPAIGN_PLACE = COLUMNS.findIndex(({ name }) => name === "campaign_id");
const absent = (name: string): WireField => ({ name, absentWhenNull: true });

const WIRE: readonly WireField[] = [
  { name: "id" },
  absent("visitor_id"),
  absent("prospect_id"),
  { name: "type" },
  { name: "type_name" },
  absent("details"),
  // The order of the first three as recorded (Crim/pardot-java-client prospectRead.xml).
  ...["email_id", "list_email_id", "email_template_id"].map(absent),
  ...LINKS.filter((name) => name !== "campaign_id" && !name.startsWith("email_") && name !== "list_email_id").map(
    absent,
  ),
  ...campaignField(CAMPAIGN_PLACE),
  { name: "created_at" },
  absent("updated_at"),
];

const SALT = hashText("VisitorActivity");

function make(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, SALT), row.index);
  const kind = activityKind(hash);
  const link = (name: (typeof LINKS)[number]): number | null =>
    kind.links.includes(name) ? linkId(name, row, hash, world) : null;
  const details = detailsOf(hash, row.revision, kind.type === 20);
  return [
    row.id,
    kind.anonymousShare > mix(hash, 21) % 100 ? null : someId("Prospect", mix(hash, 1), world),
    kind.links.includes("email_id") && kind.type === 6 ? null : someId("Visitor", mix(hash, 2), world),
    kind.type,
    kind.typeName,
    details,
    link("email_id"),
    mix(hash, 3) % 4 === 0 ? link("email_template_id") : null,
    link("list_email_id"),
    link("form_id"),
    link("form_handler_id"),
    link("site_search_query_id"),
    link("landing_page_id"),
    link("paid_search_ad_id"),
    link("multivariate_test_variation_id"),
    link("visitor_page_view_id"),
    link("file_id"),
    link("custom_redirect_id"),
    link("opportunity_id"),
    link("visit_id"),
    mix(hash, 4) % 10 === 0 ? null : someId("Campaign", mix(hash, 5), world),
    row.created,
    row.updated,
  ];
}

function linkId(name: (typeof LINKS)[number], row: RowKey, hash: number, world: World): number | null {
  const salted = mix(hash, name.length * 31 + name.charCodeAt(0));
  switch (name) {
    case "email_id":
      return slotOf(row.index).emailId;
    case "list_email_id":
      return listEmailOfSlot(slotOf(row.index).slot, world);
    case "form_id":
      return someId("Form", salted, world);
    case "opportunity_id":
      return someId("Opportunity", salted, world);
    case "visit_id":
      return someId("Visit", salted, world);
    case "campaign_id":
      return someId("Campaign", salted, world);
    case "email_template_id":
    case "form_handler_id":
    case "site_search_query_id":
    case "landing_page_id":
    case "paid_search_ad_id":
    case "multivariate_test_variation_id":
    case "visitor_page_view_id":
    case "file_id":
    case "custom_redirect_id":
      return 1_000 + (salted % 900);
    default:
      return null;
  }
}

/** Null and empty text both occur: export files may tell them apart. */
function detailsOf(hash: number, revision: number, visit: boolean): string | null {
  const rolled = mix(hash, 100 + revision);
  if (visit) return `${1 + (rolled % 30)} page views`;
  if (rolled % 100 < 5) return null;
  if (rolled % 100 < 9) return "";
  return longText(mix(rolled, 1));
}

const ids = (name: string, column: string = name): ModelFilter => ({ name, kind: "ids", column, code: 16 });
const only = (name: string, column: string): ModelFilter => ({ name, kind: "set", column, code: 50 });

export const VISITOR_ACTIVITY: ObjectModel = {
  name: "VisitorActivity",
  urlName: "visitorActivity",
  dataKey: "visitor_activity",
  columns: COLUMNS,
  wire: WIRE,
  make,
  operations: ["query", "read"],
  ranges: ["created", "updated"],
  hasUpdated: true,
  filters: [
    only("prospect_only", "prospect_id"),
    only("custom_url_only", "custom_redirect_id"),
    only("email_only", "email_id"),
    only("file_only", "file_id"),
    only("form_only", "form_id"),
    only("form_handler_only", "form_handler_id"),
    only("landing_page_only", "landing_page_id"),
    ids("type"),
    ids("custom_url_id", "custom_redirect_id"),
    ...["campaign_id", "email_id", "file_id", "form_id", "form_handler_id"].map((name) => ids(name)),
    ...["landing_page_id", "prospect_id", "visitor_id"].map((name) => ids(name)),
  ],
  sortKeys: [
    ...COMMON_SORT,
    SORT_UPDATED,
    { name: "prospect_id", column: "prospect_id", order: "descending" },
    { name: "visitor_id", column: "visitor_id", order: "descending" },
  ],
  defaultSort: "created_at",
  procedures: [
    {
      name: "filter_by_created_at",
      field: "created",
      after: "created_after",
      before: "created_before",
      options: { type: "types", prospectOnly: "flag" },
    },
    {
      name: "filter_by_updated_at",
      field: "updated",
      after: "updated_after",
      before: "updated_before",
      options: { type: "types", prospectOnly: "flag" },
    },
  ],
  // The smallest email_id of a list e-mail must not vanish: a reader keeps the pair it saw first.
  keeps: (values) => values[COLUMN_LIST_EMAIL] !== null,
};

const COLUMN_LIST_EMAIL = COLUMNS.findIndex(({ name }) => name === "list_email_id");
