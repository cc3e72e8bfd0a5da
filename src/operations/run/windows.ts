import { exportOf, isBulk, zoneOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import type { FieldChange } from "../../state/field-state.ts";
import { hasFiles, hasStarted } from "../../state/open-window.ts";
import { objectState } from "../../state/state.ts";
import type { ObjectState, OpenWindow, PlannedWindow, State } from "../../state/state.ts";
import { warn } from "../../events.ts";
import type { OnEvent } from "../../events.ts";
import { gapBefore, gapsWithin, withoutOpen } from "../../plan/gaps.ts";
import { fromOldest, rangeStart, rangeWindow } from "../../plan/range.ts";
import type { RangeFacts, RangeStart } from "../../plan/range.ts";
import type { RangeRequest } from "../../plan/wish.ts";
import { cutWindows } from "../../plan/windows.ts";
import type { Window } from "../../plan/windows.ts";
import { HISTORY_START, isoInstant, laterText } from "../../time/instant.ts";
import type { Instant, Span } from "../../time/instant.ts";
import { isSameZone } from "../../time/zone.ts";
import type { TableState, Warehouse } from "../../warehouse/warehouse.ts";
import type { Probes } from "./probes.ts";
import { futureText, isSound, localNow, soundWatermark } from "./watermarks.ts";

export interface DecisionContext {
  readonly config: Config;
  readonly state: State;
  readonly warehouse: Warehouse;
  readonly probes: Probes;
  /** Pardot's time. */
  readonly now: Instant;
  readonly range: RangeRequest;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** The windows of one object. */
export interface Decision {
  /** Reason for the start of the range. */
  readonly reason: string;
  /** Windows of earlier runs to continue, oldest first. */
  readonly open: readonly OpenWindow[];
  /**
   * Windows of earlier runs that the new ones replace, because they were never read or everything is read again in
   * another zone.
   */
  readonly dropped: readonly OpenWindow[];
  readonly windows: readonly PlannedWindow[];
  /** The stretch that `--since` leaves out. */
  readonly gap: Span | null;
  /** Changes to the object's fields, to be recorded. */
  readonly fields: readonly FieldChange[];
}

/**
 * Decides an object's windows from its table, the tool's own record, the requested range and, for a whole history, its
 * oldest record. A plain run also fills the gaps that an earlier `--since` left.
 */
export async function decideWindows(object: CatalogObject, context: DecisionContext): Promise<Decision> {
  const { config, state, warehouse, range: request, now, signal } = context;
  const own = objectState(state, object.name);
  const zone = zoneOf(object, config.pardot.timeZone);
  // Read for every object: a missing table that this tool does not create fails here.
  const found = await warehouse.tableState(object, localNow(now, zone), signal);
  const table = object.watermark === null ? null : found;
  const isReplaced = request.full && own.zone !== null && !isSameZone(own.zone, zone);
  const isPlain = !request.full && request.since === null && request.until === null;
  const dropped = own.windows.filter(
    (window) => isReplaced || isWorthless(object, window) || (isPlain && isOutgrown(window, own)),
  );
  const open = own.windows.filter((window) => !dropped.includes(window));
  // v5 may read from a copy that is a minute behind (vendor docs, version5overview).
  const latest = object.way.api === "v5" ? now - config.etl.v5LagMs : now;
  const to = object.watermark === null || request.until === null ? latest : Math.min(latest, request.until);
  const settings = { now: to, overlapMs: config.etl.overlapMs, zone };
  const plain = rangeStart(object, facts(object, table, own, open, context), settings);
  if (plain.emptyTable) warnOfEmptyTable(object, table, context);
  warnOfTable(object, found, context);
  const covered = [...own.coverage, ...open];
  const start = requestedStart(object, request, plain);
  const gaps = isPlain && !plain.wholeHistory ? gapsWithin(covered) : [];
  const windows: PlannedWindow[] = [];
  for (const stretch of gaps) windows.push(...(await fillGap(object, stretch, context)));
  const range = rangeWindow(object, start, settings);
  const covering = [...open.filter((window) => coversAll(object, window, range, request)), ...windows];
  for (const part of partsToPlan(object, range, covering, isPlain ? own.coverage : [], config.etl.overlapMs)) {
    const askFrom = Math.max(range.askFrom, part.from);
    const isHistory = start.wholeHistory && part.from === HISTORY_START;
    const added = await newWindows(object, { ...range, ...part, askFrom }, isHistory, context);
    const mayGrow = isPlain && object.watermark !== null && !start.wholeHistory && part.to === range.to;
    const marks = { ...(mayGrow ? { mayGrow } : {}), ...(request.full ? { isFull: true } : {}) };
    windows.push(...added.map((window) => ({ ...window, ...marks })));
  }
  const { since } = request;
  const gap = since === null || object.watermark === null ? null : gapBefore(since, covered, plain.from);
  const fields = await context.probes.fields(object, own.fields);
  return { reason: start.reason, open, dropped, windows, gap, fields };
}

/** The requested start, or that of a plain run if none is requested. */
function requestedStart(object: CatalogObject, { full, since }: RangeRequest, plain: RangeStart): RangeStart {
  if (object.watermark === null) return plain;
  if (full)
    return { from: HISTORY_START, wholeHistory: true, reason: "--full: everything is read again", emptyTable: false };
  if (since === null) return plain;
  const reason = `--since ${isoInstant(since)}`;
  return { from: since, wholeHistory: false, reason, emptyTable: false, firstHistory: plain.wholeHistory };
}

/** A stretch that an earlier run left out, with the overlap before it that any range has. */
async function fillGap(object: CatalogObject, gap: Span, context: DecisionContext): Promise<readonly Window[]> {
  const wholeHistory = gap.from === HISTORY_START;
  const from = wholeHistory ? HISTORY_START : gap.from - context.config.etl.overlapMs;
  const start = { from, wholeHistory, reason: "", emptyTable: false };
  const settings = { now: gap.to, overlapMs: 0, zone: zoneOf(object, context.config.pardot.timeZone) };
  return newWindows(object, rangeWindow(object, start, settings), wholeHistory, context);
}

function facts(
  object: CatalogObject,
  table: TableState | null,
  own: ObjectState,
  open: readonly OpenWindow[],
  { config, now, warehouse }: DecisionContext,
): RangeFacts {
  const ends = [...own.coverage, ...open].map((interval) => interval.to);
  const plannedUntil = ends.length === 0 ? null : Math.max(...ends);
  const zone = zoneOf(object, config.pardot.timeZone);
  const ownWatermark = soundWatermark(own.watermark, { now, plannedUntil, zone });
  // If everything in a table is later than now, the tool's own record is the better source.
  const inTable = table?.watermark ?? (table?.future === null ? null : ownWatermark);
  // Committed files that are not loaded yet are not read again, because this tool loads them.
  const isBehind = warehouse.loader !== null && own.notLoaded.length > 0 && table?.hasRows === true;
  return {
    hasWarehouse: config.etl.warehouse.kind !== "none",
    warehouseWatermark: isBehind ? laterText(inTable, ownWatermark) : inTable,
    tableHasRows: table?.hasRows ?? false,
    ownWatermark,
    filesCommitted: own.filesCommitted,
    plannedUntil,
    // Committed or open: everything before its end is read once. A point marks the edge of a gap that `--since` left.
    historyPlanned: [...open, ...own.coverage].some(({ from, to }) => from === HISTORY_START && to > from),
  };
}

/**
 * Whether nothing of a window has been read yet for an object that is always read in full: today's read replaces it.
 */
function isWorthless(object: CatalogObject, window: OpenWindow): boolean {
  if (object.watermark !== null || window.done || hasFiles(window)) return false;
  // Emails are chosen by the index and not by a cursor.
  return object.way.process === "email" || !hasStarted(window);
}

/**
 * Whether a window is an increment of which nothing was read, after windows that are committed or stay open. The new
 * range starts before their end, so it covers the increment too, in one window instead of one for each day.
 */
function isOutgrown(window: OpenWindow, { coverage, windows }: ObjectState): boolean {
  if (!mayBeReplaced(window)) return false;
  const others = [...coverage, ...windows.filter((other) => !mayBeReplaced(other))];
  return others.some(({ from, to }) => from <= window.from && window.from <= to);
}

function mayBeReplaced(window: OpenWindow): boolean {
  return window.mayGrow === true && !hasStarted(window);
}

/**
 * The parts of a range that open windows do not cover. One before an open window is left out when manifests cover it:
 * the watermark lies so early only because the window after it is still open. An object that is always read in full is
 * finished before it is begun again.
 */
function partsToPlan(
  object: CatalogObject,
  range: Window,
  covering: readonly PlannedWindow[],
  coverage: readonly Span[],
  overlapMs: number,
): Span[] {
  if (object.watermark === null) return covering.length > 0 ? [] : [range];
  return withoutOpen(range, covering, overlapMs).filter(
    (part) => part.to === range.to || !coverage.some(({ from, to }) => from <= part.from && part.to <= to),
  );
}

/**
 * Whether reading an open window reads everything of the range in its stretch. A window by the field of the history
 * does: its records are as fresh as the reading, and those created earlier are in the windows before it.
 */
function coversAll(object: CatalogObject, window: OpenWindow, range: Window, { full }: RangeRequest): boolean {
  if (full && hasStarted(window)) return false;
  // A window that has been read in full is only as fresh as that read.
  if (object.watermark === null && window.done) return false;
  return window.field === range.field || window.field === exportOf(object)?.historyField;
}

async function newWindows(
  object: CatalogObject,
  range: Window,
  wholeHistory: boolean,
  context: DecisionContext,
): Promise<readonly Window[]> {
  // Pardot refuses a range that ends before it starts, which a range up to a time before all history does: it is empty.
  if (range.from >= range.to) return [];
  if (!isBulk(object)) return [range];
  const { windowDaysMax } = object.way.export;
  const zone = zoneOf(object, context.config.pardot.timeZone);
  if (!wholeHistory) return cutWindows(range, windowDaysMax, zone);
  const asked = fromOldest(range, await context.probes.oldest(object), context.now, zone);
  // It ends before the oldest record: covered without a single export.
  if (asked.askFrom >= asked.to) return [asked];
  return cutWindows(asked, windowDaysMax, zone);
}

function warnOfEmptyTable(
  object: CatalogObject,
  table: TableState | null,
  { warehouse, onEvent }: DecisionContext,
): void {
  const what = table?.exists === false ? "does not exist" : "is empty";
  const likely =
    warehouse.loader === null
      ? "A paused pipe or a dropped table is likely; --full reads everything again"
      : "A new, lost or replaced database or a dropped table is likely: the run loads all committed files into it. --full reads everything again";
  const message = `${object.table} ${what} although files have been committed: the range starts from the tool's own record. ${likely}`;
  warn(onEvent, "warehouse.table-empty", message, object.name);
}

/** Warns of oddities in a table or in the tool's own record, which do not stop the range. */
function warnOfTable(object: CatalogObject, table: TableState, { config, state, now, onEvent }: DecisionContext): void {
  const { name, watermark } = object;
  if (table.warning !== undefined) warn(onEvent, table.warning.code, table.warning.message, name);
  if (table.future !== null) warn(onEvent, "warehouse.watermark-future", futureText(object, table.future), name);
  const own = objectState(state, name);
  if (own.watermark !== null && !isSound(own.watermark, now, zoneOf(object, config.pardot.timeZone))) {
    const message = `the greatest ${watermark ?? "watermark"} landed so far is ${JSON.stringify(own.watermark)}, which is not a time before now: the range starts from the end of what was read`;
    warn(onEvent, "state.watermark-unreadable", message, name);
  }
  const isNew = Object.values(state.objects).every(({ filesCommitted }) => filesCommitted === 0);
  if (isNew && watermark !== null && table.hasRows) {
    const message = `${object.table} has rows, but nothing was ever committed to this destination: the range starts from these rows. If they are another business unit's, give this one separate tables; --full reads everything`;
    warn(onEvent, "warehouse.table-unknown", message, name);
  }
}
