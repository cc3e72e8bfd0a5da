import { isBulk } from "../catalog/catalog.ts";
import type { BulkObject, CatalogObject, QueriedObject } from "../catalog/catalog.ts";
import { DataError, LeaseError, StorageError } from "../errors.ts";
import { encodeRow } from "../land/rejects.ts";
import type { Rejects } from "../land/rejects.ts";
import { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import type { FieldState } from "../state/field-state.ts";
import { moveFilesOut } from "../state/file-parts.ts";
import { objectState } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import { inWindow, queryBounds } from "./bounds.ts";
import { landingOf, WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { objectFields } from "./fields.ts";
import { readPages, recordId } from "./pages.ts";
import { excludeRefused, isFieldRefusal, usableProcedure } from "./refusals.ts";

/** Extracts one window by the query. Ends with the window done. */
export async function extractSegment(object: QueriedObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  const { pardot, config, drain, abort, onEvent } = extraction;
  const { cursor } = window;
  const about = { object: object.name, window: window.id };
  const request = { object, window, zone: config.pardot.timeZone, about, cursor, drain, abort, onEvent };
  await landPages(new WindowInProgress(object, window, extraction), readPages(pardot, request));
}

/** Lands the one record of an object that is read whole in one call. */
export async function extractSingle(
  object: CatalogObject,
  window: OpenWindow,
  record: WireRecord,
  extraction: Extraction,
): Promise<void> {
  await landPages(new WindowInProgress(object, window, extraction), [[record]]);
}

/**
 * Pages become rows, rows become files, and with each landed file the journal records from which id to go on. Ends with
 * the window done.
 */
async function landPages(
  progress: WindowInProgress,
  pages: AsyncIterable<readonly WireRecord[]> | Iterable<readonly WireRecord[]>,
): Promise<void> {
  const { object, window, extraction } = progress;
  const files = openRowFiles(progress);
  const rejects = progress.openRejects();
  const isWanted = inWindow(object, window, extraction.config.pardot.timeZone);
  let { cursor } = window;
  let isEmpty = cursor === null;
  try {
    for await (const page of pages) {
      for (const record of page) {
        isEmpty = false;
        const row = encodeRow(record, object, rejects);
        if (row === null) continue;
        cursor = recordId(record, object);
        if (isWanted(row)) await files.add(row);
        if (files.isFull) await landRows(files, cursor, rejects, progress);
      }
    }
    if (isEmpty) assertNotAllGone(progress);
    await landRows(files, cursor, rejects, progress);
    await progress.done(progress.rejected(null, rejects.take()));
  } catch (error) {
    if (mayLandRest(error)) await landRows(files, cursor, rejects, progress);
    throw error;
  } finally {
    await files.discard();
  }
}

/**
 * Whether rows that were read before an error are still landed: each page has cost a call, and a budget smaller than a
 * file would otherwise be spent on the same pages every day. Not by a run that lost its lease, nor after a failed landing.
 */
export function mayLandRest(error: unknown): boolean {
  return !(error instanceof LeaseError) && !(error instanceof StorageError);
}

/** Throws when a reading without any bounds found no record although the object had some. */
function assertNotAllGone({ object, window, extraction }: WindowInProgress): void {
  const { config, journal } = extraction;
  const { rowsCommitted } = objectState(journal.state, object.name);
  const isBounded = Object.keys(queryBounds(object, window, config.pardot.timeZone)).length > 0;
  if (isBounded || rowsCommitted === 0) return;
  throw new DataError(
    `read ${object.name}: Pardot returned no record at all, although ${rowsCommitted} have been read before`,
    {
      code: "data.all-gone",
      hint: "Nothing was committed for it. Check in Pardot whether the API user may still see these records, then run again.",
    },
  );
}

/** Whether the query reads a window of a bulk object, because Pardot refuses every export procedure for it. */
export function isQueriedInstead(object: CatalogObject, window: Pick<Window, "field">, memory: FieldState): boolean {
  return isBulk(object) && usableProcedure(object, window.field, memory) === null;
}

/**
 * Extracts a window of a bulk object by the query, with all its columns. Custom fields come only when `fields` names them.
 * Fields that Pardot refuses are identified, remembered and left out.
 */
export async function extractByQuery(object: BulkObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  const { journal, pardot, config, abort } = extraction;
  const request = (fields: readonly string[]): Promise<unknown> => {
    const { urlName, dataKey, query } = withFields(object, fields).v4;
    const parameters = { ...queryBounds(object, window, config.pardot.timeZone), limit: "1" };
    const about = { object: object.name, window: null };
    return pardot.queryPage({ urlName, dataKey, query, parameters, about }, abort);
  };
  // Each round but the last remembers at least one more refused field.
  for (;;) {
    const { columns, requested } = objectFields(object, objectState(journal.state, object.name).fields);
    try {
      await extractSegment(withFields({ ...object, columns }, requested), window, extraction);
      return;
    } catch (error) {
      if (!isFieldRefusal(error)) throw error;
      await excludeRefused(object, requested, error, request, extraction);
    }
  }
}

function withFields(object: BulkObject, fields: readonly string[]): BulkObject {
  const { query } = object.v4;
  const parameters = { ...query.parameters, fields: fields.join(",") };
  return { ...object, v4: { ...object.v4, query: { ...query, parameters } } };
}

/** Lands the rows of the current file, if any. Rejects go with the next file or with the end of the window: until then the cursor stays before them. */
async function landRows(
  files: RowFiles,
  cursor: string | null,
  rejects: Rejects,
  progress: WindowInProgress,
): Promise<void> {
  const file = await files.land();
  if (file === null) return;
  const { journal, storage, abort } = progress.extraction;
  await journal.record([progress.landed(file, cursor), ...progress.rejected(null, rejects.take())]);
  await moveFilesOut(progress.about, journal, storage, abort);
}

export function openRowFiles({ object, window, extraction }: WindowInProgress): RowFiles {
  const { rowsPerFile, bytesPerFile } = extraction.config.etl;
  const { pardotNow } = extraction;
  const { name, columns, watermark } = object;
  return new RowFiles(
    { object: name, columns, watermark, span: window, rowsPerFile, bytesPerFile, pardotNow },
    landingOf(extraction),
  );
}
