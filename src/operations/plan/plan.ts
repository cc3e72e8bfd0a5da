import { asError } from "../../errors.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { manifestWindow } from "../../manifest/manifest.ts";
import { assertReached, parseRange } from "../../plan/wish.ts";
import { isoInstant } from "../../time/instant.ts";
import type { PlannedObject, PlanResult, RunOptions } from "../api.ts";
import { assertSound, connectPardot, openBudgetedPardot } from "../pardot.ts";
import { manifestError } from "../run/failures.ts";
import { claimWarehouse, closeWarehouse } from "../run/load.ts";
import { decideWindows } from "../run/windows.ts";
import { openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { openUsableStore, selectedObjects } from "../store.ts";
import { estimate, unreadWindows } from "./estimate.ts";
import type { EstimateContext } from "./estimate.ts";
import { expectedEarlyReads, readHistory } from "./history.ts";
import { planProbes } from "./probes.ts";

/**
 * Returns what `run` would do now: windows, expected calls, share of the quota. Makes one call for the account, one for
 * each object to count it, and one for its custom fields if they are not known yet. Writes nothing but a note of its
 * calls.
 */
export async function plan(config: Config, options: RunOptions, runtime: Runtime): Promise<PlanResult> {
  const { signal, onEvent } = runtime;
  const range = parseRange(options, config.pardot.timeZone);
  const { storage, loaded } = await openUsableStore(config, range.full, runtime);
  const { state } = loaded;
  const warehouse = await openTables(config, runtime);
  const { pardot, time, callsToday, settle } = openBudgetedPardot("plan", config, storage, runtime);
  try {
    await warehouse.check(signal);
    await claimWarehouse(warehouse, config, state, signal);
    const objects = selectedObjects(config);
    const history = await readHistory(objects, state, storage, signal);
    const { now } = await connectPardot(pardot, time, runtime);
    assertSound(now, state, runtime);
    assertReached(range, now);
    const context = { config, state, warehouse, pardot, history, now, range, onEvent, signal };
    const planned: Planned[] = [];
    for (const object of objects) {
      const readsActivities = planned.some((each) => each.readsActivities);
      planned.push(await planObject(object, { ...context, readsActivities }));
    }
    const exports = planned.reduce((sum, each) => sum + each.exports, 0);
    const earlyReads = Math.round(expectedEarlyReads(exports, history));
    // One call proves the connection; an object that is read in one call is landed from its response. Rounded last:
    // five halves of a file are not five files.
    const expectedCalls = Math.round(1 + earlyReads + planned.reduce((sum, { calls }) => sum + calls, 0));
    return {
      now: isoInstant(now),
      timeZone: config.pardot.timeZone,
      objects: planned.map((each) => each.object),
      expectedCalls,
      earlyReads,
      exportsSeen: history.exports.length,
      callsSpent: pardot.calls.total,
      quota: pardot.usage,
      ownCallsToday: await callsToday(),
      callBudget: config.pardot.dailyCallBudget,
    };
  } finally {
    await settle();
    await closeWarehouse(warehouse, onEvent);
  }
}

interface Planned {
  readonly object: PlannedObject;
  /** Not rounded. */
  readonly calls: number;
  readonly exports: number;
  /** Whether it reads activities, which may name new list emails. */
  readonly readsActivities: boolean;
}

async function planObject(object: CatalogObject, context: Omit<EstimateContext, "probes" | "total">): Promise<Planned> {
  const { process, emailPairs } = object.v4;
  const about = { object: object.name, table: object.table, process };
  try {
    const { pardot, range, onEvent, signal } = context;
    const probes = planProbes({ pardot, full: range.full, onEvent, signal });
    const decision = await decideWindows(object, { ...context, probes });
    const expected = await estimate(object, decision, { ...context, probes, total: probes.total });
    const calls = probes.calls + expected.calls;
    const open = decision.open.map((window) => ({
      ...manifestWindow(window),
      state: window.done ? ("landed" as const) : ("open" as const),
    }));
    const added = decision.windows.map((window) => ({ ...manifestWindow(window), state: "new" as const }));
    return {
      object: {
        ...about,
        reason: decision.reason,
        windows: [...open, ...added],
        records: expected.records,
        expectedCalls: Math.round(calls),
        unknownCalls: expected.unknownCalls,
        error: null,
      },
      calls,
      exports: expected.exports,
      readsActivities: emailPairs !== undefined && unreadWindows(decision).length > 0,
    };
  } catch (error) {
    const failure = asError(error);
    const { code, message, hint, exit_code: exitCode } = manifestError(failure);
    const none = { reason: "could not be planned", windows: [], records: null, expectedCalls: 0, unknownCalls: null };
    const unplanned = { ...about, ...none, error: { code, message, hint, exitCode } };
    return { object: unplanned, calls: 0, exports: 0, readsActivities: false };
  }
}
