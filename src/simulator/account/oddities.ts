/**
 * Rows that are odd, and rows that are hidden: properties of an account that knobs switch on. The rows of `/__sim/rows`
 * show the odd values as the account has them; what a client makes of them (null for a zero date) is the client's business.
 * Only what is shown is odd: filters and orders go by the row's real times.
 */
import type { Knobs } from "../knobs.ts";
import type { ObjectModel, RowKey, Value } from "./model.ts";

/** How MySQL writes no date. */
const ZERO_DATE = "0000-00-00 00:00:00";
const IMPOSSIBLE_DATE = "2017-02-31 00:00:00";
const FUTURE = Date.UTC(2099, 0, 1) / 1000;
/** Legal in JSON and CSV, forbidden in XML 1.0 in every form. */
const CONTROL = "\u000b";

/** Whether the knob hits the row: every Nth one from the first on. */
function isHit(every: number, index: number): boolean {
  return every > 0 && index % every === 0;
}

/**
 * Whether this user cannot see the row anywhere. Never the first of an object, unless every one is hidden; and no custom
 * field, since fields are seen in the rows of others.
 */
export function isHidden({ name }: ObjectModel, index: number, { hiddenEvery }: Knobs): boolean {
  return hiddenEvery > 0 && name !== "CustomField" && index % hiddenEvery === hiddenEvery - 1;
}

/** The values, or a changed copy of them. */
export function oddValues(model: ObjectModel, row: RowKey, values: readonly Value[], knobs: Knobs): readonly Value[] {
  const { index } = row;
  const created = createdOf(index, knobs);
  const addition =
    (isHit(knobs.controlTextEvery, index) ? CONTROL : "") +
    (isHit(knobs.backslashTextEvery, index) ? ' say \\"hi\\"' : "");
  if (created === null && addition === "") return values;
  const odd = [...values];
  const createdAt = model.columns.findIndex(({ name }) => name === "created_at");
  if (created !== null && createdAt !== -1) odd[createdAt] = created;
  // Texts that rows are found by stay as they are.
  const text = model.columns.findIndex(
    ({ kind, name, wireOnly }, place) =>
      kind === "string" && wireOnly !== true && FREE_TEXTS.has(name) && typeof values[place] === "string",
  );
  const own = values[text];
  if (typeof own === "string") odd[text] = own + addition;
  return odd;
}

/** Columns that a person fills with whatever comes to mind, and that no filter, order or join goes by. */
const FREE_TEXTS = new Set(["description", "details", "comments", "title", "company", "hostname", "url", "name"]);

function createdOf(index: number, knobs: Knobs): Value {
  if (isHit(knobs.zeroDateEvery, index)) return ZERO_DATE;
  if (isHit(knobs.impossibleDateEvery, index)) return IMPOSSIBLE_DATE;
  return isHit(knobs.futureDateEvery, index) ? FUTURE : null;
}
