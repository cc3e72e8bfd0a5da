import type { CatalogObject } from "../../catalog/catalog.ts";
import { forgetNotesBefore, notedOn } from "../../state/call-notes.ts";
import type { Config } from "../../config/config.ts";
import { Journal, loadState } from "../../state/journal.ts";
import type { Lease } from "../../state/lease.ts";
import { CallLedger } from "../../state/ledger.ts";
import type { Manifest, ManifestWarning } from "../../manifest/manifest.ts";
import { postponedOf } from "../../manifest/shortfalls.ts";
import { exitCodeOf, LeaseError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Extraction } from "../../extract/context.ts";
import type { OpenPardot } from "../../pardot/client.ts";
import { checkWish, readWish } from "../../plan/wish.ts";
import type { RangeWish } from "../../plan/wish.ts";
import { probeSpools } from "../../storage/spool.ts";
import type { Instant } from "../../time/instant.ts";
import { compactInstant, DAY_MS } from "../../time/instant.ts";
import { localDay } from "../../time/zone.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";
import type { RunOptions, RunResult, Surroundings } from "../api.ts";
import { chosenObjects } from "../chosen.ts";
import { execute } from "./execute.ts";
import { fenceDeadRuns } from "./fence.ts";
import { commitRun } from "./finish.ts";
import { startGrace } from "../grace.ts";
import type { Grace } from "../grace.ts";
import { holdLease } from "../hold-lease.ts";
import { claimWarehouse, closeWarehouse, loadAll } from "./load-all.ts";
import { checkStateIsThere } from "../lost-state.ts";
import { Outcomes, rejectedError } from "./outcomes.ts";
import { planAll } from "./plan-all.ts";
import { runFinished, runStopped } from "./run-end.ts";
import type { EndedRun } from "./run-end.ts";
import { heedDate } from "../heed-date.ts";
import { tidyUp } from "../tidy.ts";
import { checkAgainstState, connect, heedingTime, openPardot, openStore, pardotClock } from "../session.ts";
import type { Connection, PardotClock, Store } from "../session.ts";

/**
 * One incremental run, start to finish: read the state, prove that Pardot answers, plan, extract, commit, load. Throws
 * when it cannot begin (configuration, credentials, destination, warehouse); afterwards a failure belongs to an object
 * and stands in the manifest, while everything that is finished is committed.
 */
export async function run(config: Config, options: RunOptions, outer: Surroundings): Promise<RunResult> {
  const warnings: ManifestWarning[] = [];
  const surroundings: Surroundings = { ...outer, onEvent: (event) => noteWarnings(event, warnings, outer) };
  const wish = readWish(options, config.pardot.timeZone);
  const store = await openStore(config, surroundings);
  await checkStateIsThere(store, { ...config.pardot, full: wish.full }, surroundings);
  checkAgainstState(config, store.loaded.state, wish.full);
  await probeSpools(config.etl.tmpDir, surroundings.random, surroundings.signal);
  const warehouse = await (surroundings.openWarehouse ?? openWarehouse)(config.etl.warehouse, {
    tmpDir: config.etl.tmpDir,
    onEvent: surroundings.onEvent,
  });
  try {
    await warehouse.check(surroundings.signal);
    await claimWarehouse(warehouse, config, store.loaded.state, surroundings.signal);
    const startedAt = surroundings.clock.now();
    const identity = { startedAt, runId: `${compactInstant(startedAt)}-${surroundings.random.hex(3)}` };
    const held = await holdLease(store.storage, identity.runId, config, surroundings);
    try {
      const leased: Surroundings = { ...surroundings, signal: held.signal };
      await tidyUp(store.storage, config.etl.tmpDir, leased);
      // Read again now that nobody else writes.
      const current = { storage: store.storage, loaded: await loadState(store.storage, leased.signal) };
      return await runOn(config, wish, { ...identity, lease: held.lease, warehouse, warnings }, current, leased);
    } finally {
      await held.lease.release();
    }
  } finally {
    await closeWarehouse(warehouse, surroundings.onEvent);
  }
}

/** What one run has for itself. */
interface OneRun {
  readonly runId: string;
  readonly startedAt: Instant;
  readonly lease: Lease;
  readonly warehouse: Warehouse;
  readonly warnings: readonly ManifestWarning[];
}

async function runOn(
  config: Config,
  wish: RangeWish,
  { runId, startedAt, lease, warehouse, warnings }: OneRun,
  store: Store,
  surroundings: Surroundings,
): Promise<RunResult> {
  const { clock, onEvent } = surroundings;
  const grace = startGrace(surroundings.signal, config.etl.stopGraceMs, clock);
  const journal = new Journal({ ...store, clock, runId, signal: grace.never });
  const time = pardotClock(surroundings);
  const ledger = new CallLedger({
    journal,
    budget: config.pardot.dailyCallBudget,
    share: config.pardot.quotaShare,
    zone: config.pardot.accountTimeZone,
    now: () => time.now(),
    usage: () => pardot.usage,
    sent: () => pardot.calls.total,
    noted: (day) => notedOn(day, store.storage, grace.never),
  });
  const objects = chosenObjects(config);
  const { businessUnitId: businessUnit } = config.pardot;
  onEvent({ type: "run-started", runId, businessUnit, objects: objects.map((object) => object.name) });
  const transport = heedingTime(surroundings.transport, time);
  const pardot = openPardot(config, { take: () => ledger.take() }, { ...surroundings, transport });
  const parts = { config, wish, runId, startedAt, lease, warehouse, warnings, store, surroundings };
  const end = (): EndedRun => ({
    runId,
    startedAt,
    finishedAt: clock.now(),
    calls: pardot.calls.total,
    aheadMs: time.now() - clock.now(),
    quota: pardot.usage,
    warnings,
  });
  try {
    return await extractAndCommit(objects, { ...parts, journal, ledger, pardot, time, grace, end });
  } catch (error) {
    await recordFailure(error, end, lease, journal);
    throw error;
  } finally {
    await pardot.settled();
    onEvent({ type: "calls-counted", calls: pardot.calls.total, ...(await ledger.counted()) });
  }
}

