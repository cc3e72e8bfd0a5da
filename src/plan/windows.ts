import type { RangeField } from "../catalog/catalog.ts";
import { DAY_MS } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { fromLocal, shiftLocal, toLocal } from "../time/zone.ts";

/**
 * A range of one object's records, half-open `[from, to)` in whole seconds. `from` is in the manifest and in file names;
 * `askFrom` is where requests to Pardot begin: later than `from` only in a whole history, whose records begin long after
 * 1900.
 */
export interface Window {
  /** Null for an object that is always read in full. */
  readonly field: RangeField | null;
  readonly from: Instant;
  readonly to: Instant;
  readonly askFrom: Instant;
}

/**
 * Cuts `[from, to)` into windows of at most `daysMax` days without holes or overlaps; none for an empty range. No window
 * is longer than that by the wall clock either, which gains an hour at the end of summer time.
 */
export function cutWindows(range: Window, daysMax: number, zone: string): Window[] {
  const windows: Window[] = [];
  let { from, askFrom } = range;
  while (askFrom < range.to) {
    const to = Math.min(range.to, windowEnd(askFrom, daysMax, zone));
    windows.push({ field: range.field, from, to, askFrom });
    from = to;
    askFrom = to;
  }
  return windows;
}

function windowEnd(from: Instant, daysMax: number, zone: string): Instant {
  const length = daysMax * DAY_MS;
  const wall = fromLocal(shiftLocal(toLocal(from, zone), length), zone, "earlier");
  return Math.min(from + length, wall);
}
