import { earlierRows, median } from "../../operations/usual-rows.ts";
import type { PastRun, RunReport } from "../../operations/report/api.ts";
import { capitalized, elapsed, formatNumber, pluralize } from "../../text.ts";
import { listed } from "./format.ts";

/** Rows differ enough from the usual ones to be named: by this factor, and this number. */
const FACTOR = 3;
const ROWS_MIN = 100;
/** Likewise the time that a run took. */
const SLOWER = 1.5;
const TOOK_MIN_MS = 60_000;

const ENDED = {
  complete: "was complete",
  partial: "was partial",
  failed: "failed",
  died: "died",
  running: "is in progress",
} as const;

/** What is different from the run before, a sentence each. */
export function changesOf({ run, manifest, history, objects, status }: RunReport): readonly string[] {
  const before = history.findLast(({ runId }) => runId < run.runId);
  if (before === undefined) return ["This is the first run with a manifest."];
  const now = history.findLast(({ runId }) => runId === run.runId);
  if (manifest === null || now === undefined) {
    const when = status.runs.findLast(({ runId }) => runId < run.runId)?.status ?? before.status;
    return [`The run before ${ENDED[when]}; this one has no manifest to compare.`];
  }
  // A manifest knows neither that its run died nor the runs that have none.
  const endOf = (past: PastRun): keyof typeof ENDED =>
    status.runs.some(({ runId, status: ended }) => runId === past.runId && ended === "died") ? "died" : past.status;
  const [ended, endedBefore] = [run.status === "died" ? "died" : endOf(now), endOf(before)];
  const last = status.runs.findLast(({ runId }) => runId < run.runId);
  const between =
    last === undefined || last.runId <= before.runId
      ? []
      : [`The run before ${ENDED[last.status]} without a manifest; this compares with the one before that.`];
  const fields = objects.flatMap(({ entry: { object, drift } }) => [
    ...(drift.appeared.length === 0 ? [] : [`${object} has new fields: ${listed(drift.appeared)}.`]),
    ...(drift.vanished.length === 0 ? [] : [`${object} has lost fields: ${listed(drift.vanished)}.`]),
  ]);
  return [
    ...between,
    ...(ended === endedBefore ? [] : [`This run ${ENDED[ended]}; the one before ${ENDED[endedBefore]}.`]),
    ...statusChanges(before, now),
    ...rowChanges(history, before, now),
    ...fields,
    ...warningChanges(before, now),
    ...effortChanges(before, now),
  ];
}

function statusChanges(before: PastRun, now: PastRun): string[] {
  const added = [...now.objects.keys()].filter((object) => !before.objects.has(object));
  const removed = [...before.objects.keys()].filter((object) => !now.objects.has(object));
  const both = [...now.objects].flatMap(([object, { status }]) => {
    const old = before.objects.get(object)?.status;
    return old === undefined || old === status ? [] : [{ object, old, status }];
  });
  const groups = new Map<string, string[]>();
  for (const { object, old, status } of both) {
    const key = `${capitalized(status)} now, ${old} in the run before`;
    groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return [
    ...(added.length === 0 ? [] : [`New in this run: ${listed(added, 8)}.`]),
    ...(removed.length === 0 ? [] : [`Not read in this run: ${listed(removed, 8)}.`]),
    ...Array.from(groups, ([key, names]) => `${key}: ${listed(names, 8)}.`),
  ];
}

function rowChanges(history: readonly PastRun[], before: PastRun, now: PastRun): string[] {
  const difference = now.rows - before.rows;
  const all =
    difference === 0
      ? `${pluralize(now.rows, "row")}, as many as in the run before.`
      : `${pluralize(now.rows, "row")}, ${formatNumber(Math.abs(difference))} ${difference > 0 ? "more" : "fewer"} than in the run before.`;
  const unusual = [...now.objects].flatMap(([object, { status, rows }]) => {
    const earlier = earlierRows(history, object);
    const usual = median(earlier);
    const isFar = rows > usual * FACTOR || rows * FACTOR < usual;
    if (status !== "complete" || earlier.length < 3 || !isFar || Math.abs(rows - usual) < ROWS_MIN) return [];
    return [`${object}: ${pluralize(rows, "row")}; it usually brings about ${formatNumber(usual)}.`];
  });
  return [all, ...unusual];
}

function warningChanges(before: PastRun, now: PastRun): string[] {
  const added = [...now.warnings].filter((code) => !before.warnings.has(code));
  const gone = [...before.warnings].filter((code) => !now.warnings.has(code));
  return [
    ...(added.length === 0 ? [] : [`New warnings: ${listed(added, 8)}.`]),
    ...(gone.length === 0 ? [] : [`Warnings that did not come again: ${listed(gone, 8)}.`]),
  ];
}

function effortChanges(before: PastRun, now: PastRun): string[] {
  const tookOf = (run: PastRun): number => Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  const [took, usual] = [tookOf(now), tookOf(before)];
  const isOther = took > usual * SLOWER || usual > took * SLOWER;
  return [
    ...(isOther && Math.abs(took - usual) > TOOK_MIN_MS
      ? [`It took ${elapsed(took)}; the run before took ${elapsed(usual)}.`]
      : []),
    ...(now.calls === before.calls
      ? []
      : [`${pluralize(now.calls, "call")}; the run before made ${formatNumber(before.calls)}.`]),
  ];
}
