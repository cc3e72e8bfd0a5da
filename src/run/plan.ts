import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { manifestWindow } from "../commit/manifest.ts";
import { withPairs } from "../commit/email-index.ts";
import { reservedOn } from "../commit/state.ts";
import { applyFieldChange } from "../commit/field-memory.ts";
import type { FieldMemory } from "../commit/field-memory.ts";
import { objectState } from "../commit/state.ts";
import type { OpenWindow, PlannedWindow, State } from "../commit/state.ts";
import { LimitError } from "../errors.ts";
import { windowBounds } from "../extract/bounds.ts";
import { groupsOf } from "../extract/bulk.ts";
import { emailCandidates } from "../extract/emails.ts";
import { isQueriedInstead } from "../extract/query-instead.ts";
import type { CallBudget, Pardot } from "../pardot/pardot.ts";
import { readWish } from "../plan/wish.ts";
import { isoInstant } from "../time/instant.ts";
import { localDay } from "../time/zone.ts";
import { openWarehouse } from "../warehouse/open.ts";
import type { PlannedObject, PlanResult, RunOptions, Surroundings } from "./api.ts";
import { chosenObjects } from "./chosen.ts";
import { knownEmails, newPairs } from "./emails.ts";
import { manifestError } from "./outcomes.ts";
import { prepareObject } from "./prepare.ts";
import type { Prepared, PrepareInput } from "./prepare.ts";
import { checkAgainstState, connect, openPardot, openStore, pardotClock } from "./session.ts";

/** Result files an export is taken to have; how many there are shows only when it is complete. */
const FILES_PER_EXPORT = 1;

/**
 * What `run` would do now: windows, expected calls, share of the quota. Asks Pardot once for the account, once for the
 * oldest record of each bulk object without history, and once per queried object to count. Writes nothing.
 */
export async function plan(config: Config, options: RunOptions, surroundings: Surroundings): Promise<PlanResult> {
  const { signal, onEvent } = surroundings;
  const wish = readWish(options, config.pardot.timeZone);
  const { loaded } = await openStore(config, surroundings);
  checkAgainstState(config, loaded.state, wish.full);
  const warehouse = await openWarehouse(config.etl.warehouse, { tmpDir: config.etl.tmpDir, onEvent });
  const time = pardotClock(surroundings);
  try {
    await warehouse.check(signal);
    const pardot = openPardot(
      config,
      readOnlyBudget(config, loaded.state, () => time.now()),
      surroundings,
    );
    const { now } = await connect(pardot, time, surroundings, signal);
    const objects: PlannedObject[] = [];
    for (const object of chosenObjects(config)) {
      const input = { config, state: loaded.state, warehouse, pardot, now, wish, onEvent, signal };
      objects.push(await planObject(object, input));
    }
    return {
      now: isoInstant(now),
      timeZone: config.pardot.timeZone,
      objects,
      // One call proves the connection; an object that is read in one call is landed from its answer.
      expectedCalls: 1 + objects.reduce((sum, object) => sum + object.expectedCalls, 0),
      callsSpent: pardot.calls.total,
      quota: pardot.usage,
      ownCallsToday: callsToday(loaded.state, localDay(now, config.pardot.accountTimeZone)),
    };
  } finally {
    await warehouse.close();
  }
}

async function planObject(object: CatalogObject, input: PrepareInput): Promise<PlannedObject> {
  const { process } = object.v4;
  const about = { object: object.name, table: object.table, process };
  try {
    const before = input.pardot.calls.total;
    const prepared = await prepareObject(object, input);
    const lookups = input.pardot.calls.total - before;
    const { records, calls } = await expectation(object, prepared, input);
    return {
      ...about,
      reason: prepared.reason,
      windows: [
        ...prepared.open.map((window) => ({
          ...manifestWindow(window),
          state: window.done ? ("landed" as const) : ("open" as const),
        })),
        ...prepared.windows.map((window) => ({ ...manifestWindow(window), state: "new" as const })),
      ],
      records,
      expectedCalls: lookups + calls,
      error: null,
    };
  } catch (error) {
    const failure = error instanceof Error ? error : new Error(String(error));
    const { code, message, hint, exit_code: exitCode } = manifestError(failure);
    const none = { reason: "could not be planned", windows: [], records: null, expectedCalls: 0 };
    return { ...about, ...none, error: { code, message, hint, exitCode } };
  }
}

