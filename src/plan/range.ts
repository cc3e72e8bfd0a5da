import { exportOf } from "../catalog/catalog.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import { DAY_MS, floorSecond, HISTORY_START } from "../time/instant.ts";
import type { Instant, LocalText } from "../time/instant.ts";
import { fromLocal, shiftLocal } from "../time/zone.ts";
import type { Window } from "./windows.ts";

/** Facts about an object before its range is decided. */
export interface RangeFacts {
  /** MAX of the watermark column in the warehouse, null when it has none. */
  readonly warehouseWatermark: LocalText | null;
  /** Without a warehouse the tool's own record counts. */
  readonly hasWarehouse: boolean;
  /** The warehouse's table exists and holds rows. */
  readonly tableHasRows: boolean;
  /** Greatest watermark in the files committed so far. */
  readonly ownWatermark: LocalText | null;
  /** Files committed so far. */
  readonly filesCommitted: number;
  /** End of the ranges that earlier runs planned, committed or not; null without any. */
  readonly plannedUntil: Instant | null;
  /** Whether earlier runs left windows that go back to the whole history. */
  readonly historyPlanned: boolean;
}

export interface RangeSettings {
  readonly now: Instant;
  readonly overlapMs: number;
  readonly zone: string;
}

/** Where a range starts. `reason`: for the plan and the summary. */
export interface RangeStart {
  readonly from: Instant;
  readonly wholeHistory: boolean;
  readonly reason: string;
  /** The table is empty or missing although files have been committed. */
  readonly emptyTable: boolean;
  /** Part of a history that was never read: cut on the field of the history. Default: as `wholeHistory`. */
  readonly firstHistory?: boolean;
}

/**
 * The start of the next range: the greatest watermark minus the overlap, but never later than now minus the overlap,
 * nor than the end of the earlier ranges minus the overlap, so that nothing falls between two runs. Without a
 * watermark, the whole history.
 */
export function rangeStart(object: CatalogObject, facts: RangeFacts, settings: RangeSettings): RangeStart {
  if (object.watermark === null) {
    return { from: HISTORY_START, wholeHistory: true, reason: "no watermark: read in full", emptyTable: false };
  }
  const emptyTable = facts.hasWarehouse && !facts.tableHasRows && facts.filesCommitted > 0;
  const watermark = facts.hasWarehouse && !emptyTable ? facts.warehouseWatermark : facts.ownWatermark;
  const floors: { at: Instant; reason: string }[] = [];
  if (watermark !== null) {
    const source = facts.hasWarehouse && !emptyTable ? `MAX(${object.watermark}) of ${object.table}` : "own record";
    floors.push({
      at: fromLocal(shiftLocal(watermark, -settings.overlapMs), settings.zone, "earlier"),
      reason: `${source} ${watermark} minus the overlap`,
    });
  } else if (!facts.historyPlanned) {
    return { from: HISTORY_START, wholeHistory: true, reason: "no watermark yet: whole history", emptyTable };
  }
  if (facts.plannedUntil !== null) {
    floors.push({ at: facts.plannedUntil - settings.overlapMs, reason: "end of the last range minus the overlap" });
  }
  floors.push({ at: settings.now - settings.overlapMs, reason: "now minus the overlap" });
  const earliest = floors.reduce((a, b) => (b.at < a.at ? b : a));
  return { from: floorSecond(earliest.at), wholeHistory: false, reason: earliest.reason, emptyTable };
}

/** The range as one window: segmented objects read it unchanged, bulk objects cut it. */
export function rangeWindow(object: CatalogObject, start: RangeStart, settings: RangeSettings): Window {
  const history = exportOf(object)?.historyField;
  const isHistory = start.firstHistory ?? start.wholeHistory;
  const field = isHistory && history !== undefined ? history : object.watermark;
  return { field, from: start.from, to: floorSecond(settings.now), askFrom: start.from };
}

/** 2007-01-01, before Pardot existed: the start of a history without a usable oldest record. */
const HISTORY_FLOOR: Instant = Date.UTC(2007, 0, 1);
/** Records by id are hardly ever out of order in time, and never by this much. */
export const OLDEST_MARGIN_MS: number = 7 * DAY_MS;

/**
 * A whole history begins a week before its oldest record instead of in 1900. `oldest` is null when no record or no date
 * was found, which proves nothing: then, and for an implausible date (before 1970, the zero of a clock, or after now),
 * it begins in 2007.
 */
export function fromOldest(history: Window, oldest: LocalText | null, now: Instant, zone: string): Window {
  const created = oldest === null ? null : fromLocal(oldest, zone, "earlier");
  const isMeant = created !== null && created > DAY_MS && created <= now;
  const askFrom = isMeant ? created - OLDEST_MARGIN_MS : HISTORY_FLOOR;
  return { ...history, askFrom: Math.min(Math.max(history.from, askFrom), history.to) };
}
