import type { CatalogObject } from "../catalog/catalog.ts";
import { moveFilesOut } from "../state/file-parts.ts";
import { objectState } from "../state/state.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import { DataError, LeaseError, StorageError } from "../errors.ts";
import { encodeRow } from "../land/rejects.ts";
import type { Rejects } from "../land/rejects.ts";
import { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import { queryBounds } from "./bounds.ts";
import { landingOf } from "./extraction.ts";
import type { Extraction } from "./extraction.ts";
import { rowFilter } from "./keep.ts";
import { readPages, recordId } from "./pages.ts";
import { openRejects, rejectedChanges } from "./set-aside.ts";
import { windowDone } from "./window-done.ts";

/**
 * Extracts one window of a segmented object: pages become rows, rows become files, and after each landed file the
 * journal knows from which id to go on. Ends with the window done.
 */
export async function extractSegment(object: CatalogObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  const { pardot, config, stop, signal, onEvent } = extraction;
  const files = openRowFiles(object, window, extraction);
  const zone = config.pardot.timeZone;
  const rejects = openRejects(object, extraction);
  const keep = rowFilter(object, window, zone);
  let cursor = window.cursor;
  try {
    const about = { object: object.name, window: window.id };
    for await (const page of readPages(pardot, { object, window, zone, about, cursor, stop, signal, onEvent })) {
      for (const record of page) {
        const row = encodeRow(record, object, rejects);
        if (row === null) continue;
        cursor = recordId(record, object);
        if (keep(row)) await files.add(row);
        if (files.isFull) await recordLanded(object, window, await files.land(), cursor, rejects, extraction);
      }
    }
    if (cursor === null) assertNotAllGone(object, window, extraction);
    await recordLanded(object, window, await files.land(), cursor, rejects, extraction);
    await windowDone(object, window, extraction, rejectedChanges(object, window, null, rejects.take(), extraction));
  } catch (error) {
    if (mayLandRest(error)) await recordLanded(object, window, await files.land(), cursor, rejects, extraction);
    throw error;
  } finally {
    await files.discard();
  }
}

/**
 * Whether what was read before an error is landed all the same: each page has cost a call, and a budget smaller than a file
 * would otherwise be spent on the same pages day after day. Not by a run that lost its lease, nor where landing failed.
 */
export function mayLandRest(error: unknown): boolean {
  return !(error instanceof LeaseError) && !(error instanceof StorageError);
}

/** Throws when a reading without any bounds found no record, although the object had some. */
function assertNotAllGone(object: CatalogObject, window: OpenWindow, extraction: Extraction): void {
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

/** Lands the one record of an object that is read whole in one call. */
export async function extractSingle(
  object: CatalogObject,
  window: OpenWindow,
  record: WireRecord,
  extraction: Extraction,
): Promise<void> {
  const files = openRowFiles(object, window, extraction);
  const rejects = openRejects(object, extraction);
  try {
    const row = encodeRow(record, object, rejects);
    if (row !== null) {
      await files.add(row);
      await recordLanded(object, window, await files.land(), recordId(record, object), rejects, extraction);
    }
    await windowDone(object, window, extraction, rejectedChanges(object, window, null, rejects.take(), extraction));
  } finally {
    await files.discard();
  }
}

async function recordLanded(
  object: CatalogObject,
  window: OpenWindow,
  file: LandedFile | null,
  cursor: string | null,
  rejects: Rejects,
  extraction: Extraction,
): Promise<void> {
  // What was set aside goes with the next file, or with the end of the window: until then the cursor stays before it.
  if (file === null) return;
  const { journal, storage, signal } = extraction;
  const rejected = rejectedChanges(object, window, null, rejects.take(), extraction);
  const landed = { type: "landed", object: object.name, window: window.id, file, cursor } as const;
  await journal.record([landed, ...rejected]);
  await moveFilesOut({ object: object.name, window: window.id }, journal, storage, signal);
}

export function openRowFiles(object: CatalogObject, window: OpenWindow, extraction: Extraction): RowFiles {
  const { rowsPerFile, bytesPerFile } = extraction.config.etl;
  const { pardotNow } = extraction;
  const { name, columns, watermark } = object;
  return new RowFiles(
    { object: name, columns, watermark, span: window, rowsPerFile, bytesPerFile, pardotNow },
    landingOf(extraction),
  );
}
