import type { PastRun } from "./api.ts";

/** Earlier runs without which nothing is usual. */
const RUNS_MIN = 5;
/** Rows below which an object is too quiet for its silence to mean anything. */
const USUAL_MIN = 20;
/** Of the earlier runs, the share that must have brought rows. */
const BUSY_SHARE = 0.9;

/** An object that was read and brought nothing, although it usually does. */
export interface SilentObject {
  readonly object: string;
  /** Rows of an earlier run, the median. */
  readonly usual: number;
}

/**
 * The objects that the last run has read without a row although nine of ten runs before it brought some. Every range
 * overlaps the one before, so even a quiet day has rows. Likely causes: work in Pardot has stopped, or the API user no
 * longer sees the records. `history`: oldest first.
 */
export function silentObjects(history: readonly PastRun[]): readonly SilentObject[] {
  const last = history.at(-1);
  if (last === undefined) return [];
  return Array.from(last.objects).flatMap(([object, { status, rows }]): SilentObject[] => {
    if (status !== "complete" || rows > 0) return [];
    const before = earlierRows(history, object);
    const busy = before.filter((count) => count > 0).length;
    const usual = median(before);
    return before.length >= RUNS_MIN && busy >= before.length * BUSY_SHARE && usual >= USUAL_MIN
      ? [{ object, usual }]
      : [];
  });
}

/** Rows of an object in the runs before the last one in which it was complete. */
export function earlierRows(history: readonly PastRun[], object: string): readonly number[] {
  return history.slice(0, -1).flatMap(({ objects }) => {
    const own = objects.get(object);
    return own?.status === "complete" ? [own.rows] : [];
  });
}

/** The lower of the two in the middle; 0 of none. */
export function median(counts: readonly number[]): number {
  return counts.toSorted((a, b) => a - b)[Math.floor((counts.length - 1) / 2)] ?? 0;
}
