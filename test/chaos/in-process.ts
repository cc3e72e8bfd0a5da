import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadState } from "../../src/commit/journal.ts";
import { loadConfig } from "../../src/config/load.ts";
import { PardotEtlError } from "../../src/errors.ts";
import type { RunEvent } from "../../src/events.ts";
import { openConnections } from "../../src/http/transport.ts";
import type { Connections } from "../../src/http/transport.ts";
import type { RunResult } from "../../src/run/api.ts";
import { run } from "../../src/run/run.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  startSimulator,
} from "../../src/simulator/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { openMemoryStorage } from "../../src/storage/memory.ts";
import type { MemoryStorage } from "../../src/storage/memory.ts";
import { localDay } from "../../src/time/zone.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import {
  checkAccounted,
  checkCoverage,
  checkExports,
  checkLedger,
  checkManifests,
  checkSecrets,
  checkState,
  checkTruth,
} from "./checks.ts";
import type { Findings } from "./checks.ts";
import { Chronicle, crashStorage } from "./crash-storage.ts";
import type { Dice } from "./dice.ts";
import { faultyTransport, Wire } from "./faulty-transport.ts";
import { manifestsIn, Versions } from "./landed.ts";
import type { Destination } from "./landed.ts";
import { PipedWarehouse } from "./piped-warehouse.ts";
import type { Attempt, Plan } from "./plan.ts";
import { Crash, Turns } from "./turns.ts";

const NEVER = new AbortController().signal;
/** Thousands of small files are synced here; where there is a disk in memory, none has to wait for a real one. */
const QUICK_DISK = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** Nothing happens to the run. */
export const QUIET: Attempt = { killAt: null, stopAt: null, faults: 0, storageFailures: 0, isSeenDead: true };

/** How one process ended. */
export interface Ended {
  readonly turns: Turns;
  readonly result: RunResult | null;
  readonly error: Error | null;
  readonly calls: number;
}

export interface Started {
  readonly turns: Turns;
  readonly ended: Promise<Ended>;
}

/** An account, a destination and all that happens between them; gone after `close`. */
export class World {
  readonly plan: Plan;
  readonly simulator: Simulator;
  readonly disk: MemoryStorage = openMemoryStorage();
  readonly chronicle: Chronicle = new Chronicle();
  readonly wire: Wire = new Wire();
  readonly versions: Versions = new Versions();
  readonly told: string[] = [];
  readonly #root: string;
  readonly #connections: Connections;
  readonly #warehouse: PipedWarehouse | null;
  readonly #dead = new Set<string>();
  #processes = 0;
  /** Time that pauses have taken so far. */
  #slept = 0;

  private constructor(plan: Plan, simulator: Simulator, root: string) {
    this.plan = plan;
    this.simulator = simulator;
    this.#root = root;
    this.#warehouse = plan.pipe === null ? null : new PipedWarehouse(plan.pipe, this.disk);
    this.#connections = openConnections({ connections: 8, requestTimeoutMs: 20_000 });
    this.wire.secrets.add(SIMULATOR_CLIENT_SECRET).add(SIMULATOR_REFRESH_TOKEN);
    this.versions.remember(simulator, plan.objects);
  }

  static async open(plan: Plan): Promise<World> {
    const simulator = await startSimulator(plan.account);
    const root = await mkdtemp(join(QUICK_DISK, "pardot-etl-chaos-"));
    await mkdir(join(root, "tmp"));
    return new World(plan, simulator, root);
  }

  get destination(): Destination {
    const { files } = this.disk;
    return { keys: [...files.keys()], bytes: (key) => files.get(key) };
  }

  advance(): void {
    this.simulator.advance(1);
    this.versions.remember(this.simulator, this.plan.objects);
  }

