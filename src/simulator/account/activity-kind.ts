/** What visitor activities are about: types (vendor docs, visitor activity types), asset kinds and what they link to. */
import { mix } from "./dice.ts";

export interface ActivityKind {
  readonly type: number;
  /** The kind of asset, not the label of the type (recorded: Crim/pardot-java-client visitorActivityQuery.xml). */
  readonly typeName: string;
  readonly links: readonly string[];
  /** Per cent of the rows without a prospect. */
  readonly anonymousShare: number;
  /** Rows out of all weights. */
  readonly weight: number;
}

const kind = (
  typeName: string,
  types: readonly number[],
  links: readonly string[],
  weight: number,
  anonymousShare = 0,
): ActivityKind[] => types.map((type) => ({ type, typeName, links, weight, anonymousShare }));

const LIST_EMAIL = ["email_id", "list_email_id", "email_template_id"];

const KINDS: readonly ActivityKind[] = [
  ...kind("Email", [6], LIST_EMAIL, 16),
  ...kind("Email", [11], LIST_EMAIL, 10),
  ...kind("Email Tracker", [1], LIST_EMAIL, 5),
  ...kind("Email", [12, 13, 14, 15, 35, 36, 37], LIST_EMAIL, 1),
  ...kind("Form", [2, 3, 4], ["form_id"], 4, 30),
  ...kind("Form Handler", [3, 4], ["form_handler_id"], 2, 20),
  ...kind("Landing Page", [2, 3, 4], ["landing_page_id"], 3, 40),
  ...kind("Landing Page", [2], ["landing_page_id", "multivariate_test_variation_id"], 1, 40),
  ...kind("Landing Page Tracker", [1], ["landing_page_id"], 2, 30),
  ...kind("File", [2], ["file_id"], 5, 50),
  ...kind("Custom Redirect", [21, 17], ["custom_redirect_id"], 3, 30),
  ...kind("Visit", [20], ["visit_id"], 14, 60),
  ...kind("Site Search Query", [7], ["site_search_query_id"], 2, 50),
  ...kind("Paid Search Ad", [1], ["paid_search_ad_id"], 1, 70),
  ...kind("Page View", [2], ["visitor_page_view_id"], 1, 60),
  ...kind("Opportunity Associated", [8, 9, 10, 18, 19, 38], ["opportunity_id"], 1),
  ...kind("Video", [27, 30, 34], [], 1),
  ...kind("Webinar", [23, 24, 25], [], 1),
];

/** One entry per unit of weight, so that a hash picks by plain indexing. */
const WEIGHTED: readonly ActivityKind[] = KINDS.flatMap((entry) => Array.from({ length: entry.weight }, () => entry));
const [FIRST_KIND] = KINDS;

export function activityKind(hash: number): ActivityKind {
  const chosen = WEIGHTED[mix(hash, 0x6b1d) % WEIGHTED.length] ?? FIRST_KIND;
  if (chosen === undefined) throw new Error("there is no kind of activity");
  return chosen;
}

/** Four neighbouring activities are about one e-mail as it went to one recipient: sent, opened, clicked. */
const ACTIVITIES_PER_EMAIL = 4;
const FIRST_EMAIL_ID = 50_000_000;
const EMAIL_ID_STEP = 3;

/** The e-mail that an activity is about, if it is about one. E-mail ids grow with the activities' ids. */
export function slotOf(activityIndex: number): { readonly slot: number; readonly emailId: number } {
  const slot = Math.floor(activityIndex / ACTIVITIES_PER_EMAIL);
  return { slot, emailId: FIRST_EMAIL_ID + slot * EMAIL_ID_STEP };
}

/** Number of e-mails that so many activities can be about. */
export function slotsOf(activities: number): number {
  return Math.ceil(activities / ACTIVITIES_PER_EMAIL);
}

/** The slot of an e-mail id; -1 when there can be none. */
export function slotOfEmail(emailId: number): number {
  const slot = (emailId - FIRST_EMAIL_ID) / EMAIL_ID_STEP;
  return Number.isInteger(slot) && slot >= 0 ? slot : -1;
}
