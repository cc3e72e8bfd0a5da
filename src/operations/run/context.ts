import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { LeaseError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Extraction } from "../../extract/context.ts";
import type { ManifestWarning } from "../../manifest/manifest.ts";
import type { OpenPardot } from "../../pardot/client.ts";
import type { RangeWish } from "../../plan/wish.ts";
import { NEVER } from "../../platform/clock.ts";
import { startGrace } from "../../platform/grace.ts";
import { Lanes } from "../../platform/lanes.ts";
import { CallBudget } from "../../state/call-budget.ts";
import { JournalCalls } from "../../state/call-stores.ts";
import { Journal, loadState } from "../../state/journal.ts";
import type { LoadedState } from "../../state/journal.ts";
import { isSuccess } from "../../state/run-record.ts";
import { objectState } from "../../state/state.ts";
import type { State } from "../../state/state.ts";
import { takeLease } from "../../state/lease.ts";
import type { Lease } from "../../state/lease.ts";
import { probeSpools, tidySpools } from "../../storage/spool.ts";
import type { Storage } from "../../storage/storage.ts";
import { compactInstant, isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { openConverter } from "../../warehouse/open.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";
import { isNameHidden, openPardot, pardotClock } from "../pardot.ts";
import { usualRows } from "../usual-rows.ts";
import type { PardotClock } from "../pardot.ts";
import { claimWarehouse, closeWarehouse, openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { openUsableStore, selectedObjects } from "../store.ts";
import type { Store } from "../store.ts";
import { recordFailure } from "./conclude.ts";
import { Failures } from "./failures.ts";

/** One run that has started, as its stages share it. */
export interface Run extends Extraction {
  readonly id: string;
  /** By this machine's clock. */
  readonly startedAt: Instant;
  readonly wish: RangeWish;
  /** The selected objects, in plan order. */
  readonly objects: readonly CatalogObject[];
  /** The state as this run found it; `journal.state` is the current one. */
  readonly found: LoadedState;
  readonly lease: Lease;
  readonly budget: CallBudget;
  readonly pardot: OpenPardot;
  readonly time: PardotClock;
  readonly warehouse: Warehouse;
  /** The objects that are not complete, and why. */
  readonly failures: Failures;
  /** The warnings so far; grows. */
  readonly warnings: readonly ManifestWarning[];
}

/**
 * Opens everything that a run needs, does the work, and closes it again. Does not call Pardot before the run holds the
 * lease and has read the state under it.
 */
export async function withRun<T>(
  config: Config,
  wish: RangeWish,
  runtime: Runtime,
  warnings: readonly ManifestWarning[],
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const { clock, random, signal, onEvent } = runtime;
  const { storage, loaded } = await openUsableStore(config, wish.full, runtime);
  await probeSpools(config.etl.tmpDir, random, signal);
  const warehouse = await openTables(config, runtime);
  try {
    await warehouse.check(signal);
    await claimWarehouse(warehouse, config, loaded.state, signal);
    const startedAt = clock.now();
    const id = `${compactInstant(startedAt)}-${random.hex(3)}`;
    const { lease, drain, found } = await holdLease(id, { storage, loaded }, config, runtime).catch(
      (error: unknown) => {
        // Also known of a run that does not start.
        onEvent(historyOf(shownState(loaded.state, config), config.etl.objects, false));
        throw error;
      },
    );
    try {
      await tidyUp(storage, config.etl.tmpDir, runtime, drain);
      const opened = { config, wish, warnings, storage, warehouse, startedAt, id, lease, drain, found };
      return await withPardot(opened, runtime, work);
    } finally {
      await lease.release();
    }
  } finally {
    await closeWarehouse(warehouse, onEvent);
  }
}

/** Without the name of the business unit if it may no longer be shown: an earlier run has recorded it. */
function shownState(state: State, config: Config): State {
  return isNameHidden(config) ? { ...state, unitName: null } : state;
}

/** For the display, and for the people whom the run notifies, however it ends. */
export function historyOf(state: State, names: readonly string[], isPlain: boolean): HistoryKnown {
  const known = names.map((name) => [name, objectState(state, name)] as const);
  const readTo = known.flatMap(
    ([
      name,
      {
        coverage: [first],
      },
    ]) => (first === undefined ? [] : [[name, isoInstant(first.to)] as const]),
  );
  const usual = known.flatMap(([name, { recentRows = [] }]) => {
    const rows = usualRows(recentRows.map((recent) => recent.rows));
    return rows === null || !isPlain ? [] : [[name, rows] as const];
  });
  const { startedAt = "", finishedAt = null } = state.runs.findLast(isSuccess) ?? {};
  return {
    type: "history-known",
    unitName: state.unitName ?? null,
    lastSuccessAt: finishedAt,
    readTo: Object.fromEntries(readTo),
    usualRows: Object.fromEntries(usual),
    lastTookMs: finishedAt === null || !isPlain ? null : Date.parse(finishedAt) - Date.parse(startedAt),
  };
}

type HistoryKnown = Extract<RunEvent, { readonly type: "history-known" }>;

type Opened = Pick<
  Run,
  "config" | "wish" | "warnings" | "storage" | "warehouse" | "startedAt" | "id" | "lease" | "drain" | "found"
>;

async function withPardot<T>(opened: Opened, runtime: Runtime, work: (run: Run) => Promise<T>): Promise<T> {
  const { config, wish, storage, id, drain, found } = opened;
  const { clock, random, onEvent } = runtime;
  const { businessUnitId: businessUnit, dailyCallBudget, quotaShare: share, accountTimeZone: zone } = config.pardot;
  const grace = startGrace(drain, config.etl.stopGraceMs, clock);
  // The journal is never cut: even a run that stops records its finished work.
  const journal = new Journal({ storage, clock, runId: id, loaded: found, signal: NEVER });
  const time = pardotClock(clock);
  const now = (): Instant => time.now();
  const budget = new CallBudget({
    store: new JournalCalls(journal, storage),
    budget: dailyCallBudget,
    zone,
    now,
    quota: { share, usage: () => pardot.usage, sent: () => pardot.calls.total },
  });
  const objects = selectedObjects(config);
  onEvent({ type: "run-started", runId: id, businessUnit, objects: objects.map((object) => object.name) });
  const { objects: selected, configuredObjects } = config.etl;
  const hasAll = configuredObjects.every((name) => selected.includes(name));
  const isPlain = !wish.full && wish.since === null && wish.until === null;
  onEvent(historyOf(shownState(found.state, config), selected, isPlain && hasAll));
  const pardot = openPardot(config, budget, time, runtime);
  const failures = new Failures(onEvent);
  const converter = await openConverter(config.etl.format, config.etl);
  const shared = { objects, converter, journal, budget, pardot, time, failures, clock, random, onEvent };
  const lanes = new Lanes(config.pardot.maxConcurrency);
  const run: Run = { ...opened, ...shared, lanes, pardotNow: now, abort: grace.abort };
  try {
    return await work(run);
  } catch (error) {
    await recordFailure(run, error);
    throw error;
  } finally {
    grace.end();
    await pardot.settled();
    onEvent({ type: "calls-counted", calls: pardot.calls.total, ...(await budget.dayCalls()) });
  }
}

/**
 * Takes the lease of a destination. `drain` aborts on a stop request and when the lease is lost. `found`: the state once no
 * other process writes it anymore.
 */
async function holdLease(
  runId: string,
  { storage, loaded }: Store,
  config: Config,
  runtime: Runtime,
): Promise<{ readonly lease: Lease; readonly drain: AbortSignal; readonly found: LoadedState }> {
  const lost = new AbortController();
  let found = loaded;
  const lease = await takeLease({
    ...runtime,
    storage,
    runId,
    seen: loaded.others,
    // Looks for later entries too: there is nothing more to read of the state.
    list: async () => {
      found = await loadState(storage, runtime.signal, found);
      return found.others;
    },
    ttlMs: config.etl.leaseTtlMs,
    onLost: (error: LeaseError) => lost.abort(error),
    waitSignal: runtime.signal,
    // Heartbeats and the release continue while a stopped run commits.
    signal: NEVER,
  });
  return { lease, drain: AbortSignal.any([runtime.signal, lost.signal]), found };
}

/** Removes files that dead processes left in the temporary folder and in the destination, as far as this user may. */
async function tidyUp(
  storage: Storage,
  tmpDir: string,
  { clock, onEvent }: Runtime,
  drain: AbortSignal,
): Promise<void> {
  const spools = await tidySpools(tmpDir, clock, drain);
  if (spools.kept > 0) onEvent({ type: "leftovers-kept", folder: tmpDir, files: spools.kept });
  const { kept } = await storage.tidy(drain);
  if (kept > 0) onEvent({ type: "leftovers-kept", folder: storage.location, files: kept });
}