  /** Starts one process: the real run over this world. `onTurns` gets its turns before anything happens. */
  async start(
    attempt: Attempt,
    dice: Dice,
    options: { budget?: number | null; survivors?: (label: string, place: number) => boolean } = {},
  ): Promise<Started> {
    this.#processes += 1;
    const pid = this.#processes;
    const { plan, simulator, disk, chronicle, wire } = this;
    const startAt = simulator.now().getTime() + plan.clockOffMs + this.#slept;
    const turns = new Turns({
      dice: dice.apart("turns"),
      killAt: attempt.killAt,
      stopAt: attempt.stopAt,
      startAt,
      beatEvery: 40,
      ...(options.survivors === undefined ? {} : { survivors: options.survivors }),
    });
    const budget = options.budget === undefined ? plan.budget : options.budget;
    const config = await loadConfig({
      env: {
        PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
        PARDOT_API_URL: simulator.url,
        PARDOT_LOGIN_URL: simulator.url,
        PARDOT_CLIENT_ID: SIMULATOR_CLIENT_ID,
        PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET,
        PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN,
        PARDOT_TIMEZONE: plan.account.timezone ?? "UTC",
        PARDOT_ETL_DESTINATION: join(this.#root, "unused"),
        PARDOT_ETL_TMPDIR: join(this.#root, "tmp"),
        // Only its name is looked at: what stands in for it is opened below.
        PARDOT_ETL_WAREHOUSE: plan.pipe === null ? "none" : "duckdb:unused.duckdb",
        ...plan.env,
        ...(budget === null ? {} : { PARDOT_DAILY_CALL_BUDGET: String(budget) }),
      },
      cwd: this.#root,
      configFile: null,
      options: {},
    });
    const onEvent = (event: RunEvent): void => void this.told.push(JSON.stringify(event));
    const storage = crashStorage({
      disk,
      turns,
      chronicle,
      dice: dice.apart("disk"),
      failures: attempt.storageFailures,
    });
    const { transport } = this.#connections;
    const before = simulator.stats().calls;
    const surroundings = {
      signal: NEVER,
      onEvent,
      clock: turns.clock,
      random: dice.apart("run"),
      transport: faultyTransport({
        transport,
        simulator,
        turns,
        wire,
        dice: dice.apart("wire"),
        faults: attempt.faults,
      }),
      ticker: turns.ticker,
      processes: {
        self: { host: "chaos", boot: "chaos", pid, started: String(pid) },
        isDead: ({ started }: { readonly started: string }) => this.#dead.has(started),
      },
      openStorage: async () => storage,
      ...(this.#warehouse === null ? {} : { openWarehouse: openPiped(this.#warehouse, dice.apart("pipe")) }),
    };
    const work = async (): Promise<Ended> => {
      let result: RunResult | null = null;
      let error: Error | null = null;
      try {
        result = await run(config, {}, surroundings);
      } catch (thrown) {
        error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.told.push(
          `${error.message} ${error instanceof PardotEtlError ? `${error.hint} ${JSON.stringify(error.context)}` : ""}`,
        );
      }
      await turns.idle();
      if (attempt.isSeenDead || !turns.isKilled) this.#dead.add(String(pid));
      this.#slept = Math.max(
        this.#slept,
        startAt + turns.clock.monotonic() - simulator.now().getTime() - plan.clockOffMs,
      );
      return { turns, result, error, calls: simulator.stats().calls - before };
    };
    return { turns, ended: work() };
  }

  /** What must be true at any moment at which no process runs. */
  async checkBooks(ended: Ended, budget: number | null): Promise<Findings> {
    const { plan, simulator, chronicle, destination, wire } = this;
    const manifests = manifestsIn(destination, [...chronicle.written.keys()]);
    const { state } = await loadState(this.disk, NEVER);
    const day = localDay(simulator.now().getTime(), plan.account.timezone ?? "UTC");
    const findings = [
      ...checkManifests(destination, manifests),
      ...checkState(state, manifests, chronicle.entries),
      ...checkLedger(state, simulator.stats(), day, budget),
      ...chronicle.rewritten.map((key) => `G6 ${key} has held two different contents`),
    ];
    if (wire.inFlightMax > plan.lanes)
      findings.push(`G4 ${wire.inFlightMax} requests in flight, ${plan.lanes} configured`);
    for (const failure of [ended.error, ended.result?.error ?? null, ...bugsIn(ended.result)]) {
      if (failure === null || failure instanceof PardotEtlError || failure instanceof Crash || ended.turns.isKilled)
        continue;
      findings.push(`bug: ${failure.stack ?? failure.message}`);
    }
    return findings;
  }

  /** What must be true after a run to which nothing has happened. */
  async checkEnd(): Promise<Findings> {
    const { plan, simulator, chronicle, destination, versions, wire } = this;
    const manifests = manifestsIn(destination, [...chronicle.written.keys()]);
    const { state } = await loadState(this.disk, NEVER);
    return [
      ...checkTruth(destination, manifests, plan.objects, simulator, versions, plan.account.timezone ?? "UTC"),
      ...checkCoverage(state, manifests, plan.objects),
      ...checkAccounted(destination, manifests),
      ...checkExports(chronicle.entries),
      ...checkSecrets(destination, this.told, wire.secrets),
      ...wire.leaks,
      ...(await readdir(join(this.#root, "tmp"))).map((name) => `leftover: ${name} in the temporary folder`),
    ];
  }

  /** One process from start to end, to which nothing happens. */
  async runQuietly(dice: Dice): Promise<Ended> {
    const { ended } = await this.start(QUIET, dice, { budget: null });
    return ended;
  }

  async close(): Promise<void> {
    await this.#connections.close();
    await this.simulator.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}

function openPiped(warehouse: PipedWarehouse, dice: Dice): () => Promise<Warehouse> {
  return async () => warehouse.open(dice);
}

function bugsIn(result: RunResult | null): Error[] {
  const objects = result?.manifest.objects ?? [];
  return objects
    .filter(({ error }) => error?.code === "bug")
    .map(({ object, error }) => new Error(`${object}: ${error?.message}`));
}
