import type { CatalogObject } from "../catalog/catalog.ts";
import { CREATED_FILTER, UPDATED_FILTER } from "../catalog/filters.ts";
import { rejectsIn } from "../commit/rejects.ts";
import { objectState, openWindow } from "../commit/state.ts";
import type { Change, OpenWindow } from "../commit/state.ts";
import type { Reject } from "../encode/reject.ts";
import { Rejects, tooManyRejects } from "../land/rejects.ts";
import type { RowBounds } from "../land/row-bounds.ts";
import { exportedAt } from "../commit/open-window.ts";
import { DAY_MS } from "../time/instant.ts";
import { shiftLocal, toLocal } from "../time/zone.ts";
import { usableProcedure } from "./ask-export.ts";
import { windowBounds } from "./bounds.ts";
import type { Extraction } from "./extraction.ts";

/** Takes the records of an object that cannot be encoded, as many as are left of PARDOT_ETL_MAX_REJECTS. */
export function openRejects({ name }: Pick<CatalogObject, "name">, { journal, config }: Extraction): Rejects {
  const known = rejectsIn(objectState(journal.state, name)).length;
  return new Rejects(name, config.etl.maxRejects - known);
}

/**
 * What to record together with what landed of the same records, so that a kill neither loses nor doubles them. Throws
 * DataError (exit 6) when they are too many with those of the object's other windows.
 */
export function rejectedChanges(
  { name: object }: Pick<CatalogObject, "name">,
  { id: window }: Pick<OpenWindow, "id">,
  exportId: string | null,
  rejects: readonly Reject[],
  { journal, config, onEvent }: Extraction,
): Change[] {
  const [first] = rejects;
  if (first === undefined) return [];
  const known = rejectsIn(objectState(journal.state, object)).length;
  if (known + rejects.length > config.etl.maxRejects) throw tooManyRejects(object, rejects.at(-1) ?? null);
  const which = first.id === null ? "" : `, among them ${first.id}${first.column === null ? "" : ` (${first.column})`}`;
  const message = `${rejects.length === 1 ? "a record" : `${rejects.length} records`} of ${object} cannot be encoded${which}: set aside in _pardot_etl/rejects, with the reason`;
  onEvent({ type: "warning", code: "data.rejected", object, message });
  return [{ type: "rejected", object, window, exportId, rejects }];
}

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
