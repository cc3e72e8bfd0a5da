import { isBulk, isPerEmail, isQueried } from "../../catalog/catalog.ts";
import type { CatalogObject, PerEmailObject, QueriedObject } from "../../catalog/catalog.ts";
import { queryBounds, rangeParameters } from "../../extract/bounds.ts";
import { groupsOf } from "../../extract/bulk.ts";
import { emailCandidates } from "../../extract/emails.ts";
import { pagesOf } from "../../extract/pages.ts";
import { isQueriedInstead } from "../../extract/segmented.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { expectedFiles } from "../../plan/export-files.ts";
import { forgetReadings, addPairs } from "../../state/email-index.ts";
import { applyFieldChange } from "../../state/field-state.ts";
import { objectState } from "../../state/state.ts";
import type { OpenWindow, PlannedWindow } from "../../state/state.ts";
import { DAY_MS } from "../../time/instant.ts";
import { orNull } from "../run/probes.ts";
import { knownEmails, newPairs } from "../run/warehouse-emails.ts";
import type { Decision, DecisionContext } from "../run/windows.ts";
import type { History } from "./history.ts";

/** The expected cost of one object, without its probes. */
export interface Estimate {
  /** Records in the windows now, null if they cannot be counted. */
  readonly records: number | null;
  /** Not rounded: half a file may be expected. */
  readonly calls: number;
  /** Exports that the run waits for. */
  readonly exports: number;
  /** Further calls that cannot be counted in advance, in words; null if there are none. */
  readonly unknownCalls: string | null;
}

export interface EstimateContext extends DecisionContext {
  readonly pardot: Pardot;
  readonly history: History;
  /** Records of the object in all, if they are counted already. */
  readonly total: number | null;
  /** Whether the run reads activities that may name new list emails. */
  readonly readsActivities: boolean;
}

type UnreadWindow = OpenWindow | PlannedWindow;

export async function estimate(object: CatalogObject, decision: Decision, context: EstimateContext): Promise<Estimate> {
  if (isPerEmail(object)) return estimateEmails(object, context);
  if (!isQueried(object)) return { records: 1, calls: 0, exports: 0, unknownCalls: null };
  const windows = unreadWindows(decision);
  const fields = decision.fields.reduce(applyFieldChange, objectState(context.state, object.name).fields);
  const counts = await countWindows(object, windows, context);
  let calls = 0;
  let exports = 0;
  for (const [i, window] of windows.entries()) {
    const records = counts?.[i] ?? 0;
    if (!isBulk(object) || isQueriedInstead(object, window, fields)) {
      calls += pagesOf(records, object.v4.query.limit);
      continue;
    }
    const groups = groupsOf(object, "groups" in window ? window.groups : [], fields).length;
    // Each export is created unless an earlier run did, read once when it is complete, and its files are fetched.
    const [created, landed] = "exports" in window ? [window.exports.length, window.files.length] : [0, 0];
    calls += groups - created + groups + Math.max(0, groups * expectedFiles(records, context.history.exports) - landed);
    // An export without a file is read twice.
    if (records === 0) calls += groups;
    exports += groups;
  }
  if (counts === null) {
    const unknownCalls = "those for its records; Pardot took too long to count them";
    return { records: null, calls, exports, unknownCalls };
  }
  const records = Math.round(counts.reduce((sum, count) => sum + count, 0));
  return { records, calls, exports, unknownCalls: null };
}

/** Windows that need calls; a history without a record does not. */
export function unreadWindows(decision: Decision): UnreadWindow[] {
  return [...decision.open.filter((window) => !window.done), ...decision.windows].filter(
    (window) => window.askFrom < window.to,
  );
}

/**
 * How many records each window holds, null if counting takes too long. Adjacent windows are counted with one call, and
 * the records assumed to be spread evenly over them.
 */
async function countWindows(
  object: QueriedObject,
  windows: readonly UnreadWindow[],
  context: EstimateContext,
): Promise<number[] | null> {
  const counts: number[] = [];
  for (const group of adjacentWindows(windows)) {
    const [first] = group;
    if (first === undefined) continue;
    const whole = { ...first, to: Math.max(...group.map(({ to }) => to)) };
    const isAll = context.total !== null && group.length === windows.length;
    const records = isAll ? context.total : await countRecords(object, whole, context);
    if (records === null) return null;
    const length = group.reduce((sum, { askFrom, to }) => sum + to - askFrom, 0);
    counts.push(...group.map(({ askFrom, to }) => (records * (to - askFrom)) / length));
  }
  return counts;
}

/** Groups of windows on one field of which each begins where the one before it ends. */
function adjacentWindows(windows: readonly UnreadWindow[]): UnreadWindow[][] {
  const groups: UnreadWindow[][] = [];
  for (const window of windows) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (before?.to === window.askFrom && before.field === window.field) last?.push(window);
    else groups.push([window]);
  }
  return groups;
}

/** How many records a window selects, null if Pardot takes too long to count them. */
async function countRecords(
  object: QueriedObject,
  window: PlannedWindow,
  { config, pardot, signal }: EstimateContext,
): Promise<number | null> {
  const { query, urlName, dataKey } = object.v4;
  const zone = config.pardot.timeZone;
  const filter = window.field === null ? undefined : query.filters[window.field];
  const isExported = isBulk(object) && filter !== undefined;
  const parameters = isExported ? rangeParameters(window, filter, zone) : queryBounds(object, window, zone);
  const counted = await orNull(pardot.countRecords({ urlName, dataKey, query, parameters }, signal));
  return counted?.total ?? null;
}

/**
 * One call for each list email that is known, and for as many new ones as earlier days had. Before there was such a day
 * their number is unknown: v3/v4 cannot count list emails.
 */
async function estimateEmails(object: PerEmailObject, context: EstimateContext): Promise<Estimate> {
  const { state, range, warehouse, history, now, signal } = context;
  const { email } = object.v4;
  const forgotten = { object: object.name, marksActivity: email.which === "active" };
  let index = range.full ? forgetReadings(state.emails, forgotten) : state.emails;
  for await (const pairs of newPairs(() => index, warehouse, signal)) index = addPairs(index, pairs, false);
  const known = await knownEmails(index, warehouse, signal);
  const calls = [...emailCandidates(object.name, email, index, known, now)].length;
  if (!context.readsActivities) return { records: calls, calls, exports: 0, unknownCalls: null };
  const perDay = history.emailsPerDay[object.name];
  if (perDay === undefined || history.lastRunAt === null) {
    const unknownCalls =
      "one for each list email that the activities of this run name; v3/v4 cannot count them in advance";
    return { records: null, calls, exports: 0, unknownCalls };
  }
  const all = calls + (perDay * Math.max(0, now - history.lastRunAt)) / DAY_MS;
  return { records: Math.round(all), calls: all, exports: 0, unknownCalls: null };
}
