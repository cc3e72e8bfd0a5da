import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { entries } from "../../src/catalog/index.ts";
import { selectWays } from "../../src/catalog/versions.ts";
import { loadState } from "../../src/state/journal.ts";
import { loadConfig } from "../../src/config/load.ts";
import { PardotEtlError } from "../../src/errors.ts";
import type { RunEvent } from "../../src/events.ts";
import { openConnections } from "../../src/http/transport.ts";
import type { Connections } from "../../src/http/transport.ts";
import type { RunResult } from "../../src/operations/api.ts";
import { resultOf } from "../../src/operations/run/outcome.ts";
import { run } from "../../src/operations/run/run.ts";
import { SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, startSimulator } from "../../src/simulator/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { openMemoryStorage } from "../kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../kit/fakes/memory-storage.ts";
import { localDay } from "../../src/time/zone.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import { QUICK_DISK } from "../kit/quick-disk.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";
import {
  checkAccounted,
  checkCoverage,
  checkExports,
  checkLedger,
  checkManifests,
  checkNamed,
  checkSecrets,
  checkState,
  checkTable,
  checkTruth,
} from "./checks.ts";
import type { Findings } from "./checks.ts";
import { Chronicle, crashStorage } from "./crash-storage.ts";
import type { Dice } from "./dice.ts";
import { faultyTransport, Wire } from "./faulty-transport.ts";
import { manifestsIn, Versions } from "./landed.ts";
import type { Account, Destination } from "./landed.ts";
import { LoadingWarehouse } from "./loading-warehouse.ts";
import { PipedWarehouse } from "./piped-warehouse.ts";
import { configOf } from "./plan-v5.ts";
import { UNTOUCHED } from "./plan.ts";
import type { Attempt, Plan } from "./plan.ts";
import { checkPlanned, checkRework } from "./rework.ts";
import type { Cells } from "../kit/records.ts";
import { SeenV5 } from "./seen-v5.ts";
import { tablesIn } from "./tables.ts";
import { Crash, Turns } from "./turns.ts";

const NEVER = new AbortController().signal;
const CONFIG_FILE = "chaos.json";
/** How one process ended. */
export interface Ended {
  readonly turns: Turns;
  readonly result: RunResult | null;
  readonly error: Error | null;
  readonly calls: number;
  /** Keys of data whose write was confirmed to it. */
  readonly landed: readonly string[];
}

export interface Started {
  readonly turns: Turns;
  readonly ended: Promise<Ended>;
}

/** An account, a destination and everything between them, until `close`. */
export class World {
  readonly plan: Plan;
  readonly simulator: Simulator;
  readonly disk: MemoryStorage = openMemoryStorage();
  readonly chronicle: Chronicle = new Chronicle();
  readonly wire: Wire;
  readonly versions: Versions = new Versions();
  readonly messages: string[] = [];
  readonly #objects: readonly CatalogObject[];
  /** Rows of the truth, which is the same for a day. */
  readonly #rows = new Map<string, readonly Cells[]>();
  readonly #root: string;
  readonly #connections: Connections;
  readonly #warehouse: PipedWarehouse | LoadingWarehouse | null;
  readonly #dead = new Set<string>();
  #processes = 0;
  /** Total time of pauses so far. */
  #slept = 0;

  private constructor(plan: Plan, simulator: Simulator, root: string) {
    this.plan = plan;
    this.simulator = simulator;
    this.wire = new Wire(new SeenV5(plan.v5, plan.account.knobs?.v5IgnoredFilters));
    this.#objects = selectWays(entries, plan.v5?.version ?? "auto");
    this.#root = root;
    this.#warehouse = warehouseOf(plan, this.disk);
    this.#connections = openConnections({ connections: 8, requestTimeoutMs: 20_000 });
    this.wire.secrets.add(SIMULATOR_CLIENT_SECRET).add(SIMULATOR_REFRESH_TOKEN);
    this.versions.remember(this.account, plan.objects);
  }

  static async open(plan: Plan): Promise<World> {
    const simulator = await startSimulator(plan.account);
    const root = await mkdtemp(join(QUICK_DISK, "pardot-etl-chaos-"));
    await mkdir(join(root, "tmp"));
    const file = configOf(plan);
    if (file !== null) await writeFile(join(root, CONFIG_FILE), JSON.stringify(file));
    return new World(plan, simulator, root);
  }

