import type { CatalogObject, RangeFilter } from "../catalog/catalog.ts";
import { RANGE_FILTERS } from "../catalog/entry.ts";
import type { Row } from "../encode/canonical.ts";
import type { RowBounds } from "../land/raw-file.ts";
import type { Window } from "../plan/windows.ts";
import { exportedAt } from "../state/state.ts";
import { DAY_MS, HISTORY_START } from "../time/instant.ts";
import { boundAfter, boundBefore, shiftLocal, toLocal } from "../time/zone.ts";
import type { BulkWindow } from "./context.ts";
import { usableProcedure } from "./refusals.ts";

/** The two parameters of a window: exclusive bounds in the API user's local time. */
export function rangeParameters(window: Window, filter: RangeFilter, zone: string): Record<string, string> {
  return { [filter.after]: boundAfter(window.askFrom, zone), [filter.before]: boundBefore(window.to, zone) };
}

/**
 * The bounds of a window that the query reads: none if Pardot cannot filter by its field, and none for a history, because
 * a bound on either side leaves out records that do not have the field. `inWindow` filters the rows of such a window.
 */
export function queryBounds(object: CatalogObject, window: Window, zone: string): Record<string, string> {
  const filter = window.field === null ? undefined : object.v4.query?.filters[window.field];
  return filter === undefined || window.from === HISTORY_START ? {} : rangeParameters(window, filter, zone);
}

/**
 * Whether a row belongs to a window that Pardot does not filter (opportunities by updated_at, and any history): the same
 * exclusive bounds that a filter would have, compared as local text. A row without the field is kept, because it can be
 * in no other window. Every row is kept if Pardot filters.
 */
export function inWindow(object: CatalogObject, window: Window, zone: string): (row: Row) => boolean {
  const { field } = window;
  if (field === null || Object.keys(queryBounds(object, window, zone)).length > 0) return () => true;
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
  // ProspectAccount can be exported by the dates of its prospects, which bound none of its own.
  if (RANGE_FILTERS[field].after !== filter?.after) return null;
  const zone = extraction.config.pardot.timeZone;
  return {
    field,
    least: shiftLocal(boundAfter(window.askFrom, zone), -DAY_MS),
    greatest: shiftLocal(boundBefore(window.to, zone), DAY_MS),
    movedFrom: toLocal(exportedAt(current) - DAY_MS, zone),
  };
}
