/** The whole state of a running simulator; a reset makes a new one. */
import { Account } from "./account/account.ts";
import { createSimClock } from "./simulated-time.ts";
import type { SimClock } from "./simulated-time.ts";
import { emailStatsTruth, emailTruth } from "./api/email-calls.ts";
import { truthRecord } from "./api/body-record.ts";
import { ExportWorker } from "./api/export-worker.ts";
import { createFaults } from "./faults.ts";
import type { Faults } from "./faults.ts";
import { createLimits } from "./limits.ts";
import type { Limits } from "./limits.ts";
import type { Value } from "./account/model.ts";
import { TokenDesk } from "./login/token-desk.ts";
import { isHidden } from "./account/oddities.ts";
import type { ResolvedOptions } from "./options.ts";
import { SelectionMemory } from "./api/selection.ts";
import { createCounters, lastRequests } from "./stats.ts";
import type { Counters, SimulatorStats } from "./stats.ts";

export interface Simulation {
  readonly options: ResolvedOptions;
  readonly account: Account;
  readonly clock: SimClock;
  readonly limits: Limits;
  readonly desk: TokenDesk;
  readonly worker: ExportWorker;
  readonly faults: Faults;
  readonly memory: SelectionMemory;
  readonly counters: Counters;
}

export const ADVANCE_DAYS_MAX = 1_000;
const DAY_MS = 86_400_000;

/** Makes a new account unless an untouched one is passed. */
export function createSimulation(options: ResolvedOptions, untouched: Account | null = null): Simulation {
  const { seed, scale, rows, ties, zone, accountZone, knobs } = options;
  const startAt = Math.floor(options.startAt / 1000);
  const account = untouched ?? new Account({ seed, scale, rows, ties, knobs, zone, startAt });
  const clock = createSimClock(options.startAt, knobs.clock === "frozen");
  return {
    options,
    account,
    clock,
    limits: createLimits(clock, accountZone, options.dailyLimit, knobs),
    desk: new TokenDesk(clock, knobs, seed, options.jwtPublicKey),
    worker: new ExportWorker(account, clock, knobs, options.exportSeconds * 1000),
    faults: createFaults(),
    memory: new SelectionMemory(),
    counters: createCounters(),
  };
}

/** Simulates days: adds, changes and deletes rows, and moves the clock. Throws RangeError. */
export function advanceSimulation(state: Simulation, days: number): void {
  if (!Number.isInteger(days) || days < 1 || days > ADVANCE_DAYS_MAX) {
    throw new RangeError(`advance: got ${days} days, expected a whole number from 1 to ${ADVANCE_DAYS_MAX}`);
  }
  state.worker.freeze();
  state.account.advance(days);
  state.clock.skip(days * DAY_MS);
}

export function statsOf(state: Simulation): SimulatorStats {
  const { counters, limits, clock, worker, account } = state;
  return {
    calls: [...counters.byKind.values()].reduce((sum, calls) => sum + calls, 0),
    byKind: Object.fromEntries(counters.byKind),
    tokenRequests: counters.tokenRequests,
    maxInFlight: limits.maxInFlight(),
    bytesSent: counters.bytesSent,
    quota: limits.usage(),
    now: new Date(clock.now()).toISOString(),
    days: account.days,
    exports: worker.all().map((job) => ({
      id: job.id,
      object: job.model.name,
      fields: job.fields,
      procedure: job.procedure,
      arguments: job.arguments,
      state: job.state,
      isExpired: worker.isExpired(job),
      rows: job.state === "Complete" ? job.rows.length : null,
      files: job.files.length,
    })),
    requests: lastRequests(counters),
  };
}

/** All rows of an object, in the catalog's column names. Throws for an unknown object. */
export function* truthRows(
  state: Simulation,
  object: string,
  deleted: "live" | "deleted" | "all",
): Generator<Readonly<Record<string, Value>>> {
  const { account } = state;
  if (object === "Email" || object === "EmailStats") {
    yield* object === "Email" ? emailTruth(account) : emailStatsTruth(account);
    return;
  }
  const table = account.table(object);
  const columns = account.columns(table.model);
  for (let index = 0; index < table.count; index += 1) {
    const gone = table.gone[index] === 1;
    // Rows that no API call returns are omitted, including deleted rows unless the API shows them.
    if (isHidden(table.model, index, state.options.knobs)) continue;
    if (gone ? deleted === "live" || table.model.deletes !== true : deleted === "deleted") continue;
    yield truthRecord(columns, account.values(table, index), account.zone);
  }
}
