import { isBulk, isPerEmail, isQueried } from "../../catalog/catalog.ts";
import type { CatalogObject, PerEmailObject, QueriedObject } from "../../catalog/catalog.ts";
import { withoutReadings, withPairs } from "../../state/email-index.ts";
import { applyFieldChange } from "../../state/field-memory.ts";
import { objectState } from "../../state/state.ts";
import type { OpenWindow, PlannedWindow } from "../../state/state.ts";
import { queryBounds, rangeParameters } from "../../extract/bounds.ts";
import { groupsOf } from "../../extract/bulk.ts";
import { emailCandidates } from "../../extract/emails.ts";
import { pagesOf } from "../../extract/pages.ts";
import { isQueriedInstead } from "../../extract/segmented.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { expectedFiles } from "../../plan/export-files.ts";
import { DAY_MS } from "../../time/instant.ts";
import { knownEmails, newPairs } from "../run/warehouse-emails.ts";
import type { Experience } from "./experience.ts";
import { orNull } from "../run/probes.ts";
import type { Decision, DecisionContext } from "../run/windows.ts";

/** What one object is expected to cost besides its lookups. */
export interface Expectation {
  /** Records that the windows hold now, null where they cannot be counted. */
  readonly records: number | null;
  /** Not rounded: an expectation may be half a file. */
  readonly calls: number;
  /** Exports that are to be waited for. */
  readonly exports: number;
  /** Which calls come on top that cannot be told beforehand; null when there are none. */
  readonly unknownCalls: string | null;
}

export interface ExpectationInput extends DecisionContext {
  readonly pardot: Pardot;
  readonly experience: Experience;
  /** Records of the object in all, where that is known already. */
  readonly total: number | null;
  /** Whether the run reads activities that may name new list e-mails. */
  readonly bringsEmails: boolean;
}

type AskedWindow = OpenWindow | PlannedWindow;

export async function expectation(
  object: CatalogObject,
  prepared: Decision,
  input: ExpectationInput,
): Promise<Expectation> {
  if (isPerEmail(object)) return emailCalls(object, input);
  if (!isQueried(object)) return { records: 1, calls: 0, exports: 0, unknownCalls: null };
  const asked = askedWindows(prepared);
  const memory = prepared.fields.reduce(applyFieldChange, objectState(input.state, object.name).fields);
  const counted = await countWindows(object, asked, input);
  let calls = 0;
  let exports = 0;
  for (const { window, records } of counted ?? asked.map((each) => ({ window: each, records: 0 }))) {
    if (!isBulk(object) || isQueriedInstead(object, window, memory)) {
      calls += pagesOf(records, object.v4.query.limit);
      continue;
    }
    const groups = groupsOf(object, "groups" in window ? window.groups : [], memory).length;
    calls += exportCalls(window, groups, groups * expectedFiles(records, input.experience.exports));
    // What names no result file is looked at twice.
    if (records === 0) calls += groups;
    exports += groups;
  }
  if (counted === null) {
    const unknownCalls = "those for its records; Pardot took too long to count them";
    return { records: null, calls, exports, unknownCalls };
  }
  const records = counted.reduce((sum, window) => sum + window.records, 0);
  return { records: Math.round(records), calls, exports, unknownCalls: null };
}

/** Windows that something is asked for; a history without a record is none. */
export function askedWindows(prepared: Decision): AskedWindow[] {
  return [...prepared.open.filter((window) => !window.done), ...prepared.windows].filter(
    (window) => window.askFrom < window.to,
  );
}

/** Each export is created unless it is adopted, read once when it is complete, and its files are fetched. */
function exportCalls(window: AskedWindow, exports: number, files: number): number {
  const open = "exports" in window ? window : null;
  return exports - (open?.exports.length ?? 0) + exports + Math.max(0, files - (open?.files.length ?? 0));
}

interface CountedWindow {
  readonly window: AskedWindow;
  readonly records: number;
}

/**
 * How many records each window holds, null when counting takes too long. Windows that follow on one another are counted
 * with one call, and the records taken to be spread evenly over them.
 */
async function countWindows(
  object: QueriedObject,
  windows: readonly AskedWindow[],
  input: ExpectationInput,
): Promise<CountedWindow[] | null> {
  const counted: CountedWindow[] = [];
  for (const stretch of stretches(windows)) {
    const [first] = stretch;
    if (first === undefined) continue;
    const whole = { ...first, to: Math.max(...stretch.map(({ to }) => to)) };
    const records =
      input.total !== null && stretch.length === windows.length ? input.total : await count(object, whole, input);
    if (records === null) return null;
    const length = stretch.reduce((sum, { askFrom, to }) => sum + to - askFrom, 0);
    counted.push(...stretch.map((window) => ({ window, records: (records * (window.to - window.askFrom)) / length })));
  }
  return counted;
}

/** Runs of windows on one field of which each begins where the one before it ends. */
function stretches(windows: readonly AskedWindow[]): AskedWindow[][] {
  const all: AskedWindow[][] = [];
  for (const window of windows) {
    const last = all.at(-1);
    const before = last?.at(-1);
    if (before?.to === window.askFrom && before.field === window.field) last?.push(window);
    else all.push([window]);
  }
  return all;
}

/** How many records a window selects, null when Pardot takes too long to count them. */
async function count(object: QueriedObject, window: PlannedWindow, input: ExpectationInput): Promise<number | null> {
  const { query, urlName, dataKey } = object.v4;
  const zone = input.config.pardot.timeZone;
  const filter = window.field === null ? undefined : query.filters[window.field];
  const isExported = isBulk(object) && filter !== undefined;
  const parameters = isExported ? rangeParameters(window, filter, zone) : queryBounds(object, window, zone);
  const counted = await orNull(input.pardot.countRecords({ urlName, dataKey, query, parameters }, input.signal));
  return counted?.total ?? null;
}

/**
 * One call for each list e-mail that is known, and for as many more as earlier days brought. Before there was such a
 * day nobody can tell: v3/v4 cannot count list e-mails.
 */
async function emailCalls(object: PerEmailObject, input: ExpectationInput): Promise<Expectation> {
  const { email } = object.v4;
  let index = input.state.emails;
  if (input.range.full) {
    index = withoutReadings(index, { object: object.name, marksActivity: email.which === "active" });
  }
  for await (const pairs of newPairs(() => index, input.warehouse, input.signal)) {
    index = withPairs(index, pairs, false);
  }
  const known = await knownEmails(index, input.warehouse, input.signal);
  let calls = 0;
  for (const _ of emailCandidates(object.name, email, index, known, input.now)) calls += 1;
  if (!input.bringsEmails) return { records: calls, calls, exports: 0, unknownCalls: null };
  const { lastRunAt, emailsPerDay } = input.experience;
  const perDay = emailsPerDay[object.name];
  if (perDay === undefined || lastRunAt === null) {
    const unknownCalls =
      "one for each list e-mail that the activities of this run bring; v3/v4 cannot count them beforehand";
    return { records: null, calls, exports: 0, unknownCalls };
  }
  const more = (perDay * Math.max(0, input.now - lastRunAt)) / DAY_MS;
  return { records: Math.round(calls + more), calls: calls + more, exports: 0, unknownCalls: null };
}
