import type { PastRun } from "./report/api.ts";

/** Earlier days without which nothing is usual. */
const DAYS_MIN = 5;
/** Rows below which an object is too quiet for its silence to mean anything. */
const USUAL_MIN = 20;
/** Of the earlier days, the share that must have brought rows. */
const BUSY_SHARE = 0.9;

/** Code of the warning about an object that was read and brought nothing new, although it usually does. */
export const SILENT = "object.silent";

/**
 * The rows that an object usually brings in a day, by those of earlier days, the median; null if it is quiet, if days
 * without rows are usual, or if it was not read often enough to say. An object with a usual number that brings nothing is
 * silent: work in Pardot has stopped, or the API user no longer sees the records.
 */
export function usualRows(earlier: readonly number[]): number | null {
  const busy = earlier.filter((rows) => rows > 0).length;
  const usual = median(earlier);
  return earlier.length >= DAYS_MIN && busy >= earlier.length * BUSY_SHARE && usual >= USUAL_MIN ? usual : null;
}

/** Rows of an object in the runs before the last one in which it was complete. `history`: oldest first. */
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
