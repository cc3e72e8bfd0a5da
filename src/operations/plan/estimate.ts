import { isBulk, isPerEmail, isQueried } from "../../catalog/catalog.ts";
import type { CatalogObject, ParentsV4, PerEmailObject, QueriedObject } from "../../catalog/catalog.ts";
import { pageBounds } from "../../extract/bounds.ts";
import { groupsOf } from "../../extract/bulk.ts";
import { emailCandidates } from "../../extract/emails.ts";
import { pagesOf } from "../../extract/pages/pages.ts";
import { isQueriedInstead } from "../../extract/segmented.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { expectedFiles } from "../../plan/export-files.ts";
import { forgetReadings, addPairs } from "../../state/email-index.ts";
import { applyFieldChange } from "../../state/field-state.ts";
import { objectState } from "../../state/state.ts";
import type { OpenWindow, PlannedWindow } from "../../state/state.ts";
import type { Instant } from "../../time/instant.ts";
import type { PlannedObject } from "../api.ts";
import { orNull } from "../run/probes.ts";
import { knownEmails, newPairs } from "../run/warehouse-emails.ts";
import type { Decision, DecisionContext } from "../run/windows.ts";
import type { History } from "./history.ts";

/** The expected cost of one object, without its probes. The calls are not rounded: half a file may be expected. */
type Estimate = Pick<PlannedObject, "records" | "unknownCalls"> & { readonly calls: number };

export interface EstimateContext extends DecisionContext {
  readonly pardot: Pardot;
  readonly history: History;
  /** Records of the object in all, if they are counted already. */
  readonly total: number | null;
  /** Activities that the run reads, which may name new list emails; null if they cannot be counted. */
  readonly activities: number | null;
}

type UnreadWindow = OpenWindow | PlannedWindow;

export async function estimate(object: CatalogObject, decision: Decision, context: EstimateContext): Promise<Estimate> {
  if (isPerEmail(object)) return estimateEmails(object, context);
  // v3/v4 returns the one record to the call that proves the connection; v5 needs the names of the fields.
  if (!isQueried(object)) return { records: 1, calls: object.way.api === "v5" ? 1 : 0, unknownCalls: null };
  const { history, state } = context;
  // A history without a record needs no call.
  const unread: UnreadWindow[] = [...decision.open.filter(({ done }) => !done), ...decision.windows];
  const windows = unread.filter(({ askFrom, to }) => askFrom < to);
  const { query } = object.way;
  if (query.api === "v4" && query.parents !== undefined)
    return estimateByParents(query.parents, windows.length, context);
  const fields = decision.fields.reduce(applyFieldChange, objectState(state, object.name).fields);
  const counts = await countWindows(object, windows, context);
  let calls = 0;
  for (const [i, window] of windows.entries()) {
    const records = counts?.[i] ?? null;
    if (!isBulk(object) || isQueriedInstead(object, window, fields)) {
      calls += pagesOf(records ?? 0, object.way.query);
      continue;
    }
    const groups = groupsOf(object, "groups" in window ? window.groups : [], fields).length;
    // Each export is created unless an earlier run did, read until it is complete, and its files are fetched.
    const [created, landed] = "exports" in window ? [window.exports.length, window.files.length] : [0, 0];
    // An export without a file is read twice.
    const reads = Math.max(records === 0 ? 2 : 1, history.readsPerExport);
    // Uncounted records are assumed to come in one file.
    const expected = records === null ? 1 : expectedFiles(records, history.exports);
    const files = Math.max(0, groups * expected - landed);
    calls += groups - created + groups * reads + files;
  }
  if (counts === null) {
    const why = object.way.api === "v5" ? "API v5 does not count them" : "Pardot took too long to count them";
    const which = isBulk(object) ? "the calls for further result files or pages" : "the calls for its records";
    return { records: null, calls, unknownCalls: `${which}; ${why}` };
  }
  const records = Math.round(counts.reduce((sum, count) => sum + count, 0));
  return { records, calls, unknownCalls: null };
}

/** The calls for the parents, and one for each group of them: v3/v4 counts the records themselves only by parent. */
async function estimateByParents(
  { urlName, dataKey, query, idsMax }: ParentsV4,
  windows: number,
  { pardot, signal }: EstimateContext,
): Promise<Estimate> {
  if (windows === 0) return { records: 0, calls: 0, unknownCalls: null };
  const way = { api: "v4", urlName, dataKey, query } as const;
  const counted = await orNull(pardot.countRecords({ way, fields: null, sort: null }, signal));
  const total = counted?.total ?? 0;
  return {
    records: null,
    calls: windows * (pagesOf(total, query) + Math.ceil(total / idsMax)),
    unknownCalls: `the calls where ${idsMax} ${urlName}s have more than a page of records`,
  };
}

/**
 * How many records each window holds, null if counting takes too long. The windows on one field are counted with one
 * call, and the records assumed to be spread evenly over time.
 */
async function countWindows(
  object: QueriedObject,
  windows: readonly UnreadWindow[],
  { pardot, total, signal }: EstimateContext,
): Promise<number[] | null> {
  const { way } = object;
  // API v5 counts nothing.
  if (way.api === "v5") return null;
  const perMs = new Map<PlannedWindow["field"], number>();
  for (const field of new Set(windows.map((window) => window.field))) {
    const group = windows.filter((window) => window.field === field);
    const first = (edge: "from" | "askFrom"): Instant => Math.min(...group.map((window) => window[edge]));
    const span = { field, from: first("from"), askFrom: first("askFrom"), to: Math.max(...group.map(({ to }) => to)) };
    const isExported = isBulk(object) && field !== null && way.query.filters[field] !== undefined;
    const bounds = isExported ? { field, from: span.askFrom, to: span.to } : pageBounds(object, span);
    const isAll = total !== null && group.length === windows.length;
    const request = { way, fields: null, sort: null, bounds };
    const count = isAll ? total : (await orNull(pardot.countRecords(request, signal)))?.total;
    if (count === undefined) return null;
    perMs.set(field, count / (span.to - span.askFrom));
  }
  return windows.map(({ field, askFrom, to }) => (perMs.get(field) ?? 0) * (to - askFrom));
}

/**
 * One call for each list email that is known, and for as many new ones as the activities of earlier runs have named.
 * Before there was such a run their number is unknown: v3/v4 cannot count list emails.
 */
async function estimateEmails(object: PerEmailObject, context: EstimateContext): Promise<Estimate> {
  const { state, range, warehouse, history, activities, now, signal } = context;
  const { email } = object.way;
  const forgotten = { object: object.name, marksActivity: email.which === "active" };
  let index = range.full ? forgetReadings(state.emails, forgotten) : state.emails;
  for await (const pairs of newPairs(() => index, warehouse, signal)) index = addPairs(index, pairs, false);
  const known = await knownEmails(index, warehouse, signal);
  const due = [...emailCandidates(object.name, email, index, known, now)].length;
  // After a full read, activities name hardly any unknown list emails.
  const named = range.full && due > 0 ? 0 : activities;
  const perActivity = named === 0 ? 0 : history.emailsPerActivity[object.name];
  if (named === null || perActivity === undefined) {
    const unknownCalls =
      "one call for each list email that this run's activities name; v3/v4 cannot count them in advance";
    return { records: null, calls: due, unknownCalls };
  }
  const calls = due + named * perActivity;
  return { records: Math.round(calls), calls, unknownCalls: null };
}
