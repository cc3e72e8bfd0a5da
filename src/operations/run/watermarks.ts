import type { CatalogObject } from "../../catalog/catalog.ts";
import { datetimeText } from "../../encode/canonical.ts";
import { floorSecond } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import { boundBefore, toLocal } from "../../time/zone.ts";

/** The warning that some of a table's watermarks are later than now. */
export function futureText({ table, watermark }: CatalogObject, future: string): string {
  return `${watermark ?? "the watermark"} of ${table} goes up to ${future}, which is later than Pardot's current time: later values do not count for the start of the range. Correct these rows, or PARDOT_TIMEZONE if it is hours off`;
}

/**
 * The current time as local text. If the clock shows this hour twice, the end of the later one, because a current
 * record may have either text.
 */
export function localNow(now: Instant, zone: string): LocalText {
  return boundBefore(floorSecond(now), zone);
}

/** Whether a landed watermark is a valid time, and not later than now. */
export function isSound(watermark: string, now: Instant, zone: string): boolean {
  // An earlier version kept the text of a file unchanged: `N/A`, a zero date, a date without a time.
  return datetimeText(watermark) === watermark && watermark <= localNow(now, zone);
}

/** The own watermark; instead of an invalid one the end of the planned range, null if there is none. */
export function soundWatermark(
  watermark: LocalText | null,
  { now, plannedUntil, zone }: { readonly now: Instant; readonly plannedUntil: Instant | null; readonly zone: string },
): LocalText | null {
  if (watermark === null || isSound(watermark, now, zone)) return watermark;
  return plannedUntil === null ? null : toLocal(Math.min(plannedUntil, now), zone);
}
