import { isBulk } from "../catalog/catalog.ts";
import type { CatalogObject, QueriedObject, SingleV4, SingleV5 } from "../catalog/catalog.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import type { FieldState } from "../state/field-state.ts";
import { objectState, openWindow } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import { DAY_MS } from "../time/instant.ts";
import { pageBounds } from "./bounds.ts";
import { WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { objectFields } from "./fields.ts";
import { Found, landPages } from "./land-pages.ts";
import { landWindow } from "./land-window.ts";
import { recordId } from "./pages/page.ts";
import { recordRefusedParameter, refusedParameter, trustedCursor, withoutRefused } from "./parameters.ts";
import type { Acceptable } from "./parameters.ts";
import { excludeRefused, isFieldRefusal, usableProcedure } from "./refusals.ts";
import { WideQuery } from "./pages/wide-query.ts";

/** Extracts one window by the v3/v4 query, which returns all fields. Ends with the window done. */
export async function extractSegment(object: QueriedObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  await landWindow(
    { object, byToken: false, pardot: extraction.pardot, fields: null, isIncomplete: () => false },
    window,
    extraction,
  );
}

/**
 * Extracts one window by a query that names its fields: of v5, or of an object that Pardot refuses to export. Fields
 * that Pardot refuses are identified, remembered and left out; those that do not fit one address come in groups.
 */
export async function extractByFields(
  object: QueriedObject,
  window: OpenWindow,
  extraction: Extraction,
): Promise<void> {
  const { journal } = extraction;
  const pardot = new WideQuery(object, extraction.pardot);
  // Each round but the last remembers at least one more refused field or parameter.
  for (;;) {
    const memory = objectState(journal.state, object.name).fields;
    const { columns, requested } = objectFields(object, memory);
    const open = openWindow(journal.state, object.name, window.id);
    const current = { ...open, cursor: trustedCursor(object, open.cursor, memory) };
    const accepted = withoutRefused({ ...object, columns }, memory);
    try {
      const isIncomplete = (record: WireRecord): boolean => pardot.isIncomplete(record);
      await landWindow({ ...accepted, pardot, fields: requested, isIncomplete }, current, extraction);
      return;
    } catch (error) {
      await rememberRefusal(error, accepted, { window, requested, pardot, extraction });
    }
  }
}

/** Remembers the field or the parameter that an error of Pardot refuses. Throws any other error. */
async function rememberRefusal(
  error: unknown,
  accepted: Acceptable,
  reading: {
    readonly window: OpenWindow;
    readonly requested: readonly string[];
    readonly pardot: WideQuery;
    readonly extraction: Extraction;
  },
): Promise<void> {
  const { window, requested, pardot, extraction } = reading;
  const { object } = accepted;
  const parameter = refusedParameter(error, accepted);
  if (parameter !== null) return recordRefusedParameter(object, parameter, extraction);
  if (!isFieldRefusal(error)) throw error;
  const { way, name } = object;
  const bounds = pageBounds(object, window);
  const request = (fields: readonly string[]): Promise<unknown> => {
    const about = { object: name, window: null };
    return pardot.queryPage({ way, fields, bounds, sort: null, limit: 1, about }, extraction.abort);
  };
  try {
    await excludeRefused(object, requested, error, request, extraction);
  } catch (again) {
    // One query may refuse both.
    const other = again === error ? null : refusedParameter(again, accepted);
    if (other === null) throw again;
    await recordRefusedParameter(object, other, extraction);
  }
}

/** Lands the only record of an object that one call reads; `record`: the record if v3/v4 has already returned it. */
export async function extractSingle(
  object: CatalogObject<SingleV4 | SingleV5>,
  window: OpenWindow,
  record: WireRecord,
  extraction: Extraction,
): Promise<void> {
  const { journal, pardot, abort } = extraction;
  const { way } = object;
  const progress = new WindowInProgress(object, window, extraction);
  const land = async (one: WireRecord): Promise<void> => {
    const found = new Found();
    const cursorAt = (): string => recordId(one, object);
    const steps = [{ type: "records" as const, records: [one], cursorAt, hidesValues: false }];
    await landPages(progress, { steps, isIncomplete: () => false }, found);
    await progress.done(found.changes);
  };
  if (way.api === "v4") return land(record);
  const read = (fields: readonly string[]): Promise<WireRecord> =>
    pardot.readById({ way, id: "", fields, about: { object: object.name, window: null } }, abort);
  for (;;) {
    const { requested } = objectFields(object, objectState(journal.state, object.name).fields);
    try {
      return await land(await read(requested));
    } catch (error) {
      if (!isFieldRefusal(error)) throw error;
      await excludeRefused(object, requested, error, read, extraction);
    }
  }
}

/**
 * Whether the query reads a window of a bulk object: because Pardot refuses every export procedure for it, or because the
 * window is one of the query, from before an override made exports the way of an object of v5.
 */
export function isQueriedInstead(
  object: CatalogObject,
  window: Omit<Window, "from"> & Partial<Pick<OpenWindow, "cursor">>,
  memory: FieldState,
): boolean {
  if (!isBulk(object)) return false;
  const isLonger = window.to - window.askFrom > object.way.export.windowDaysMax * DAY_MS;
  const isOfQuery = object.way.api === "v5" && (isLonger || (window.cursor ?? null) !== null);
  return isOfQuery || usableProcedure(object, window.field, memory) === null;
}
