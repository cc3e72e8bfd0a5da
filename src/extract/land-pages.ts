import { isQueried } from "../catalog/catalog.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import { DataError, LeaseError, StorageError } from "../errors.ts";
import { warn } from "../events.ts";
import { rowEncoder } from "../land/rejects.ts";
import { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { IdGap } from "../state/cursor.ts";
import { objectState } from "../state/state.ts";
import type { Change } from "../state/state.ts";
import { pluralize } from "../text.ts";
import { inWindow, pageBounds } from "./bounds.ts";
import { landingOf } from "./context.ts";
import type { WindowInProgress } from "./context.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import type { Step } from "./pages/page.ts";
import { warnOfIncomplete } from "./pages/wide-query.ts";

type Records = Extract<Step, { readonly type: "records" }>;
export type Cut = Extract<Step, { readonly type: "cut" }>;

/** One reading of a window, or of a range of it. */
export interface Reading {
  readonly steps: AsyncIterable<Step> | Iterable<Step>;
  /** `cursorAt`: where the window continues when the range has landed through an id. */
  readonly range?: IdGap & { readonly cursorAt: (id: string) => string | null };
  /** Whether a record lacks values that the account may have. */
  readonly isIncomplete: (record: WireRecord) => boolean;
}

/** What all readings of a window have found. */
export class Found {
  records = 0;
  hiding = 0;
  unwanted = 0;
  incomplete = 0;
  /** To be recorded with the end of the window. */
  readonly changes: Change[] = [];

  /** Forgets records that come again. */
  forget(): void {
    [this.unwanted, this.incomplete] = [0, 0];
  }

  /** `isReported`: whether an earlier reading has found that the window's filter is ignored. */
  warn({ object: { name }, extraction: { onEvent } }: WindowInProgress, isReported: boolean): void {
    const { hiding, unwanted, incomplete } = this;
    if (hiding > 0) {
      const message = `Pardot hides records or values of ${name} from the API user by access rules (warning 202 in ${pluralize(hiding, "response")}): give the user access, or expect them to be missing`;
      warn(onEvent, "pardot.values-hidden", message, name);
    }
    if (unwanted > 0 && !isReported) {
      const message = `Pardot returned ${pluralize(unwanted, "record")} from outside the requested window, so it ignores the filter: they were left out here`;
      warn(onEvent, "pardot.filter-ignored", message, name);
    }
    warnOfIncomplete(name, incomplete, onEvent);
  }
}

/**
 * Pages become rows, rows become files, and with each landed file the journal records where to continue. What is left to
 * record goes into `found`. Null at the end of the window or range; else the rest is to be read in ranges.
 */
export async function landPages(
  progress: WindowInProgress,
  { steps, range, isIncomplete }: Reading,
  found: Found,
): Promise<Cut | null> {
  const { object, window, extraction } = progress;
  const files = openRowFiles(progress);
  const rejects = progress.openRejects();
  const pairs = collectEmailPairs(object);
  const places = pairs.tap?.columns.map((name) => object.columns.findIndex((column) => column.name === name)) ?? [];
  const toRow = rowEncoder(object, rejects, progress.protection());
  // A file is recorded with what the other ranges have landed by then.
  const at = (): string | null => (range === undefined || cursor === null ? cursor : range.cursorAt(cursor));
  // Rejects go with the next file or with the end of the window: until then the cursor stays before them.
  const land = async (): Promise<void> => {
    const file = await files.land();
    if (file === null) return;
    const rejected = progress.rejected(null, rejects.take());
    await extraction.journal.record([...pairs.changes(), progress.landed(file, at()), ...rejected]);
    pairs.tap?.forget();
    await progress.moveFilesOut();
  };
  const isWanted = inWindow(object, window, extraction.config.pardot.timeZone);
  const isFiltered = isQueried(object) && pageBounds(object, window) !== null;
  // Where to continue after the last row that `reached` looked at.
  let cursor = range === undefined ? window.cursor : range.after;
  let mayLand = true;
  // The last record, unless `reached` has looked at it; no object for each of them.
  let lastOf: Records | null = null;
  let last = 0;
  // Notes where to continue after the last row; false: the rows may not land yet.
  const reached = (): boolean => {
    if (lastOf === null) return mayLand;
    const next = lastOf.cursorAt(last);
    lastOf = null;
    mayLand = next !== null;
    cursor = next ?? cursor;
    return mayLand;
  };
  let isEmpty = cursor === null;
  try {
    for await (const step of steps) {
      if (step.type === "again") {
        await files.discard();
        found.forget();
        rejects.forget();
        pairs.tap?.forget();
      } else if (step.type === "reached") {
        reached();
        ({ cursor } = step);
        await land();
      } else if (step.type === "cut") {
        reached();
        await land();
        // Otherwise the ranges would begin before records that no file has.
        if (progress.current.cursor === cursor) return step;
      } else {
        found.records += step.records.length;
        if (step.hidesValues) found.hiding += 1;
        for (let i = 0; i < step.records.length; i += 1) {
          isEmpty = false;
          const record = step.records[i] as WireRecord;
          const row = toRow(record);
          // Also a rejected one: it is recorded with the next file.
          lastOf = step;
          last = i;
          if (row === null) continue;
          if (isWanted(row)) {
            const lacksValues = isIncomplete(record);
            if (lacksValues) found.incomplete += 1;
            // No wait for each row: the last one would be where most of the time goes.
            const adding = files.add(row, lacksValues);
            if (adding !== null) await adding;
            pairs.tap?.onRecord(places.map((column) => row[column] ?? null));
          } else if (isFiltered) found.unwanted += 1;
          if (files.isFull && reached()) await land();
        }
        reached();
        step.records.length = 0;
      }
    }
    if (isEmpty) assertNotAllGone(progress);
    // Of a range all has landed now; of a window without a cursor, all or nothing.
    if (reached() && range?.through != null) cursor = range.through;
    const rest = await files.land();
    const landed = rest === null ? [] : [...pairs.changes(), progress.landed(rest, at())];
    const changes = [...landed, ...progress.rejected(null, rejects.take())];
    if (range === undefined || rest === null) found.changes.push(...changes);
    else await extraction.journal.record(changes);
    return null;
  } catch (error) {
    if (reached() && mayLandRest(error) && !comesAgain(error, object)) await land();
    throw error;
  } finally {
    await files.discard();
  }
}

/** Remembers that a filter was found to be ignored. It is still sent, because a single record outside may have another cause. */
export function ignoredFilter({ object, window: { field } }: WindowInProgress, { unwanted }: Found): Change[] {
  return unwanted === 0 || field === null ? [] : [{ type: "filter-ignored", object: object.name, filter: field }];
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
