import { isQueried, zoneOf } from "../catalog/catalog.ts";
import type { BulkObject, CatalogObject, QueriedObject, RangeFilter } from "../catalog/catalog.ts";
import { RANGE_FILTERS } from "../catalog/entry.ts";
import { camelCase } from "../catalog/versions.ts";
import type { Row } from "../encode/canonical.ts";
import type { RowBounds } from "../land/raw-file.ts";
import { isoOffset } from "../pardot/dialects/v5.ts";
import type { PageBounds } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { exportedAt } from "../state/state.ts";
import { DAY_MS, HISTORY_START, SECOND_MS } from "../time/instant.ts";
import { boundAfter, boundBefore, shiftLocal, toLocal } from "../time/zone.ts";
import type { BulkWindow } from "./context.ts";
import { usableProcedure } from "./refusals.ts";

/** The two parameters of a window: exclusive bounds, in v3/v4 in the API user's local time, in v5 with an offset. */
export function rangeParameters(
  { way }: BulkObject,
  window: Window,
  filter: RangeFilter,
  zone: string,
): Record<string, string> {
  if (way.api === "v5") {
    return { [filter.after]: isoOffset(window.askFrom - SECOND_MS), [filter.before]: isoOffset(window.to) };
  }
  return { [filter.after]: boundAfter(window.askFrom, zone), [filter.before]: boundBefore(window.to, zone) };
}

/**
 * The bounds of a window that the query reads: none if Pardot cannot filter by its field, and none for a history,
 * because a bound on either side leaves out records that do not have the field. `inWindow` filters the rows of such a
 * window.
 */
export function pageBounds({ way }: QueriedObject, { field, from, askFrom, to }: Window): PageBounds | null {
  if (field === null || from === HISTORY_START) return null;
  const { query } = way;
  const isFilter = query.api === "v5" ? query.filters.includes(field) : query.filters[field] !== undefined;
  return isFilter ? { field, from: askFrom, to } : null;
}

/**
 * Whether a row belongs to a window, by the bounds of its filter. For windows that Pardot does not filter
 * (opportunities by updated_at, and any history), and for v5, whose filters may be ignored. A row without the field is
 * kept, because it can be in no other window.
 */
export function inWindow(object: CatalogObject, window: Window, userZone: string): (row: Row) => boolean {
  const { field } = window;
  const { way } = object;
  if (field === null || (way.api === "v4" && isQueried(object) && pageBounds(object, window) !== null))
    return () => true;
  const zone = zoneOf(object, userZone);
  const place = object.columns.findIndex((column) => column.name === field);
  // A history has no beginning, whatever the dates of its records.
  const after = window.from === HISTORY_START ? "" : boundAfter(window.askFrom, zone);
  const before = boundBefore(window.to, zone);
  return (row) => {
    const text = row[place] ?? null;
    return text === null || (text > after && text < before);
  };
}

/** The dates that the records of an export may have: those of its window, give or take a day. Null: any. */
export function rowBounds({ object, window, fields, current, extraction }: BulkWindow): RowBounds | null {
  const { field } = window;
  if (field === null) return null;
  const filter = usableProcedure(object, field, fields)?.range;
  // ProspectAccount can be exported by the dates of its prospects, which do not bound its own dates.
  if (![RANGE_FILTERS[field].after, camelCase(RANGE_FILTERS[field].after)].includes(filter?.after ?? "")) return null;
  const zone = zoneOf(object, extraction.config.pardot.timeZone);
  return {
    field,
    least: shiftLocal(boundAfter(window.askFrom, zone), -DAY_MS),
    greatest: shiftLocal(boundBefore(window.to, zone), DAY_MS),
    movedFrom: toLocal(exportedAt(current) - DAY_MS, zone),
  };
}

/** The zone in which exports write times without an offset, where landed times are UTC: as in v4, because it is not documented; else null. */
export function localZoneOf({ object, extraction }: BulkWindow): string | null {
  return object.way.api === "v5" ? extraction.config.pardot.timeZone : null;
}
