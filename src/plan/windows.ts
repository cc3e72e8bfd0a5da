import type { RangeField } from "../catalog/catalog.ts";
import { DAY_MS } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { fromLocal, shiftLocal, toLocal } from "../time/zone.ts";

/**
 * A stretch of one object's records, half-open `[from, to)` in whole seconds. `from` stands in the manifest and in file
 * names; `askFrom` is where the question to Pardot begins, later than `from` only in a whole history, whose records
 * begin long after 1900.
 */
export interface Window {
  /** Null for an object that is always read whole. */
  readonly field: RangeField | null;
  readonly from: Instant;
  readonly to: Instant;
  readonly askFrom: Instant;
}

/**
 * Cuts `[from, to)` into windows of at most `daysMax` days with no hole and no overlap; nothing when the range is empty.
 * No window is longer than that by the clock on the wall either: across the end of summer time the wall shows an hour
 * more than went by.
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
