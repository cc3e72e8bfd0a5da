import type { RangeFilter } from "../catalog/catalog.ts";
import type { Window } from "../plan/windows.ts";
import { HISTORY_START } from "../time/instant.ts";
import { boundAfter, boundBefore } from "../time/zone.ts";

/** What a whole history asks from: a second before 1900, whatever the zone. */
const HISTORY_BOUND = "1899-12-31 23:59:59";

/** The two parameters of a window: exclusive bounds in the API user's local time. */
export function windowBounds(window: Window, filter: RangeFilter, zone: string): Record<string, string> {
  const after = window.askFrom === HISTORY_START ? HISTORY_BOUND : boundAfter(window.askFrom, zone);
  return { [filter.after]: after, [filter.before]: boundBefore(window.to, zone) };
}
