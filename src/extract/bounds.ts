import type { CatalogObject, RangeFilter } from "../catalog/catalog.ts";
import type { Window } from "../plan/windows.ts";
import { HISTORY_START } from "../time/instant.ts";
import { boundAfter, boundBefore } from "../time/zone.ts";

/** The two parameters of a window: exclusive bounds in the API user's local time. */
export function windowBounds(window: Window, filter: RangeFilter, zone: string): Record<string, string> {
  return { [filter.after]: boundAfter(window.askFrom, zone), [filter.before]: boundBefore(window.to, zone) };
}

/**
 * The bounds of a window that is read by the query: none where Pardot cannot filter, and none for a history, because a
 * bound on either side leaves out records that do not have the field. `rowFilter` keeps the rows of such a window.
 */
export function queryBounds(object: CatalogObject, window: Window, zone: string): Record<string, string> {
  const filter = window.field === null ? undefined : object.v4.query?.filters[window.field];
  return filter === undefined || window.from === HISTORY_START ? {} : windowBounds(window, filter, zone);
}
