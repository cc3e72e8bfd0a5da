import { isBulk, isQueried } from "../catalog/catalog.ts";
import type { CatalogObject, QueriedObject, SingleV4, SingleV5 } from "../catalog/catalog.ts";
import { DataError, LeaseError, StorageError } from "../errors.ts";
import { warn } from "../events.ts";
import { rowEncoder } from "../land/rejects.ts";
import type { Rejects } from "../land/rejects.ts";
import { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import type { FieldState } from "../state/field-state.ts";
import { moveFilesOut } from "../state/file-parts.ts";
import { objectState, openWindow } from "../state/state.ts";
import type { Change, OpenWindow } from "../state/state.ts";
import { pluralize } from "../text.ts";
import { DAY_MS } from "../time/instant.ts";
import { inWindow, pageBounds } from "./bounds.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import type { EmailPairs } from "./email-pairs.ts";
import { landingOf, WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { objectFields } from "./fields.ts";
import { recordId } from "./page.ts";
import { recordRefusedParameter, refusedParameter, trustedCursor, withoutRefused } from "./parameters.ts";
import type { Acceptable } from "./parameters.ts";
import type { PagesRequest, Step } from "./page.ts";
import { excludeRefused, isFieldRefusal, usableProcedure } from "./refusals.ts";
import { WideQuery, warnOfIncomplete } from "./wide-query.ts";
import { readWindow } from "./window-pages.ts";

/** Extracts one window by the v3/v4 query, which returns all fields. Ends with the window done. */
export async function extractSegment(object: QueriedObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  await landPages(
    new WindowInProgress(object, window, extraction),
    pagesOfWindow({ object, byToken: false }, window, null, extraction),
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
      await landPages(
        new WindowInProgress(accepted.object, current, extraction),
        pagesOfWindow(accepted, current, requested, { ...extraction, pardot }),
        (record) => pardot.isIncomplete(record),
      );
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

function pagesOfWindow(
  { object, byToken }: Acceptable,
  window: OpenWindow,
  fields: readonly string[] | null,
  { pardot, drain, abort, onEvent }: Pick<PagesRequest, "pardot" | "drain" | "abort" | "onEvent">,
): AsyncGenerator<Step> {
  const about = { object: object.name, window: window.id };
  const { cursor } = window;
  return readWindow({ pardot, object, byToken, window, fields, about, cursor, drain, abort, onEvent });
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
  const land = (found: WireRecord): Promise<void> =>
    landPages(progress, [
      { type: "records", records: [found], cursorAt: () => recordId(found, object), hidesValues: false },
    ]);
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
 * Pages become rows, rows become files, and with each landed file the journal records where to continue. Ends with the
 * window done. `isIncomplete`: whether a record lacks values that the account may have.
 */
async function landPages(
  progress: WindowInProgress,
  steps: AsyncIterable<Step> | Iterable<Step>,
  isIncomplete: (record: WireRecord) => boolean = () => false,
): Promise<void> {
  const { object, window, extraction } = progress;
  const files = openRowFiles(progress);
  const rejects = progress.openRejects();
  const pairs = collectEmailPairs(object);
  const places = pairs.tap?.columns.map((name) => object.columns.findIndex((column) => column.name === name)) ?? [];
  const toRow = rowEncoder(object, rejects, progress.protection());
  const land = (): Promise<void> => landRows(files, { cursor, rejects, pairs, progress });
  const isWanted = inWindow(object, window, extraction.config.pardot.timeZone);
  const isFiltered = isQueried(object) && pageBounds(object, window) !== null;
  // Where to continue after the last row that `reached` looked at.
  let { cursor } = window;
  let mayLand = true;
  let place: (() => string | null) | null = null;
  // Notes where to continue after the last row; false: the rows may not land yet.
  const reached = (): boolean => {
    if (place === null) return mayLand;
    const next = place();
    place = null;
    mayLand = next !== null;
    cursor = next ?? cursor;
    return mayLand;
  };
  let isEmpty = cursor === null;
  let hiding = 0;
  let unwanted = 0;
  let incomplete = 0;
  const isReported = progress.fields.ignoredFilters?.includes(String(window.field)) === true;
  try {
    for await (const step of steps) {
      if (step.type === "again") {
        await files.discard();
        [unwanted, incomplete] = [0, 0];
        rejects.forget();
        pairs.tap?.forget();
      } else if (step.type === "reached") {
        reached();
        ({ cursor } = step);
        await land();
      } else {
        if (step.hidesValues) hiding += 1;
        for (const [i, record] of step.records.entries()) {
          isEmpty = false;
          const row = toRow(record);
          if (row === null) continue;
          if (isWanted(row)) {
            const lacksValues = isIncomplete(record);
            if (lacksValues) incomplete += 1;
            // No wait for each row: the last one would be where most of the time goes.
            const adding = files.add(row, lacksValues);
            if (adding !== null) await adding;
            pairs.tap?.onRecord(places.map((at) => row[at] ?? null));
          } else if (isFiltered) unwanted += 1;
          place = () => step.cursorAt(i);
          if (files.isFull && reached()) await land();
        }
      }
    }
    if (isEmpty) assertNotAllGone(progress);
    reached();
    if (mayLand) await land();
    // No cursor precedes the remaining rows: they land with the end of the window, or they would be read twice.
    const rest = mayLand ? null : await files.land();
    const landed = rest === null ? [] : [...pairs.changes(), progress.landed(rest, cursor)];
    await progress.done([...landed, ...progress.rejected(null, rejects.take()), ...ignoredFilter(progress, unwanted)]);
  } catch (error) {
    if (reached() && mayLandRest(error) && !comesAgain(error, object)) await land();
    throw error;
  } finally {
    await files.discard();
    warnOfPages(progress, hiding, isReported ? 0 : unwanted);
    warnOfIncomplete(object.name, incomplete, extraction.onEvent);
  }
}

/** Remembers that a filter was found to be ignored. It is still sent, because a single record outside may have another cause. */
function ignoredFilter({ object, window }: WindowInProgress, unwanted: number): Change[] {
  const { field } = window;
  return unwanted === 0 || field === null ? [] : [{ type: "filter-ignored", object: object.name, filter: field }];
}

function warnOfPages(
  { object: { name }, extraction: { onEvent } }: WindowInProgress,
  hiding: number,
  unwanted: number,
): void {
  if (hiding > 0) {
    const message = `Pardot hides records or values of ${name} from the API user by access rules (warning 202 in ${pluralize(hiding, "response")}): give the user access, or expect them to be missing`;
    warn(onEvent, "pardot.values-hidden", message, name);
  }
  if (unwanted > 0) {
    const message = `Pardot returned ${pluralize(unwanted, "record")} from outside the requested window, so it ignores the filter: they were left out here`;
    warn(onEvent, "pardot.filter-ignored", message, name);
  }
}

/**
 * Whether rows that were read before an error are still landed: each page has cost a call, and a budget smaller than a
 * file would otherwise be spent on the same pages every day. Not by a run that lost its lease, nor after a failed
 * landing.
 */
export function mayLandRest(error: unknown): boolean {
  return !(error instanceof LeaseError) && !(error instanceof StorageError);
}

/** Whether the rows before an error are read again: v5 has not sorted them as requested, and some may be missing. */
function comesAgain(error: unknown, { way }: CatalogObject): boolean {
  return way.api === "v5" && error instanceof DataError && error.code === "data.page-unsorted";
}

/** Throws when a read without any bounds found no record although the object had some. */
function assertNotAllGone({ object, window, extraction }: WindowInProgress): void {
  const { rowsCommitted } = objectState(extraction.journal.state, object.name);
  const isBounded = isQueried(object) && pageBounds(object, window) !== null;
  if (isBounded || rowsCommitted === 0) return;
  throw new DataError(
    `read ${object.name}: Pardot returned no record at all, although ${rowsCommitted} have been read before`,
    {
      code: "data.all-gone",
      hint: "Nothing was committed for it. Check in Pardot whether the API user may still see these records, then run again.",
    },
  );
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

/**
 * Lands the rows of the current file, if any. Rejects go with the next file or with the end of the window: until then
 * the cursor stays before them.
 */
async function landRows(
  files: RowFiles,
  to: {
    readonly cursor: string | null;
    readonly rejects: Rejects;
    readonly pairs: EmailPairs;
    readonly progress: WindowInProgress;
  },
): Promise<void> {
  const { cursor, rejects, pairs, progress } = to;
  const file = await files.land();
  if (file === null) return;
  const { journal, storage, abort } = progress.extraction;
  const rejected = progress.rejected(null, rejects.take());
  await journal.record([...pairs.changes(), progress.landed(file, cursor), ...rejected]);
  pairs.tap?.forget();
  await moveFilesOut(progress.about, journal, storage, abort);
}

export function openRowFiles({ object, window, extraction }: WindowInProgress): RowFiles {
  const { etl } = extraction.config;
  const rowsPerFile = etl.rowsPerFile ?? (object.core ? 1000 : 100_000);
  const bytesPerFile = etl.bytesPerFile ?? (object.core ? 16_000_000 : 64_000_000);
  const { pardotNow } = extraction;
  const { name, columns, watermark } = object;
  return new RowFiles(
    { object: name, columns, watermark, span: window, rowsPerFile, bytesPerFile, pardotNow },
    landingOf(extraction),
  );
}
