/**
 * Visitor activity (vendor docs, visitor activities and object field reference; recorded: Crim/pardot-java-client
 * visitorActivityQuery.xml, pardot/api-docs issue 135). Relation ids appear only when set. The kind of an activity decides
 * what it links to.
 */
import { hashText, mix } from "../account/random.ts";
import { emailIdOf, listEmailOfSend, sendOf } from "../account/email-sends.ts";
import {
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  idFilter,
  integer,
  plainFields,
  SORT_UPDATED,
  text,
  timeProcedure,
  UPDATED_AT,
} from "../account/model.ts";
import type { ModelColumn, ModelFilter, ObjectModel, RowKey, Value, BodyField, World } from "../account/model.ts";
import { campaignField, someId } from "./links.ts";
import { SIZES } from "../account/scale.ts";
import { longText } from "../account/text.ts";

const LINKS = [
  "email_id", "email_template_id", "list_email_id", "form_id", "form_handler_id", "site_search_query_id",
  "landing_page_id", "paid_search_ad_id", "multivariate_test_variation_id", "visitor_page_view_id", "file_id",
  "custom_redirect_id", "opportunity_id", "visit_id", "campaign_id",
]; // prettier-ignore

const COLUMNS: readonly ModelColumn[] = [
  ...["id", "prospect_id", "visitor_id", "type"].map(integer),
  ...["type_name", "details"].map(text),
  ...LINKS.map(integer),
  CREATED_AT,
  UPDATED_AT,
];

const CAMPAIGN_ID = COLUMNS.findIndex(({ name }) => name === "campaign_id");
const LIST_EMAIL_ID = COLUMNS.findIndex(({ name }) => name === "list_email_id");
const absent = (name: string): BodyField => ({ name, absentWhenNull: true });

const BODY: readonly BodyField[] = [
  { name: "id" },
  absent("visitor_id"),
  absent("prospect_id"),
  ...plainFields(["type", "type_name"]),
  absent("details"),
  // The first three in the recorded order (Crim/pardot-java-client prospectRead.xml).
  ...["email_id", "list_email_id", "email_template_id"].map(absent),
  ...LINKS.filter((name) => name !== "campaign_id" && !name.startsWith("email_") && name !== "list_email_id").map(
    absent,
  ),
  ...campaignField(CAMPAIGN_ID),
  { name: "created_at" },
  absent("updated_at"),
];

/** A type (vendor docs, visitor activity types) with the kind of asset and its links. */
interface ActivityKind {
  readonly type: number;
  /** The kind of asset, not the label of the type (recorded: Crim/pardot-java-client visitorActivityQuery.xml). */
  readonly typeName: string;
  readonly links: readonly string[];
  /** Percentage of rows without a prospect. */
  readonly anonymousShare: number;
  /** Share of the rows, relative to the other kinds. */
  readonly weight: number;
}

const kinds = (
  typeName: string,
  types: readonly number[],
  links: readonly string[],
  weight: number,
  anonymousShare = 0,
): ActivityKind[] => types.map((type) => ({ type, typeName, links, weight, anonymousShare }));

const LIST_EMAIL = ["email_id", "list_email_id", "email_template_id"];

const KINDS: readonly ActivityKind[] = [
  ...kinds("Email", [6], LIST_EMAIL, 16),
  ...kinds("Email", [11], LIST_EMAIL, 10),
  ...kinds("Email Tracker", [1], LIST_EMAIL, 5),
  ...kinds("Email", [12, 13, 14, 15, 35, 36, 37], LIST_EMAIL, 1),
  ...kinds("Form", [2, 3, 4], ["form_id"], 4, 30),
  ...kinds("Form Handler", [3, 4], ["form_handler_id"], 2, 20),
  ...kinds("Landing Page", [2, 3, 4], ["landing_page_id"], 3, 40),
  ...kinds("Landing Page", [2], ["landing_page_id", "multivariate_test_variation_id"], 1, 40),
  ...kinds("Landing Page Tracker", [1], ["landing_page_id"], 2, 30),
  ...kinds("File", [2], ["file_id"], 5, 50),
  ...kinds("Custom Redirect", [21, 17], ["custom_redirect_id"], 3, 30),
  ...kinds("Visit", [20], ["visit_id"], 14, 60),
  ...kinds("Site Search Query", [7], ["site_search_query_id"], 2, 50),
  ...kinds("Paid Search Ad", [1], ["paid_search_ad_id"], 1, 70),
  ...kinds("Page View", [2], ["visitor_page_view_id"], 1, 60),
  ...kinds("Opportunity Associated", [8, 9, 10, 18, 19, 38], ["opportunity_id"], 1),
  ...kinds("Video", [27, 30, 34], [], 1),
  ...kinds("Webinar", [23, 24, 25], [], 1),
];

