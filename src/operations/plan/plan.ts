import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { manifestWindow } from "../../manifest/manifest.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { checkWish, readWish } from "../../plan/wish.ts";
import { isoInstant } from "../../time/instant.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import type { PlannedObject, PlanResult, RunOptions, Surroundings } from "../api.ts";
import { chosenObjects } from "../chosen.ts";
import { claimWarehouse, closeWarehouse } from "../run/load-all.ts";
import { heedDate } from "../heed-date.ts";
import { expectedEarlyReads, readExperience } from "./experience.ts";
import { checkStateIsThere } from "../lost-state.ts";
import { manifestError } from "../run/outcomes.ts";
import { askedWindows, expectation } from "./calls.ts";
import type { ExpectationInput } from "./calls.ts";
import { planLookups } from "./lookups.ts";
import { prepareObject } from "../run/prepare.ts";
import { notingCalls } from "../noting-calls.ts";
import { checkAgainstState, connect, openStore } from "../session.ts";

/**
 * What `run` would do now: windows, expected calls, share of the quota. Asks Pardot once for the account, once for each
 * object to count, and once for its custom fields where they are not known yet. Writes nothing but a
 * note of its calls.
 */
export async function plan(config: Config, options: RunOptions, surroundings: Surroundings): Promise<PlanResult> {
  const { signal, onEvent } = surroundings;
  const wish = readWish(options, config.pardot.timeZone);
  const store = await openStore(config, surroundings);
  const { storage, loaded } = store;
  const { state } = loaded;
  await checkStateIsThere(store, { ...config.pardot, full: wish.full }, surroundings);
  checkAgainstState(config, state, wish.full);
  const warehouse = await openWarehouse(config.etl.warehouse, { tmpDir: config.etl.tmpDir, onEvent });
  const calling = notingCalls("plan", { config, storage, surroundings });
  try {
    await warehouse.check(signal);
    await claimWarehouse(warehouse, config, state, signal);
    const chosen = chosenObjects(config);
    const experience = await readExperience(chosen, state, storage, signal);
    const { pardot } = calling;
    const { now } = await connect(pardot, calling.time, surroundings, signal);
    heedDate(now, state, surroundings);
    checkWish(wish, now);
    const given = { config, state, warehouse, pardot, experience, now, wish, onEvent, signal };
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
      ownCallsToday: await calling.callsToday(),
      callBudget: config.pardot.dailyCallBudget,
    };
  } finally {
    await calling.settle();
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

type ObjectInput = Omit<ExpectationInput, "lookups" | "total"> & { readonly pardot: Pardot };

async function planObject(object: CatalogObject, input: ObjectInput): Promise<Planned> {
  const { process, emailPairs } = object.v4;
  const about = { object: object.name, table: object.table, process };
  try {
    const { pardot, wish, onEvent, signal } = input;
    const lookups = planLookups({ pardot, full: wish.full, onEvent, signal });
    const prepared = await prepareObject(object, { ...input, lookups });
    const expected = await expectation(object, prepared, { ...input, lookups, total: lookups.total });
    const calls = lookups.calls + expected.calls;
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
