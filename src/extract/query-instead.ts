import type { CatalogObject } from "../catalog/catalog.ts";
import type { FieldMemory } from "../state/field-memory.ts";
import { objectState } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import { assert } from "../errors.ts";
import type { Window } from "../plan/windows.ts";
import { keyField, usableProcedure } from "./ask-export.ts";
import { queryBounds } from "./bounds.ts";
import type { Extraction } from "./extraction.ts";
import { objectFields } from "./fields.ts";
import { isFieldRefusal, noteRefusedFields } from "./refusals.ts";
import { refusedAmong } from "./refused-fields.ts";
import { extractSegment } from "./segmented.ts";

/** Whether a window of a bulk object goes through the query, because Pardot refuses every export procedure for it. */
export function isQueriedInstead(object: CatalogObject, window: Pick<Window, "field">, memory: FieldMemory): boolean {
  return object.v4.process === "bulk" && usableProcedure(object, window.field, memory) === null;
}

/**
 * Extracts a window of a bulk object by the query: with all its columns, and with `fields`, without which custom fields
 * do not come. Fields that Pardot refuses are found out, remembered and left out.
 */
export async function extractByQuery(object: CatalogObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  // Each round but the last remembers a refused field more.
  for (;;) {
    const { columns, asked } = objectFields(object, objectState(extraction.journal.state, object.name).fields);
    try {
      await extractSegment(withFields({ ...object, columns }, asked), window, extraction);
      return;
    } catch (error) {
      if (!isFieldRefusal(error)) throw error;
      const isAccepted = (fields: readonly string[]): Promise<boolean> => tryQuery(object, fields, window, extraction);
      const refused = await refusedAmong(asked, keyField(object), isAccepted);
      if (refused.length === 0) throw error;
      await noteRefusedFields(object, refused, extraction);
    }
  }
}

function withFields(object: CatalogObject, fields: readonly string[]): CatalogObject {
  const { query } = object.v4;
  assert(query !== undefined, `${object.name} has a query`);
  const parameters = { ...query.parameters, fields: fields.join(",") };
  return { ...object, v4: { ...object.v4, query: { ...query, parameters } } };
}

/** Whether a query takes these fields, by one record of the window. */
async function tryQuery(
  object: CatalogObject,
  fields: readonly string[],
  window: OpenWindow,
  extraction: Extraction,
): Promise<boolean> {
  const { pardot, config, stop, signal } = extraction;
  const { urlName, dataKey, query } = withFields(object, fields).v4;
  assert(query !== undefined, `${object.name} has a query`);
  const bounds = queryBounds(object, window, config.pardot.timeZone);
  stop.throwIfAborted();
  try {
    const about = { object: object.name, window: null };
    await pardot.queryPage({ urlName, dataKey, query, parameters: { ...bounds, limit: "1" }, about }, signal);
    return true;
  } catch (error) {
    if (isFieldRefusal(error)) return false;
    throw error;
  }
}