/** One entry per unit of weight, so that a hash picks by index. */
const WEIGHTED: readonly ActivityKind[] = KINDS.flatMap((entry) => Array.from({ length: entry.weight }, () => entry));
const [FIRST_KIND] = KINDS;

function activityKind(hash: number): ActivityKind {
  const chosen = WEIGHTED[mix(hash, 0x6b1d) % WEIGHTED.length] ?? FIRST_KIND;
  if (chosen === undefined) throw new Error("no kind of activity");
  return chosen;
}

const SALT = hashText("VisitorActivity");

function make(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, SALT), row.index);
  const kind = activityKind(hash);
  const link = (name: string): number | null => {
    if (name === "campaign_id") return mix(hash, 4) % 10 === 0 ? null : someId("Campaign", mix(hash, 5), world);
    if (!kind.links.includes(name) || (name === "email_template_id" && mix(hash, 3) % 4 !== 0)) return null;
    return linkId(name, row, hash, world);
  };
  const details = detailsOf(hash, row.revision, kind.type === 20);
  return [
    row.id,
    kind.anonymousShare > mix(hash, 21) % 100 ? null : someId("Prospect", mix(hash, 1), world),
    kind.links.includes("email_id") && kind.type === 6 ? null : someId("Visitor", mix(hash, 2), world),
    kind.type,
    kind.typeName,
    details,
    ...LINKS.map(link),
    row.created,
    row.updated,
  ];
}

/** `email_template_id` points to EmailTemplate. Objects that the API does not show have ids too. */
function linkId(name: string, row: RowKey, hash: number, world: World): number | null {
  if (name === "email_id") return emailIdOf(sendOf(row.index));
  if (name === "list_email_id") return listEmailOfSend(sendOf(row.index), world);
  const salted = mix(hash, name.length * 31 + name.charCodeAt(0));
  const target = name.slice(0, -"_id".length).replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return SIZES[target] === undefined ? 1_000 + (salted % 900) : someId(target, salted, world);
}

/** Both null and empty: export files may distinguish them. */
function detailsOf(hash: number, revision: number, visit: boolean): string | null {
  const rolled = mix(hash, 100 + revision);
  if (visit) return `${1 + (rolled % 30)} page views`;
  if (rolled % 100 < 5) return null;
  if (rolled % 100 < 9) return "";
  return longText(mix(rolled, 1));
}

const only = (name: string, column: string): ModelFilter => ({ name, kind: "set", column, code: 50 });

export const VISITOR_ACTIVITY: ObjectModel = defineObject({
  name: "VisitorActivity",
  dataKey: "visitor_activity",
  columns: COLUMNS,
  body: BODY,
  make,
  filters: [
    only("prospect_only", "prospect_id"),
    only("custom_url_only", "custom_redirect_id"),
    only("email_only", "email_id"),
    only("file_only", "file_id"),
    only("form_only", "form_id"),
    only("form_handler_only", "form_handler_id"),
    only("landing_page_only", "landing_page_id"),
    idFilter("type"),
    idFilter("custom_url_id", 16, "custom_redirect_id"),
    ...["campaign_id", "email_id", "file_id", "form_id", "form_handler_id"].map((name) => idFilter(name)),
    ...["landing_page_id", "prospect_id", "visitor_id"].map((name) => idFilter(name)),
  ],
  sortKeys: [
    ...COMMON_SORT,
    SORT_UPDATED,
    { name: "prospect_id", column: "prospect_id", order: "descending" },
    { name: "visitor_id", column: "visitor_id", order: "descending" },
  ],
  procedures: [
    timeProcedure("created", { type: "types", prospectOnly: "flag" }),
    timeProcedure("updated", { type: "types", prospectOnly: "flag" }),
  ],
  // The smallest email_id of a list email must not vanish: a reader keeps the pair it saw first.
  keeps: (values) => values[LIST_EMAIL_ID] !== null,
});
