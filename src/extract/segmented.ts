import type { CatalogObject } from "../catalog/catalog.ts";
import { moveFilesOut } from "../commit/file-parts.ts";
import type { LandedFile, OpenWindow } from "../commit/state.ts";
import { normalise } from "../encode/normalise.ts";
import { LeaseError, PardotEtlError, StorageError } from "../errors.ts";
import { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { Extraction } from "./extraction.ts";
import { rowFilter } from "./keep.ts";
import { readPages, recordId } from "./pages.ts";
import { windowDone } from "./window-done.ts";

/**
 * Extracts one window of a segmented object: pages become rows, rows become files, and after each landed file the
 * journal knows from which id to go on. Ends with the window done.
 */
export async function extractSegment(object: CatalogObject, window: OpenWindow, extraction: Extraction): Promise<void> {
  const { pardot, config, stop, signal } = extraction;
  const files = openRowFiles(object, window, extraction);
  const zone = config.pardot.timeZone;
  const keep = rowFilter(object, window, zone);
  let cursor = window.cursor;
  try {
    const about = { object: object.name, window: window.id };
    for await (const page of readPages(pardot, { object, window, zone, about, cursor, stop, signal })) {
      for (const record of page) {
        const row = normalise(record, object.columns, object.name);
        cursor = recordId(record, object);
        if (keep(row)) await files.add(row);
        if (files.isFull) await recordLanded(object, window, await files.land(), cursor, extraction);
      }
    }
    await recordLanded(object, window, await files.land(), cursor, extraction);
    await windowDone(object, window, extraction);
  } catch (error) {
    if (mayLandRest(error)) await recordLanded(object, window, await files.land(), cursor, extraction);
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
  return error instanceof PardotEtlError && !(error instanceof LeaseError) && !(error instanceof StorageError);
}

/** Lands the one record of an object that is read whole in one call. */
export async function extractSingle(
  object: CatalogObject,
  window: OpenWindow,
  record: WireRecord,
  extraction: Extraction,
): Promise<void> {
  const files = openRowFiles(object, window, extraction);
  try {
    await files.add(normalise(record, object.columns, object.name));
    await recordLanded(object, window, await files.land(), recordId(record, object), extraction);
    await windowDone(object, window, extraction);
  } finally {
    await files.discard();
  }
}

async function recordLanded(
  object: CatalogObject,
  window: OpenWindow,
  file: LandedFile | null,
  cursor: string | null,
  extraction: Extraction,
): Promise<void> {
  if (file === null) return;
  const { journal, storage, signal } = extraction;
  await journal.record([{ type: "landed", object: object.name, window: window.id, file, cursor }]);
  await moveFilesOut({ object: object.name, window: window.id }, journal, storage, signal);
}

export function openRowFiles(object: CatalogObject, window: OpenWindow, extraction: Extraction): RowFiles {
  const { etl } = extraction.config;
  return new RowFiles({
    object: object.name,
    columns: object.columns,
    watermark: object.watermark,
    span: window,
    compression: etl.compression,
    rowsPerFile: etl.rowsPerFile,
    bytesPerFile: etl.bytesPerFile,
    pardotNow: extraction.pardotNow,
    tmpDir: etl.tmpDir,
    random: extraction.random,
    storage: extraction.storage,
    onEvent: extraction.onEvent,
    signal: extraction.signal,
  });
}
