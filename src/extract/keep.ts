import type { CatalogObject, RangeFilter } from "../catalog/catalog.ts";
import type { Row } from "../encode/row.ts";
import type { Window } from "../plan/windows.ts";
import { windowBounds } from "./bounds.ts";

const BOUNDS: RangeFilter = { after: "after", before: "before" };

/**
 * Whether a row belongs to the window, for an object whose window Pardot cannot filter on (opportunities by updated_at):
 * the same exclusive bounds that a filter would have, compared as local text. A row without the field is kept: it can
 * be in no other window. Everything is kept where Pardot filters.
 */
export function rowFilter(object: CatalogObject, window: Window, zone: string): (row: Row) => boolean {
  const { field } = window;
  if (field === null || object.v4.query?.filters[field] !== undefined) return () => true;
  const place = object.columns.findIndex((column) => column.name === field);
  const { after = "", before = "" } = windowBounds(window, BOUNDS, zone);
  return (row) => {
    const text = row[place] ?? null;
    return text === null || (text > after && text < before);
  };
}