async function expectation(
  object: CatalogObject,
  prepared: Prepared,
  input: PrepareInput,
): Promise<{ records: number | null; calls: number }> {
  if (object.v4.process === "read") return { records: 1, calls: 0 };
  if (object.v4.process === "email") return expectedEmails(object, input);
  const asked = [...prepared.open.filter((window) => !window.done), ...prepared.windows].filter(
    (window) => window.askFrom < window.to,
  );
  const memory = prepared.fields.reduce(applyFieldChange, objectState(input.state, object.name).fields);
  const exported =
    object.v4.process === "bulk" ? asked.filter((window) => !isQueriedInstead(object, window, memory)) : [];
  let calls = exported.reduce((sum, window) => sum + exportCalls(object, window, memory), 0);
  if (exported.length > 0) return { records: null, calls };
  let records = 0;
  for (const window of asked) {
    const count = await countWindow(object, window, input.pardot, input.config.pardot.timeZone, input.signal);
    records += count;
    calls += pagesOf(count, object.v4.query?.limit ?? count);
  }
  return { records, calls };
}

/** Each export is created unless it is adopted, read once where its time can be told, and its files are fetched. */
function exportCalls(object: CatalogObject, window: PlannedWindow | OpenWindow, memory: FieldMemory): number {
  const exports = groupsOf(object, "groups" in window ? window.groups : [], memory).length;
  const adopted = "exports" in window ? window.exports.length : 0;
  return exports - adopted + exports * (1 + FILES_PER_EXPORT);
}

/** One call for each list e-mail known now; those that the run's own activities bring are not known yet. */
async function expectedEmails(
  object: CatalogObject,
  input: PrepareInput,
): Promise<{ records: number | null; calls: number }> {
  const { email } = object.v4;
  if (email === undefined) return { records: null, calls: 0 };
  const news = await newPairs(input.state, input.warehouse, input.signal);
  const index = withPairs(input.state.emails, news, false);
  const known = await knownEmails(input.warehouse, input.signal);
  const calls = emailCandidates(object.name, email, index, known, input.now).length;
  return { records: calls, calls };
}

async function countWindow(
  object: CatalogObject,
  window: Prepared["windows"][number],
  pardot: Pardot,
  zone: string,
  signal: AbortSignal,
): Promise<number> {
  const { query, urlName } = object.v4;
  const filter = window.field === null ? undefined : query?.filters[window.field];
  if (query === undefined) return 0;
  const parameters = filter === undefined ? {} : windowBounds(window, filter, zone);
  return pardot.countRecords({ urlName, query, parameters }, signal);
}

/** Full pages, and the short one that ends them; where the last full page ends the records, two empty ones. */
function pagesOf(records: number, limit: number): number {
  const full = Math.floor(records / limit);
  return records % limit === 0 ? full + 2 : full + 1;
}

function callsToday(state: State, day: string): number {
  return reservedOn(state.ledger, day);
}

/** Keeps to the day's budget without writing to the ledger, which belongs to the run that may be under way. */
function readOnlyBudget(config: Config, state: State, now: () => number): CallBudget {
  let taken = 0;
  return {
    take: async () => {
      const { dailyCallBudget: budget, accountTimeZone } = config.pardot;
      const used = callsToday(state, localDay(now(), accountTimeZone)) + taken;
      if (budget !== null && used >= budget) {
        throw new LimitError(
          `call Pardot: ${used} of ${budget} calls of the daily budget (PARDOT_DAILY_CALL_BUDGET) are used`,
          {
            code: "limit.call-budget",
            hint: "Plan again when the account's next day has started, or raise the budget.",
          },
        );
      }
      taken += 1;
    },
  };
}
