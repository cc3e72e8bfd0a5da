import type { CatalogObject } from "../catalog/catalog.ts";
import type { Row } from "../encode/row.ts";
import type { Window } from "../plan/windows.ts";
import { HISTORY_START } from "../time/instant.ts";
import { boundAfter, boundBefore } from "../time/zone.ts";
import { queryBounds } from "./bounds.ts";

/**
 * Whether a row belongs to the window, for a window that Pardot does not filter (opportunities by updated_at, and any
 * history): the same exclusive bounds that a filter would have, compared as local text. A row without the field is kept:
 * it can be in no other window. Everything is kept where Pardot filters.
 */
export function rowFilter(object: CatalogObject, window: Window, zone: string): (row: Row) => boolean {
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