  /** Path of the real warehouse, if there is one. */
  get database(): string {
    return join(this.#root, "tables.duckdb");
  }

  /** The truth, as the runs read it. */
  get account(): Account {
    const { simulator } = this;
    return {
      rows: (...asked) => simulator.rows(...asked),
      now: () => simulator.now(),
      objects: this.#objects,
      kept: this.#rows,
    };
  }

  get destination(): Destination {
    const { files } = this.disk;
    return { keys: [...files.keys()], bytes: (key) => files.get(key) };
  }

  advance(): void {
    this.simulator.advance(1);
    this.#rows.clear();
    this.versions.remember(this.account, this.plan.objects);
  }

  /** Starts one process: the real run in this world. Passes its turns to `onTurns` first. */
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
      cancelAt: attempt.cancelAt,
      startAt,
      beatEvery: 40,
      ...(options.survivors === undefined ? {} : { survivors: options.survivors }),
    });
    const budget = options.budget === undefined ? plan.budget : options.budget;
    const config = await loadConfig({
      env: {
        ...simulatorAccess(simulator.url),
        PARDOT_TIMEZONE: plan.account.timezone ?? "UTC",
        PARDOT_ETL_DESTINATION: join(this.#root, "unused"),
        PARDOT_ETL_TMPDIR: join(this.#root, "tmp"),
        // Of a stand-in only the name matters: it is opened below.
        PARDOT_ETL_WAREHOUSE: plan.warehouse === null ? "none" : `duckdb:${this.database}`,
        ...plan.env,
        ...(budget === null ? {} : { PARDOT_DAILY_CALL_BUDGET: String(budget) }),
      },
      cwd: this.#root,
      configFile: configOf(plan) === null ? null : CONFIG_FILE,
      options: {},
    });
    const onEvent = (event: RunEvent): void => void this.messages.push(JSON.stringify(event));
    const landed: string[] = [];
    const storage = crashStorage({
      disk,
      turns,
      chronicle,
      dice: dice.apart("disk"),
      failures: attempt.storageFailures,
      down: attempt.down,
      landed,
    });
    const { transport } = this.#connections;
    const before = simulator.stats().calls;
    const surroundings = {
      signal: turns.cancelled,
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
        wrong: attempt.wrong,
        limitAt: attempt.limitAt,
        ...(plan.v5 === undefined ? {} : { v5: { share: attempt.v5 ?? 0, pageLimit: plan.v5.pageLimit } }),
        isStuck: attempt.isStuck,
      }),
      ticker: turns.ticker,
      processes: {
        self: { host: "chaos", boot: "chaos", pid, started: String(pid) },
        isDead: ({ started }: { readonly started: string }) => this.#dead.has(started),
      },
      openStorage: async () => storage,
      ...openerOf(this.#warehouse, turns, dice.apart("pipe")),
    };
    const work = async (): Promise<Ended> => {
      let result: RunResult | null = null;
      let error: Error | null = null;
      try {
        result = resultOf(await run(config, {}, surroundings));
      } catch (thrown) {
        error = thrown instanceof Error ? thrown : new Error(String(thrown));
        this.messages.push(
          `${error.message} ${error instanceof PardotEtlError ? `${error.hint} ${JSON.stringify(error.context)}` : ""}`,
        );
      }
      await turns.idle();
      if (attempt.isSeenDead || !turns.isKilled) this.#dead.add(String(pid));
      this.#slept = Math.max(
        this.#slept,
        startAt + turns.clock.monotonic() - simulator.now().getTime() - plan.clockOffMs,
      );
      return { turns, result, error, calls: simulator.stats().calls - before, landed };
    };
    return { turns, ended: work() };
  }

  /** Checks what must hold whenever no process runs. */
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
      ...(ended.result === null || ended.turns.isKilled ? [] : checkNamed(ended.landed, ended.result.manifest)),
      ...checkPlanned(chronicle.entries),
      ...wire.afterLimit,
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

  /** Checks what must hold after an undisturbed run. */
  async checkEnd(): Promise<Findings> {
    const { plan, account, chronicle, destination, versions, wire } = this;
    const manifests = manifestsIn(destination, [...chronicle.written.keys()]);
    const { state } = await loadState(this.disk, NEVER);
    return [
      ...checkTruth(destination, manifests, plan.objects, account, versions, plan.account.timezone ?? "UTC"),
      ...checkCoverage(state, manifests, plan.objects, account),
      ...checkAccounted(destination, manifests),
      ...checkExports(chronicle.entries),
      ...(plan.isGentle && TELLS_WHAT_IT_HAS.has(plan.warehouse)
        ? checkRework(destination, manifests, plan.objects)
        : []),
      ...(await this.#checkTables()),
      ...checkSecrets(destination, this.messages, wire.secrets),
      ...wire.leaks,
      ...(await readdir(join(this.#root, "tmp"))).map((name) => `leftover: ${name} in the temporary folder`),
    ];
  }

  async #checkTables(): Promise<Findings> {
    const { plan, account } = this;
    const warehouse = this.#warehouse;
    if (plan.warehouse === "duckdb") {
      const tables = await tablesIn(this.database, plan.objects);
      return plan.objects.flatMap((object) => checkTable(tables.get(object) ?? new Map(), object, account));
    }
    if (!(warehouse instanceof LoadingWarehouse)) return [];
    return plan.objects.flatMap((object) => checkTable(warehouse.table(object), object, account));
  }

  /** Runs one process undisturbed. */
  async runQuietly(dice: Dice): Promise<Ended> {
    return this.runOnce(dice, null);
  }

  /** Runs one process undisturbed under a budget. */
  async runOnce(dice: Dice, budget: number | null): Promise<Ended> {
    const { ended } = await this.start(UNTOUCHED, dice, { budget });
    return ended;
  }

  async close(): Promise<void> {
    await this.#connections.close();
    await this.simulator.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}

/** Warehouses that contain committed data at once, so a run need not reach further back. */
const TELLS_WHAT_IT_HAS: ReadonlySet<Plan["warehouse"]> = new Set([null, "prompt", "loading", "duckdb"]);

function warehouseOf({ warehouse }: Plan, disk: MemoryStorage): PipedWarehouse | LoadingWarehouse | null {
  if (warehouse === null || warehouse === "duckdb") return null;
  return warehouse === "loading" ? new LoadingWarehouse() : new PipedWarehouse(warehouse, disk);
}

/** The run itself opens the real one. */
function openerOf(
  warehouse: PipedWarehouse | LoadingWarehouse | null,
  turns: Turns,
  dice: Dice,
): { readonly openWarehouse?: () => Promise<Warehouse> } {
  if (warehouse === null) return {};
  return {
    openWarehouse: async () => (warehouse instanceof LoadingWarehouse ? warehouse.open(turns) : warehouse.open(dice)),
  };
}

function bugsIn(result: RunResult | null): Error[] {
  const objects = result?.manifest.objects ?? [];
  return objects
    .filter(({ error }) => error?.code === "bug")
    .map(({ object, error }) => new Error(`${object}: ${error?.message}`));
}
