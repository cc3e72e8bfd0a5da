import type { CatalogObject } from "../catalog/catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../catalog/filters.ts";
import { exportedAt, objectState, openWindow } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import type { RowBounds } from "../land/row-bounds.ts";
import { DAY_MS } from "../time/instant.ts";
import { shiftLocal, toLocal } from "../time/zone.ts";
import { usableProcedure } from "./ask-export.ts";
import { windowBounds } from "./bounds.ts";
import type { Extraction } from "./extraction.ts";

const BOUNDS = { after: "after", before: "before" } as const;

const OWN_FILTERS = { created_at: CREATED_FILTER, updated_at: UPDATED_FILTER };

/** Where the records of an export may stand in time: in its window, give or take a day. Null where nothing says so. */
export function rowBounds(
  object: CatalogObject,
  window: OpenWindow,
  { journal, config }: Extraction,
): RowBounds | null {
  const { field } = window;
  if (field === null) return null;
  const filter = usableProcedure(object, field, objectState(journal.state, object.name).fields)?.range;
  // ProspectAccount can be asked for by the time of its prospects, which says nothing of its own.
  if (OWN_FILTERS[field].after !== filter?.after) return null;
  const zone = config.pardot.timeZone;
  const { after = "", before = "" } = windowBounds(window, BOUNDS, zone);
  const readAt = exportedAt(openWindow(journal.state, object.name, window.id));
  return {
    field,
    least: shiftLocal(after, -DAY_MS),
    greatest: shiftLocal(before, DAY_MS),
    movedFrom: toLocal(readAt - DAY_MS, zone),
  };
}
