import { exitCodeOf, failureOf } from "../../errors.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { manifestWindow } from "../../manifest/manifest.ts";
import { parseRange, rangeAt } from "../../plan/wish.ts";
import { isoInstant } from "../../time/instant.ts";
import type { PlannedObject, PlanResult, RunOptions } from "../api.ts";
import { assertSound, connectPardot, openBudgetedPardot } from "../pardot.ts";
import { decideWindows } from "../run/windows.ts";
import { claimWarehouse, closeWarehouse, openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { openUsableStore, selectedObjects } from "../store.ts";
import { estimate } from "./estimate.ts";
import type { EstimateContext } from "./estimate.ts";
import { durationOf, readHistory } from "./history.ts";
import { planProbes } from "./probes.ts";

/**
 * Returns the work that `run` would do now: windows, expected calls, share of the quota. Makes one call for the
 * account, one for each object to count it, and one for its custom fields if they are not known yet. Writes nothing but
 * a note of its calls.
 */
export async function plan(config: Config, options: RunOptions, runtime: Runtime): Promise<PlanResult> {
  const { signal, onEvent } = runtime;
  const wish = parseRange(options, config.pardot.timeZone);
  const { storage, loaded } = await openUsableStore(config, wish.full, runtime);
  const { state } = loaded;
  const warehouse = await openTables(config, runtime);
  const { pardot, time, callsToday, settle } = openBudgetedPardot("plan", config, storage, runtime);
  try {
    await warehouse.check(signal);
    await claimWarehouse(warehouse, config, state, signal);
    const objects = selectedObjects(config);
    const activity = objects.find(({ way }) => way.emailPairs !== undefined)?.name ?? null;
    const history = await readHistory(activity, state, storage, signal);
    const { now } = await connectPardot(pardot, time, runtime);
    assertSound(now, state, runtime);
    const range = rangeAt(wish, now);
    const context = { config, state, warehouse, pardot, history, now, range, onEvent, signal };
    const planned: PlannedObject[] = [];
    for (const object of objects) {
      const naming = planned.find((each) => each.object === activity && each.windows.length > 0);
      const activities = naming === undefined ? 0 : naming.records;
      planned.push(await planObject(object, { ...context, activities }));
    }
    // One call proves the connection; an object that is read in one call is landed from its response. Rounded last:
    // five halves of a file are not five files.
    const expectedCalls = Math.round(planned.reduce((sum, each) => sum + each.expectedCalls, 1));
    return {
      now: isoInstant(now),
      timeZone: config.pardot.timeZone,
      objects: planned.map((each) => ({ ...each, expectedCalls: Math.round(each.expectedCalls) })),
      expectedCalls,
      expectedDurationMs: durationOf(expectedCalls, state),
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

/** An object's part of the plan, its calls not rounded. */
async function planObject(
  object: CatalogObject,
  context: Omit<EstimateContext, "probes" | "total">,
): Promise<PlannedObject> {
  const about = { object: object.name, table: object.table, process: object.way.process };
  try {
    const { pardot, range, onEvent, signal } = context;
    const probes = planProbes({ pardot, full: range.full, onEvent, signal });
    const decision = await decideWindows(object, { ...context, probes });
    const { records, calls, unknownCalls } = await estimate(object, decision, {
      ...context,
      probes,
      total: probes.total,
    });
    const open = decision.open.map((window) => ({
      ...manifestWindow(window),
      state: window.done ? ("landed" as const) : ("open" as const),
    }));
    const added = decision.windows.map((window) => ({ ...manifestWindow(window), state: "new" as const }));
    const expectedCalls = probes.calls + calls;
    const { reason } = decision;
    return { ...about, reason, windows: [...open, ...added], records, expectedCalls, unknownCalls, error: null };
  } catch (error) {
    const none = { reason: "could not be planned", windows: [], records: null, expectedCalls: 0, unknownCalls: null };
    return { ...about, ...none, error: { ...failureOf(error), exitCode: exitCodeOf(error) } };
  }
}
