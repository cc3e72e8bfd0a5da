import type { OpenWindow } from "../state/state.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import { cursorText, cutAt, gapsOf, landedThrough, parseCursor, parseId } from "../state/cursor.ts";
import type { Id, IdGap, Landed } from "../state/cursor.ts";
import { WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { Found, ignoredFilter, landPages } from "./land-pages.ts";
import type { PagesRequest } from "./pages/page.ts";
import type { Acceptable } from "./parameters.ts";
import { warnOfTotal } from "./pages/window-end.ts";
import { isById, readWindow } from "./pages/window-pages.ts";

/** How a window is read. */
export interface WayToRead extends Acceptable, Pick<PagesRequest, "pardot"> {
  /** As in `PageRequest`. */
  readonly fields: readonly string[] | null;
  readonly isIncomplete: (record: WireRecord) => boolean;
}

/**
 * Reads and lands a window. A long reading by ascending id continues in ranges of ids, which idle lanes read at the same
 * time: each lands its files and moves its part of the cursor. One lane reads the same ranges one by one, so the files do
 * not depend on the number of lanes. Ends with the window done.
 */
export async function landWindow(
  { object, byToken, pardot, fields, isIncomplete }: WayToRead,
  window: OpenWindow,
  extraction: Extraction,
): Promise<void> {
  const { drain, abort, onEvent } = extraction;
  const progress = new WindowInProgress(object, window, extraction);
  const about = { object: object.name, window: window.id };
  const { cursor } = window;
  const request = { pardot, object, byToken, window, fields, about, cursor, drain, abort, onEvent };
  const found = new Found();
  const isReported = progress.fields.ignoredFilters?.includes(String(window.field)) === true;
  const mayCut = isById(object, byToken);
  const isCut = mayCut && parseCursor(cursor).ranges.length > 0;
  try {
    const steps = readWindow({ ...request, mayCut });
    const cut = isCut ? null : await landPages(progress, { steps, isIncomplete }, found);
    if (isCut || cut !== null) {
      await landRanges(progress, request, cut?.after ?? [], isIncomplete, found);
      const total = cut?.total ?? found.records;
      if (total !== found.records) warnOfTotal(request.object.name, found.records, total, request.onEvent);
    }
    await progress.done([...found.changes, ...ignoredFilter(progress, found)]);
  } finally {
    found.warn(progress, isReported);
  }
}

/** Reads the ranges of a window, each in the next idle lane. After a failure no further page is requested. */
async function landRanges(
  progress: WindowInProgress,
  request: PagesRequest,
  cuts: readonly string[],
  isIncomplete: WayToRead["isIncomplete"],
  found: Found,
): Promise<void> {
  // The cuts are recorded with the first file of a range, and each file with what the other ranges have landed by then.
  const landed = (): Landed => cutAt(parseCursor(progress.current.cursor), cuts);
  const cursorAt = (id: string): string | null => cursorText(landedThrough(landed(), id));
  const stop = new AbortController();
  const drain = AbortSignal.any([request.drain, stop.signal]);
  let passed: Id = -1;
  const onPassed = (id: Id): void => void (passed = id > passed ? id : passed);
  await progress.extraction.lanes.share(ranges(), async (gap) => {
    const range = { ...gap, onPassed, cursorAt };
    try {
      drain.throwIfAborted();
      const steps = readWindow({ ...request, cursor: progress.current.cursor, drain, range });
      await landPages(progress, { steps, range, isIncomplete }, found);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  });

  // No record is between the end of a range and the first one behind it on the same page.
  function* ranges(): Generator<IdGap> {
    for (const gap of gapsOf(landed())) {
      if (gap.through === null || parseId(gap.through) >= passed) yield gap;
    }
  }
}
