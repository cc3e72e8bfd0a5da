import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import type { FieldChange } from "../../state/field-memory.ts";
import { hasFiles, isBegun } from "../../state/open-window.ts";
import { objectState } from "../../state/state.ts";
import type { Interval, ObjectState, OpenWindow, PlannedWindow, State } from "../../state/state.ts";
import type { OnEvent } from "../../events.ts";
import { gapBefore, gapsWithin, withoutOpen } from "../../plan/gaps.ts";
import type { Stretch } from "../../plan/gaps.ts";
import { fromOldest, rangeStart, rangeWindow } from "../../plan/range.ts";
import type { RangeFacts, RangeStart } from "../../plan/range.ts";
import type { RangeWish } from "../../plan/wish.ts";
import { cutWindows } from "../../plan/windows.ts";
import type { Window } from "../../plan/windows.ts";
import { HISTORY_START, isoInstant } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import type { TableState, Warehouse } from "../../warehouse/warehouse.ts";
import type { Lookups } from "./lookups.ts";
import { futureText, isSound, localNow, soundWatermark } from "./watermarks.ts";

export interface PrepareInput {
  readonly config: Config;
  readonly state: State;
  readonly warehouse: Warehouse;
  readonly lookups: Lookups;
  readonly now: Instant;
  readonly wish: RangeWish;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** What is to be done for one object. */
export interface Prepared {
  readonly object: CatalogObject;
  readonly reason: string;
  /** Windows of earlier runs that go on, oldest first. */
  readonly open: readonly OpenWindow[];
  /** Windows of earlier runs that the new ones replace: nothing came of them, or everything is read again in another zone. */
  readonly dropped: readonly OpenWindow[];
  readonly windows: readonly PlannedWindow[];
  /** What `--since` leaves out. */
  readonly gap: Stretch | null;
  /** What Pardot told of the object's fields. */
  readonly fields: readonly FieldChange[];
}

/**
 * Decides an object's windows from its table, the own record, the range asked for and, for a whole history, its oldest
 * record. A plain run also fills what an earlier `--since` left out.
 */
export async function prepareObject(object: CatalogObject, input: PrepareInput): Promise<Prepared> {
  const { config, state, warehouse, wish, signal } = input;
  const own = objectState(state, object.name);
  // Looked at for every object: where nothing here would create a missing table, this is where it fails.
  const looked = await warehouse.tableState(object, localNow(input.now, config.pardot.timeZone), signal);
  const table = object.watermark === null ? null : looked;
  const isReplaced = wish.full && own.zone !== null && own.zone !== config.pardot.timeZone;
  const isPlain = !wish.full && wish.since === null && wish.until === null;
  const dropped = own.windows.filter(
    (window) => isReplaced || isWorthless(object, window) || (isPlain && isOutgrown(window, own)),
  );
  const open = own.windows.filter((window) => !dropped.includes(window));
  const to = object.watermark === null || wish.until === null ? input.now : Math.min(input.now, wish.until);
  const settings = { now: to, overlapMs: config.etl.overlapMs, zone: config.pardot.timeZone };
  const plain = rangeStart(object, facts(table, own, open, input), settings);
  if (plain.emptyTable) warnOfEmptyTable(object, table, input);
  warnOfTable(object, looked, input);
  const covered = [...own.coverage, ...open];
  const start = wishedStart(object, wish, plain);
  const gaps = isPlain && !plain.wholeHistory ? gapsWithin(covered) : [];
  const windows: PlannedWindow[] = [];
  for (const stretch of gaps) windows.push(...(await fillGap(object, stretch, input)));
  const range = rangeWindow(object, start, settings);
  const covering = [...open.filter((window) => coversAll(object, window, range, wish)), ...windows];
  for (const part of partsToPlan(object, range, covering, isPlain ? own.coverage : [], config.etl.overlapMs)) {
    const askFrom = Math.max(range.askFrom, part.from);
    const isHistory = start.wholeHistory && part.from === HISTORY_START;
    const added = await newWindows(object, { ...range, ...part, askFrom }, isHistory, input);
    const mayGrow = isPlain && object.watermark !== null && !start.wholeHistory && part.to === range.to;
    const marks = { ...(mayGrow ? { mayGrow } : {}), ...(wish.full ? { isFull: true } : {}) };
    windows.push(...added.map((window) => ({ ...window, ...marks })));
  }
  const gap = wish.since === null || object.watermark === null ? null : gapBefore(wish.since, covered, plain.from);
  const fields = await input.lookups.fields(object, own.fields);
  return { object, reason: start.reason, open, dropped, windows, gap, fields };
}

/** Where to start instead of where a plain run would; the same object when nothing else was asked for. */
function wishedStart(object: CatalogObject, wish: RangeWish, plain: RangeStart): RangeStart {
  if (object.watermark === null) return plain;
  if (wish.full) {
    return { from: HISTORY_START, wholeHistory: true, reason: "--full: everything again", emptyTable: false };
  }
  if (wish.since === null) return plain;
  const reason = `--since ${isoInstant(wish.since)}`;
  return { from: wish.since, wholeHistory: false, reason, emptyTable: false, firstHistory: plain.wholeHistory };
}

/** A stretch that an earlier run left out, with the overlap before it that any range has. */
async function fillGap(object: CatalogObject, gap: Stretch, input: PrepareInput): Promise<readonly Window[]> {
  const wholeHistory = gap.from === HISTORY_START;
  const from = wholeHistory ? HISTORY_START : gap.from - input.config.etl.overlapMs;
  const start = { from, wholeHistory, reason: "", emptyTable: false };
  const settings = { now: gap.to, overlapMs: 0, zone: input.config.pardot.timeZone };
  return newWindows(object, rangeWindow(object, start, settings), wholeHistory, input);
}

function facts(
  table: TableState | null,
  own: ObjectState,
  open: readonly OpenWindow[],
  { config, now, warehouse }: PrepareInput,
): RangeFacts {
  const ends = [...own.coverage, ...open].map((interval) => interval.to);
  const plannedUntil = ends.length === 0 ? null : Math.max(...ends);
  const zone = config.pardot.timeZone;
  const ownWatermark = soundWatermark(own.watermark, { now, plannedUntil, zone });
  // Where all that a table has is later than now, the own record knows better.
  const inTable = table?.watermark ?? (table?.future === null ? null : ownWatermark);
  // What is committed and not loaded yet need not be read again to come into a table that we load.
  const isBehind = warehouse.loader !== null && own.notLoaded.length > 0 && table?.hasRows === true;
  return {
    hasWarehouse: config.etl.warehouse.kind !== "none",
    warehouseWatermark: isBehind ? later(inTable, ownWatermark) : inTable,
    tableHasRows: table?.hasRows ?? false,
    ownWatermark,
    filesCommitted: own.filesCommitted,
    plannedUntil,
    // Committed or open: what lies before its end is read once. A point is the edge of a gap that `--since` left.
    historyPlanned: [...open, ...own.coverage].some(({ from, to }) => from === HISTORY_START && to > from),
  };
}

function later(a: LocalText | null, b: LocalText | null): LocalText | null {
  return a === null || (b !== null && b > a) ? b : a;
}

/** A window of an object that is always read in full, of which nothing was read yet: today's reading replaces it. */
function isWorthless(object: CatalogObject, window: OpenWindow): boolean {
  if (object.watermark !== null || window.done || hasFiles(window)) return false;
  // Emails are chosen by the index and not by a cursor.
  return object.v4.process === "email" || !isBegun(window);
}

/**
 * An increment of which nothing was read, after windows that are committed or stay open: the new range begins before
 * their end, so that it covers the increment too, in one window instead of one for each day.
 */
function isOutgrown(window: OpenWindow, { coverage, windows }: ObjectState): boolean {
  if (!mayBeReplaced(window)) return false;
  const others = [...coverage, ...windows.filter((other) => !mayBeReplaced(other))];
  return others.some(({ from, to }) => from <= window.from && window.from <= to);
}

function mayBeReplaced(window: OpenWindow): boolean {
  return window.mayGrow === true && !isBegun(window);
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
  coverage: readonly Interval[],
  overlapMs: number,
): Stretch[] {
  if (object.watermark === null) return covering.length > 0 ? [] : [range];
  return withoutOpen(range, covering, overlapMs).filter(
    (part) => part.to === range.to || !coverage.some(({ from, to }) => from <= part.from && part.to <= to),
  );
}

/**
 * Whether reading an open window reads all that a range wants of its stretch. One that goes by the field of the history
 * does: its records are as fresh as the reading, and those created earlier are in the windows before it.
 */
function coversAll(object: CatalogObject, window: OpenWindow, range: Window, { full }: RangeWish): boolean {
  if (full && isBegun(window)) return false;
  // One that has been read in full is as old as its reading.
  if (object.watermark === null && window.done) return false;
  return window.field === range.field || window.field === object.v4.export?.historyField;
}

async function newWindows(
  object: CatalogObject,
  range: Window,
  wholeHistory: boolean,
  input: PrepareInput,
): Promise<readonly Window[]> {
  const { export: access } = object.v4;
  // Pardot refuses a range that ends before it starts, as one up to a time before all history does: it holds nothing.
  if (range.from >= range.to) return [];
  if (object.v4.process !== "bulk" || access === undefined) return [range];
  const zone = input.config.pardot.timeZone;
  if (!wholeHistory) return cutWindows(range, access.windowDaysMax, zone);
  const asked = fromOldest(range, await input.lookups.oldest(object), input.now, zone);
  // It ends before anything can have begun: covered without a single export.
  if (asked.askFrom >= asked.to) return [asked];
  return cutWindows(asked, access.windowDaysMax, zone);
}

function warnOfEmptyTable(object: CatalogObject, table: TableState | null, { warehouse, onEvent }: PrepareInput): void {
  const what = table?.exists === false ? "does not exist" : "is empty";
  const likely =
    warehouse.loader === null
      ? "A paused pipe or a dropped table is likely; --full reads everything again"
      : "A new, lost or replaced database or a dropped table is likely: the run loads all committed files into it. --full reads everything again";
  onEvent({
    type: "warning",
    code: "warehouse.table-empty",
    object: object.name,
    message: `${object.table} ${what} although files have been committed: going on from the own record. ${likely}`,
  });
}

/** What is odd about a table or about the own record: the range starts in spite of it. */
function warnOfTable(object: CatalogObject, table: TableState, { config, state, now, onEvent }: PrepareInput): void {
  const warn = (code: string, message: string): void =>
    onEvent({ type: "warning", code, object: object.name, message });
  if (table.warning !== undefined) warn(table.warning.code, table.warning.message);
  if (table.future !== null) warn("warehouse.watermark-future", futureText(object, table.future));
  const own = objectState(state, object.name);
  if (own.watermark !== null && !isSound(own.watermark, now, config.pardot.timeZone)) {
    warn(
      "state.watermark-unreadable",
      `the greatest ${object.watermark ?? "watermark"} landed so far is ${JSON.stringify(own.watermark)}, which is not a time before now: the range starts from the end of what was read`,
    );
  }
  const isNew = Object.values(state.objects).every(({ filesCommitted }) => filesCommitted === 0);
  if (isNew && object.watermark !== null && table.hasRows) {
    warn(
      "warehouse.table-unknown",
      `${object.table} has rows, but nothing was ever committed to this destination: the range starts from these rows. If they are another business unit's, give this one tables of its own; --full reads everything`,
    );
  }
}
