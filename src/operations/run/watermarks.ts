import type { CatalogObject } from "../../catalog/catalog.ts";
import { datetimeText } from "../../encode/canonical.ts";
import { floorSecond } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import { boundBefore, toLocal } from "../../time/zone.ts";

/** Says of a table that some of its watermarks are later than now. */
export function futureText({ table, watermark }: CatalogObject, future: string): string {
  return `${watermark ?? "the watermark"} of ${table} goes up to ${future}, which is later than now at Pardot: values later than now do not count for the start of the range. Correct these rows, or PARDOT_TIMEZONE if it is hours off`;
}

/** Now as local text: where the clock shows this hour twice, its end, since a record of now may have either text. */
export function localNow(now: Instant, zone: string): LocalText {
  return boundBefore(floorSecond(now), zone);
}

/** Whether a watermark that was landed once is a time, and not later than now. */
export function isSound(watermark: string, now: Instant, zone: string): boolean {
  // An earlier version kept the text of a file as it came: `N/A`, a zero date, a date alone.
  return datetimeText(watermark) === watermark && watermark <= localNow(now, zone);
}

/** The own watermark; in place of one that cannot be meant, the end of what was planned, null when nothing was. */
export function soundWatermark(
  watermark: LocalText | null,
  { now, plannedUntil, zone }: { readonly now: Instant; readonly plannedUntil: Instant | null; readonly zone: string },
): LocalText | null {
  if (watermark === null || isSound(watermark, now, zone)) return watermark;
  return plannedUntil === null ? null : toLocal(Math.min(plannedUntil, now), zone);
}
