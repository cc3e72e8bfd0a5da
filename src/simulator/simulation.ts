/** The whole state of a running simulator; a reset makes a new one. */
import { Account } from "./account/account.ts";
import { createSimClock } from "./simulated-time.ts";
import type { SimClock } from "./simulated-time.ts";
import { emailStatsTruth, emailTruth } from "./api/email-calls.ts";
import { truthRecord } from "./api/body-record.ts";
import { liveValues, truthMaker } from "./api/v5/record.ts";
import type { Json } from "./api/v5/record.ts";
import { utcText } from "./api/v5/datetime.ts";
import { exportFacts } from "./api/v5/exports.ts";
import { statsRecord } from "./api/v5/read.ts";
import { ExportWorker } from "./api/export-worker.ts";
import { Faults } from "./faults.ts";
import { createLimits } from "./limits.ts";
import type { Limits } from "./limits.ts";
import type { RowKey } from "./account/model.ts";
import { OBJECTS } from "./objects/objects.ts";
import { v5Object } from "./objects/v5/objects-v5.ts";
import { TokenDesk } from "./login/token-desk.ts";
import { isHidden } from "./account/oddities.ts";
import type { ResolvedOptions } from "./options.ts";
import { SelectionMemory } from "./api/selection.ts";
import { lastRequests } from "./stats.ts";
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
    faults: new Faults(),
    memory: new SelectionMemory(),
    counters: { byKind: new Map(), tokenRequests: 0, bytesSent: 0, requests: [] },
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

/** What `/__sim/rows` shows. */
export interface TruthOptions {
  /**
   * Version whose names it uses. 4: timestamps in the user's time zone, as v3/v4 show them; 5: `YYYY-MM-DD HH:MM:SS` in UTC.
   * Default: 4 where v4 has the object.
   */
  readonly api?: 4 | 5;
  /** `all`: also what responses of v4 show but no table has. v5 rows have all fields that a read returns. Default: tables. */
  readonly columns?: "tables" | "all";
}

export type TruthRow = Readonly<Record<string, Json>>;

const V4_EMAIL: Readonly<Record<string, (account: Account) => Iterable<TruthRow>>> = {
  Email: emailTruth,
  EmailStats: emailStatsTruth,
};

/** Rows of objects that are another object's: by name, whose rows, in which version's names, and which of them. */
const VIEWS: Readonly<Record<string, { readonly of: string; readonly api: 4 | 5; readonly deleted?: "deleted" }>> = {
  ListMembershipDeleted: { of: "ListMembership", api: 4, deleted: "deleted" },
  ProspectDeleted: { of: "Prospect", api: 4, deleted: "deleted" },
  TaggedObject: { of: "TagObject", api: 5 },
};

/** All rows of an object that this user can see, in columns of the tables or fields of v5. Throws for an unknown object. */
export function* truthRows(
  state: Simulation,
  object: string,
  deleted: "live" | "deleted" | "all",
  { api, columns = "tables" }: TruthOptions = {},
): Generator<TruthRow> {
  if (object === "Export") {
    // The exports made so far, as API v5 lists them: their states are those of now.
    for (const job of state.worker.all()) yield exportFacts(job, state.worker, state.options.knobs, utcText);
    return;
  }
  const view = VIEWS[object];
  if (view !== undefined) {
    yield* truthRows(state, view.of, view.deleted ?? deleted, { columns, api: view.api });
    return;
  }
  const { account } = state;
  const email = V4_EMAIL[object];
  const hasV4 = email !== undefined || OBJECTS.some(({ name }) => name === object);
  if (api === 5 || (api === undefined && !hasV4)) {
    yield* v5Rows(state, object, deleted);
    return;
  }
  if (!hasV4) throw new Error(`unknown object ${object}`);
  if (email !== undefined) {
    yield* email(account);
    return;
  }
  const { model } = account.table(object);
  const shown = account.columns(model);
  // Rows that no call returns are omitted, including deleted rows unless the API shows them.
  for (const row of visibleRows(state, object, model.deletes === true, deleted)) {
    yield truthRecord(shown, account.make(model, row), account.zone, columns === "all");
  }
}

function* v5Rows(state: Simulation, name: string, deleted: "live" | "deleted" | "all"): Generator<TruthRow> {
  const { account, options, limits } = state;
  const object = v5Object(name === "ListEmailStats" ? "ListEmail" : name);
  if (object === undefined) throw new Error(`unknown object ${name}`);
  const hasBin = object.bin && !options.knobs.v5NoRecycleBin.split(",").includes(name);
  const make =
    name === "ListEmailStats"
      ? (row: RowKey) => statsRecord(row, account)
      : truthMaker(object, account, liveValues(limits));
  for (const row of visibleRows(state, object.name, hasBin, deleted)) yield make(row);
}

function* visibleRows(
  { account, options }: Simulation,
  object: string,
  showsDeleted: boolean,
  deleted: "live" | "deleted" | "all",
): Generator<RowKey> {
  const table = account.table(object);
  for (let index = 0; index < table.count; index += 1) {
    if (isHidden(table.model, index, options.knobs)) continue;
    const row = table.key(index);
    if (row.isDeleted ? deleted === "live" || !showsDeleted : deleted === "deleted") continue;
    yield row;
  }
}
