import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { objectState } from "../commit/state.ts";
import type { OpenWindow, PlannedWindow, State } from "../commit/state.ts";
import { normalise } from "../encode/normalise.ts";
import { assert } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Pardot } from "../pardot/pardot.ts";
import { fromOldest, rangeStart, rangeWindow } from "../plan/range.ts";
import type { RangeStart } from "../plan/range.ts";
import { cutWindows } from "../plan/windows.ts";
import type { Window } from "../plan/windows.ts";
import { HISTORY_START } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { TableState, Warehouse } from "../warehouse/warehouse.ts";

export interface PrepareInput {
  readonly config: Config;
  readonly state: State;
  readonly warehouse: Warehouse;
  readonly pardot: Pardot;
  readonly now: Instant;
  readonly full: boolean;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** What is to be done for one object. */
export interface Prepared {
  readonly object: CatalogObject;
  readonly reason: string;
  /** Windows of earlier runs that go on, oldest first. */
  readonly open: readonly OpenWindow[];
  /** Windows of earlier runs that nothing came of and that the new ones replace. */
  readonly dropped: readonly OpenWindow[];
  readonly windows: readonly PlannedWindow[];
}

/** Decides an object's windows from its table, the own record and, for a whole history, its oldest record. */
export async function prepareObject(object: CatalogObject, input: PrepareInput): Promise<Prepared> {
  const { config, state, warehouse, signal, onEvent } = input;
  const own = objectState(state, object.name);
  const table = object.watermark === null ? null : await warehouse.tableState(object, signal);
  const dropped = own.windows.filter((window) => isWorthless(object, window));
  const open = own.windows.filter((window) => !dropped.includes(window));
  const settings = { now: input.now, overlapMs: config.etl.overlapMs, zone: config.pardot.timeZone };
  const start = input.full
    ? { from: HISTORY_START, wholeHistory: true, reason: "--full: everything again", emptyTable: false }
    : rangeStart(object, facts(table, own, open), settings);
  if (start.emptyTable) warnOfEmptyTable(object, table, onEvent);
  const range = rangeWindow(object, start, settings);
  return { object, reason: start.reason, open, dropped, windows: await newWindows(object, range, start, input) };
}

function facts(table: TableState | null, own: ReturnType<typeof objectState>, open: readonly OpenWindow[]) {
  const ends = [...own.coverage, ...open].map((interval) => interval.to);
  return {
    hasWarehouse: table !== null,
    warehouseWatermark: table?.watermark ?? null,
    tableHasRows: table?.hasRows ?? false,
    ownWatermark: own.watermark,
    filesCommitted: own.filesCommitted,
    plannedUntil: ends.length === 0 ? null : Math.max(...ends),
    historyPlanned: open.some((window) => window.from === HISTORY_START),
  };
}

/** A window of an object that is always read whole, from which nothing has landed: today's reading replaces it. */
function isWorthless(object: CatalogObject, window: OpenWindow): boolean {
  return object.watermark === null && window.files.length === 0 && !window.done;
}

async function newWindows(
  object: CatalogObject,
  range: Window,
  start: RangeStart,
  input: PrepareInput,
): Promise<readonly Window[]> {
  const { export: access } = object.v4;
  if (object.v4.process !== "bulk" || access === undefined) return [range];
  const zone = input.config.pardot.timeZone;
  if (!start.wholeHistory) return cutWindows(range, access.windowDaysMax, zone);
  const asked = fromOldest(range, await oldestRecord(object, input), zone);
  // Nothing there: the history is covered without a single export.
  if (asked === null) return [{ ...range, askFrom: range.to }];
  return cutWindows(asked, access.windowDaysMax, zone);
}

/** Smallest created_at of the object's records, null when there are none. An empty answer is asked for once more. */
async function oldestRecord(object: CatalogObject, input: PrepareInput): Promise<string | null> {
  const { query } = object.v4;
  assert(query !== undefined, `${object.name} has a query`);
  const created = object.columns.filter((column) => column.name === "created_at");
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const records = await input.pardot.queryPage(
      {
        urlName: object.v4.urlName,
        dataKey: object.v4.dataKey,
        query,
        parameters: { sort_by: "created_at", sort_order: "ascending", limit: "1" },
      },
      input.signal,
    );
    const first = records[0];
    if (first !== undefined) return normalise(first, created, object.name)[0] ?? null;
  }
  return null;
}

function warnOfEmptyTable(object: CatalogObject, table: TableState | null, onEvent: OnEvent): void {
  const what = table?.exists === false ? "does not exist" : "is empty";
  onEvent({
    type: "warning",
    code: "warehouse.table-empty",
    object: object.name,
    message: `${object.table} ${what} although files have been committed: going on from the own record. A paused pipe or a dropped table is likely; --full reads everything again`,
  });
}
