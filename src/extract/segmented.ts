import type { CatalogObject } from "../catalog/catalog.ts";
import type { LandedFile, OpenWindow } from "../commit/state.ts";
import { normalise } from "../encode/normalise.ts";
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
  try {
    let cursor = window.cursor;
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
  } finally {
    await files.discard();
  }
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
  await extraction.journal.record([{ type: "landed", object: object.name, window: window.id, file, cursor }]);
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
