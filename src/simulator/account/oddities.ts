/**
 * Odd rows and hidden rows, switched on by knobs. `/__sim/rows` shows the odd values unchanged; converting them (a zero date
 * to null) is up to the client. Only shown values are odd: filters and sorting use the row's real times.
 */
import type { Knobs } from "../knobs.ts";
import type { RowKey, RowModel, Value } from "./model.ts";

/** MySQL's form of no date. */
const ZERO_DATE = "0000-00-00 00:00:00";
const IMPOSSIBLE_DATE = "2017-02-31 00:00:00";
const FUTURE = Date.UTC(2099, 0, 1) / 1000;
/** Valid in JSON and CSV, forbidden in XML 1.0 in any form. */
const CONTROL = "\u000b";

/** Whether the knob hits the row: every Nth one, starting with the first. */
function isHit(every: number, index: number): boolean {
  return every > 0 && index % every === 0;
}

/**
 * Whether the row is invisible to this user everywhere. Never the first row of an object, unless all are hidden, and never
 * a custom field, because other rows show it.
 */
export function isHidden({ name }: RowModel, index: number, { hiddenEvery }: Knobs): boolean {
  return hiddenEvery > 0 && name !== "CustomField" && index % hiddenEvery === hiddenEvery - 1;
}

/** The values, or a changed copy of them. */
export function oddValues(model: RowModel, row: RowKey, values: readonly Value[], knobs: Knobs): readonly Value[] {
  const { index } = row;
  const created = createdOf(index, knobs);
  const addition =
    (isHit(knobs.controlTextEvery, index) ? CONTROL : "") +
    (isHit(knobs.backslashTextEvery, index) ? ' say \\"hi\\"' : "");
  if (created === null && addition === "") return values;
  const odd = [...values];
  const createdAt = model.columns.findIndex(({ name }) => name === "created_at" || name === "createdAt");
  if (created !== null && createdAt !== -1) odd[createdAt] = created;
  // Texts that rows are found by don't change.
  const text = model.columns.findIndex(
    ({ kind, name, apiOnly }, column) =>
      kind === "string" && apiOnly !== true && FREE_TEXTS.has(name) && typeof values[column] === "string",
  );
  const own = values[text];
  if (typeof own === "string") odd[text] = own + addition;
  return odd;
}

/** Free-text columns that no filter, sort or join uses. */
const FREE_TEXTS = new Set(["description", "details", "comments", "title", "company", "hostname", "url", "name"]);

function createdOf(index: number, knobs: Knobs): Value {
  if (isHit(knobs.zeroDateEvery, index)) return ZERO_DATE;
  if (isHit(knobs.impossibleDateEvery, index)) return IMPOSSIBLE_DATE;
  return isHit(knobs.futureDateEvery, index) ? FUTURE : null;
}
