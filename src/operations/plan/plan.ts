import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { manifestWindow } from "../../manifest/manifest.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { assertReached, parseRange } from "../../plan/wish.ts";
import { isoInstant } from "../../time/instant.ts";
import type { PlannedObject, PlanResult, RunOptions } from "../api.ts";
import { openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { assertSound, connectPardot, openBudgetedPardot } from "../pardot.ts";
import { claimWarehouse, closeWarehouse } from "../run/load.ts";
import { expectedEarlyReads, readExperience } from "./experience.ts";
import { manifestError } from "../run/failures.ts";
import { askedWindows, expectation } from "./calls.ts";
import type { ExpectationInput } from "./calls.ts";
import { planProbes } from "./lookups.ts";
import { decideWindows } from "../run/windows.ts";
import { openUsableStore, selectedObjects } from "../store.ts";

/**
 * What `run` would do now: windows, expected calls, share of the quota. Asks Pardot once for the account, once for each
 * object to count, and once for its custom fields where they are not known yet. Writes nothing but a
 * note of its calls.
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
    const chosen = selectedObjects(config);
    const experience = await readExperience(chosen, state, storage, signal);
    const { now } = await connectPardot(pardot, time, runtime);
    assertSound(now, state, runtime);
    assertReached(range, now);
    const given = { config, state, warehouse, pardot, experience, now, range, onEvent, signal };
    const planned: Planned[] = [];
    for (const object of chosen) {
      const bringsEmails = planned.some((each) => each.bringsEmails);
      planned.push(await planObject(object, { ...given, bringsEmails }));
    }
    const exports = planned.reduce((sum, each) => sum + each.exports, 0);
    const earlyReads = Math.round(expectedEarlyReads(exports, experience));
    // One call proves the connection; an object that is read in one call is landed from its answer. Rounded last, for
    // five halves of a file are not five files.
    const expectedCalls = Math.round(1 + earlyReads + planned.reduce((sum, { calls }) => sum + calls, 0));
    return {
      now: isoInstant(now),
      timeZone: config.pardot.timeZone,
      objects: planned.map((each) => each.object),
      expectedCalls,
      earlyReads,
      exportsSeen: experience.exports.length,
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
  /** Whether activities are read that may name new list e-mails. */
  readonly bringsEmails: boolean;
}

type ObjectInput = Omit<ExpectationInput, "probes" | "total"> & { readonly pardot: Pardot };

async function planObject(object: CatalogObject, input: ObjectInput): Promise<Planned> {
  const { process, emailPairs } = object.v4;
  const about = { object: object.name, table: object.table, process };
  try {
    const { pardot, range, onEvent, signal } = input;
    const probes = planProbes({ pardot, full: range.full, onEvent, signal });
    const prepared = await decideWindows(object, { ...input, probes });
    const expected = await expectation(object, prepared, { ...input, probes, total: probes.total });
    const calls = probes.calls + expected.calls;
    return {
      object: {
        ...about,
        reason: prepared.reason,
        windows: [
          ...prepared.open.map((window) => ({
            ...manifestWindow(window),
            state: window.done ? ("landed" as const) : ("open" as const),
          })),
          ...prepared.windows.map((window) => ({ ...manifestWindow(window), state: "new" as const })),
        ],
        records: expected.records,
        expectedCalls: Math.round(calls),
        unknownCalls: expected.unknownCalls,
        error: null,
      },
      calls,
      exports: expected.exports,
      bringsEmails: emailPairs !== undefined && askedWindows(prepared).length > 0,
    };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    const { code, message, hint, exit_code: exitCode } = manifestError(failure);
    const none = { reason: "could not be planned", windows: [], records: null, expectedCalls: 0, unknownCalls: null };
    const unplanned = { ...about, ...none, error: { code, message, hint, exitCode } };
    return { object: unplanned, calls: 0, exports: 0, bringsEmails: false };
  }
}