/** Puts on record why a run ended, so that `status` can say it. A run that lost its lease writes nothing more. */
async function recordFailure(error: unknown, end: () => EndedRun, lease: Lease, journal: Journal): Promise<void> {
  const { runId } = end();
  const isOpen = journal.state.runs.some((each) => each.runId === runId && each.status === "running");
  if (!isOpen || error instanceof LeaseError) return;
  try {
    await lease.check();
    await journal.record([runStopped(end(), error instanceof Error ? error : new Error(String(error)))]);
  } catch {
    // The error that ended the run is thrown; without a record the run counts as died, and the next one takes over.
  }
}

interface Parts extends OneRun {
  readonly end: () => EndedRun;
  readonly config: Config;
  readonly wish: RangeWish;
  readonly store: Store;
  readonly surroundings: Surroundings;
  readonly journal: Journal;
  readonly ledger: CallLedger;
  readonly pardot: OpenPardot;
  readonly time: PardotClock;
  readonly grace: Grace;
}

async function extractAndCommit(objects: readonly CatalogObject[], parts: Parts): Promise<RunResult> {
  const { config, wish, runId, startedAt, lease, warehouse, warnings, store, surroundings } = parts;
  const { journal, ledger, pardot, time, grace } = parts;
  const { clock, random, onEvent } = surroundings;
  const { businessUnitId: businessUnit } = config.pardot;
  const { storage, loaded } = store;
  const fenced = { config, storage, state: loaded.state, now: startedAt, signal: surroundings.signal };
  await journal.record([
    ...(await fenceDeadRuns(fenced)),
    { type: "run-started", businessUnit, runId, at: new Date(startedAt).toISOString(), entry: loaded.sequence + 1 },
  ]);
  const outcomes = new Outcomes(onEvent);
  let connection: Connection;
  try {
    connection = await connect(pardot, time, surroundings, surroundings.signal);
    heedDate(connection.now, store.loaded.state, surroundings);
    await ledger.dayIsKnown();
    checkWish(wish, connection.now);
  } catch (error) {
    grace.end();
    await ledger.settle();
    throw error;
  }
  const extraction: Extraction = {
    config,
    pardot,
    storage: store.storage,
    journal,
    clock,
    pardotNow: () => time.now(),
    random,
    onEvent,
    drain: surroundings.signal,
    abort: grace.signal,
  };
  try {
    await planAll(objects, { wish, connection, warehouse, runId, outcomes, extraction });
    await execute(objects, connection.account, warehouse, outcomes, extraction);
  } finally {
    grace.end();
  }
  // What it warns of belongs into the manifest; but a run that has to stop commits first.
  if (!surroundings.signal.aborted) await pardot.settled();
  await ledger.settle();
  // A run that slept while another took over must not add to what is committed.
  await lease.check();
  const { manifest, key } = await commitRun(
    {
      config,
      runId,
      startedAt,
      finishedAt: clock.now(),
      now: connection.now,
      version: String(pardot.version),
      calls: pardot.calls,
      objects,
      outcomes,
      warnings,
      journal,
      inherited: loaded.state,
      onEvent,
      storage: store.storage,
      stop: surroundings.signal,
      load: warehouse.loader !== null,
    },
    grace.never,
  );
  announce(manifest, key, surroundings);
  const loading = await loadAll(objects, {
    config,
    storage: store.storage,
    journal,
    warehouse,
    manifest,
    now: connection.now,
    surroundings,
  });
  const error = outcomes.firstError(objects, rejectedError(manifest) ?? loading.error);
  await journal.record([runFinished(parts.end(), manifest, error, config.etl)]);
  await journal.compact();
  await forgetNotesBefore(localDay(connection.now - DAY_MS, config.pardot.accountTimeZone), storage, grace.never);
  return {
    manifest,
    manifestKey: key,
    loaded: loading.loaded,
    notLoaded: loading.failures,
    error,
    exitCode: error === null ? 0 : exitCodeOf(error),
  };
}

function announce(manifest: Manifest, key: string, surroundings: Surroundings): void {
  const files = manifest.objects.flatMap((object) => object.files);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  for (const object of manifest.objects) {
    if (object.status !== "complete") continue;
    surroundings.onEvent({
      type: "object-finished",
      object: object.object,
      rows: object.files.reduce((sum, file) => sum + file.rows, 0),
      files: object.files.length,
    });
  }
  for (const postponed of postponedOf(manifest.objects)) surroundings.onEvent({ type: "postponed", ...postponed });
  surroundings.onEvent({ type: "committed", manifest: key, files: files.length, rows });
}

function noteWarnings(event: RunEvent, warnings: ManifestWarning[], outer: Surroundings): void {
  if (event.type === "warning") {
    warnings.push({ code: event.code, object: event.object, message: event.message });
  }
  outer.onEvent(event);
}
