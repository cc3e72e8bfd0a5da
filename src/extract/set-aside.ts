import type { CatalogObject } from "../catalog/catalog.ts";
import { rejectsIn } from "../state/rejects.ts";
import { objectState } from "../state/state.ts";
import type { Change, OpenWindow } from "../state/state.ts";
import type { Reject } from "../encode/reject.ts";
import { Rejects, tooManyRejects } from "../land/rejects.ts";
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
