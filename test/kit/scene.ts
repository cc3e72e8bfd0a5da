import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "vitest";
import type { afterAll, afterEach } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunEvent } from "../../src/events.ts";
import type { Clock } from "../../src/platform/clock.ts";
import type { RunOptions, RunResult } from "../../src/operations/api.ts";
import { resultOf } from "../../src/operations/run/outcome.ts";
import { run } from "../../src/operations/run/run.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import type { Simulator, SimulatorOptions } from "../../src/simulator/index.ts";
import { fakeClock } from "./fakes/clock.ts";
import { QUICK_DISK } from "./quick-disk.ts";
import { newest, readJsonLines, readParquet, readStrictly } from "./records.ts";
import type { Cells, Records } from "./records.ts";
import { simulatorAccess } from "./simulator-access.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One object of each process. */
export const OBJECTS = ["VisitorActivity", "Tag", "Account"] as const;

export interface RunWishes {
  readonly options?: RunOptions;
  /** Variables set otherwise than in `Scene.env`. */
  readonly env?: Environment;
  readonly signal?: AbortSignal;
  /** One on which pauses take no time unless a test brings another. */
  readonly clock?: Clock;
  readonly onEvent?: (event: RunEvent) => void;
}

/** A simulated account with a destination of its own, both gone after `close`. */
export interface Scene {
  readonly simulator: Simulator;
  /** Holds all else: the working folder of a command line. */
  readonly root: string;
  /** The destination's folder. */
  readonly data: string;
  /** Where files lie that are not checked yet. */
  readonly tmp: string;
  /** `PARDOT_ETL_WAREHOUSE` of an embedded warehouse; `env` has none. */
  readonly duckdb: string;
  /** What a user would set. */
  readonly env: Environment;
  config(overrides?: Environment): Promise<Config>;
  run(wishes?: RunWishes): Promise<RunResult & { events: RunEvent[] }>;
  close(): Promise<void>;
}

export async function scene(options: SimulatorOptions = {}, env: Environment = {}): Promise<Scene> {
  const simulator = await startSimulator({ scale: "tiny", ...options });
  const root = await mkdtemp(join(QUICK_DISK, "pardot-etl-e2e-"));
  const data = join(root, "data");
  const tmp = join(root, "tmp");
  await mkdir(tmp);
  const all: Environment = {
    ...simulatorAccess(simulator.url),
    PARDOT_TIMEZONE: options.timezone ?? "UTC",
    PARDOT_EXPORT_POLL_INTERVAL: "1s",
    PARDOT_ETL_OBJECTS: OBJECTS.join(","),
    PARDOT_ETL_DESTINATION: data,
    PARDOT_ETL_TMPDIR: tmp,
    PARDOT_ETL_WAREHOUSE: "none",
    ...env,
  };
  const config = async (overrides: Environment = {}): Promise<Config> =>
    loadConfig({ env: { ...all, ...overrides }, cwd: root, configFile: null, options: {} });
  return {
    simulator,
    root,
    data,
    tmp,
    duckdb: `duckdb:${join(root, "warehouse.duckdb")}`,
    env: all,
    config,
    run: async (wishes = {}) => {
      const loaded = await config(wishes.env);
      const events: RunEvent[] = [];
      const onEvent = (event: RunEvent): void => {
        events.push(event);
        wishes.onEvent?.(event);
      };
      const signal = wishes.signal ?? new AbortController().signal;
      const outcome = await withRuntime({ signal, onEvent, pardot: loaded.pardot }, (surroundings) =>
        run(loaded, wishes.options ?? {}, {
          ...surroundings,
          clock: wishes.clock ?? fakeClock(simulator.now().getTime()),
        }),
      );
      return { ...resultOf(outcome), events };
    },
    close: async () => {
      await simulator.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** `scene`, whose scenes are closed after each test, or after all of a file where tests run side by side. */
export function scenesUntil(after: typeof afterEach | typeof afterAll): typeof scene {
  const open: Scene[] = [];
  after(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  return async (...options) => {
    const at = await scene(...options);
    open.push(at);
    return at;
  };
}

/** The landed bytes of a key, decompressed. */
export async function landedText(data: string, key: string): Promise<string> {
  const bytes = await readFile(join(data, key));
  if (key.endsWith(".gz")) return gunzipSync(bytes).toString("utf8");
  return (key.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes).toString("utf8");
}

/** Every record in an object's folder, file by file in the order of the names. */
export async function landedRecords(data: string, object: string): Promise<Cells[]> {
  const names = (await filesBelow(join(data, object))).toSorted();
  const files = await Promise.all(names.map((name) => readLanded(data, `${object}/${name}`)));
  return files.flatMap(({ records }) => records);
}

/** The records of one landed file, by a reader that is not ours. */
export async function readLanded(data: string, key: string): Promise<Records> {
  if (key.endsWith(".parquet")) return readParquet(await readFile(join(data, key)));
  const text = await landedText(data, key);
  return /\.jsonl(?:\.|$)/.test(key) ? readJsonLines(text) : readStrictly(text);
}

export interface TruthWishes {
  /** Default: those that are not deleted. */
  readonly deleted?: "live" | "deleted";
  /** Default: 4 where v4 has the object. */
  readonly api?: 4 | 5;
  /** Whether the object comes as XML, which cannot tell the empty string from null. Default: as the catalog reads it. */
  readonly isXml?: boolean;
}

/** The simulator's own rows as text. XML cannot tell the empty string from null: there the two are one. */
export function truth(simulator: Pick<Simulator, "rows">, object: string, wishes: TruthWishes = {}): Cells[] {
  const { deleted = "live", api, isXml = catalog.find(({ name }) => name === object)?.way.process !== "bulk" } = wishes;
  return [...simulator.rows(object, deleted, api === undefined ? {} : { api })].map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asCell(value, isXml)])),
  );
}

type Json = string | number | boolean | object | null;

function asCell(value: Json, isXml: boolean): string | null {
  if (value === null || (isXml && value === "")) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function byId(records: readonly Cells[]): Map<string, Cells> {
  return new Map(records.map((record) => [String(record["id"]), record]));
}

/** The newest landed version of every record there is equals it. Deleted and older ones may have landed besides. */
export async function expectTruth(at: Pick<Scene, "simulator" | "data">, object: string): Promise<void> {
  expectSame(newest(await landedRecords(at.data, object)), byId(truth(at.simulator, object)), object);
}

/** Every wanted record is found as it is, numbers by their value; the first few that are not are shown. */
function expectSame(
  foundTexts: ReadonlyMap<string, Cells>,
  wantedTexts: ReadonlyMap<string, Cells>,
  object: string,
): void {
  const columns = catalog.find(({ name }) => name === object)?.columns ?? [];
  const numbers = columns.filter(({ type }) => type === "number").map(({ name }) => name);
  const byValue = (records: ReadonlyMap<string, Cells>): ReadonlyMap<string, Cells> =>
    numbers.length === 0 ? records : new Map([...records].map(([id, row]) => [id, withValues(row, numbers)]));
  const [found, wanted] = [byValue(foundTexts), byValue(wantedTexts)];
  const wrong = [...wanted].filter(([id, row]) => !isDeepStrictEqual(found.get(id), row)).slice(0, 3);
  // One comparison for all: thousands of matchers would take longer than the run.
  expect(
    wrong.map(([id]) => found.get(id)),
    object,
  ).toEqual(wrong.map(([, row]) => row));
}

function withValues(row: Cells, numbers: readonly string[]): Cells {
  const values = numbers.map((name): [string, string | null] => {
    const text = row[name] ?? null;
    return [name, text === null ? null : String(Number(text))];
  });
  return Object.fromEntries([...Object.entries(row), ...values]);
}

/** Set equality with the account, as long as no day has passed since the first run. */
export async function expectExactly(at: Pick<Scene, "simulator" | "data">, object: string): Promise<void> {
  const landed = newest(await landedRecords(at.data, object));
  const rows = byId(truth(at.simulator, object));
  expectSame(landed, rows, object);
  expect(new Set(landed.keys())).toEqual(new Set(rows.keys()));
}

/** The records of an object's table in the embedded warehouse, as text. Nobody else may have it open. */
export async function tableRecords(at: Pick<Scene, "duckdb">, object: string): Promise<Cells[]> {
  const table = catalog.find(({ name }) => name === object)?.table;
  const instance = await DuckDBInstance.create(at.duckdb.slice("duckdb:".length));
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT COLUMNS(c -> NOT starts_with(c, '_pardot_etl_'))::VARCHAR FROM ${String(table)}`,
    );
    return reader.getRowObjects() as Cells[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The table holds every record there is as it is, once. Deleted ones may stand in it besides. */
export async function expectTable(at: Pick<Scene, "simulator" | "duckdb">, object: string): Promise<void> {
  const records = await tableRecords(at, object);
  const table = byId(records);
  expect(table.size).toBe(records.length);
  expectSame(table, byId(truth(at.simulator, object)), object);
}

/** Whatever has landed is true, as long as no day has passed: no record is cut, made up, or another's. */
export async function expectNothingWrong(at: Pick<Scene, "simulator" | "data">, object: string): Promise<void> {
  const rows = byId(truth(at.simulator, object));
  const records = await landedRecords(at.data, object);
  const wrong = records.filter((record) => !isDeepStrictEqual(record, rows.get(String(record["id"])))).slice(0, 3);
  expect(wrong, object).toEqual(wrong.map((record) => rows.get(String(record["id"]))));
}

/** Paths of all files below a folder, relative to it; none when it does not exist. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** Every manifest in the destination, oldest first. Every file that one names stands there with its size and hash. */
export async function wholeManifests(data: string): Promise<Manifest[]> {
  const names = (await filesBelow(data)).filter((name) => name.endsWith("/manifest.json")).toSorted();
  const manifests: Manifest[] = [];
  for (const name of names) {
    const manifest = JSON.parse(await readFile(join(data, name), "utf8")) as Manifest;
    for (const { key, bytes, sha256 } of manifest.objects.flatMap(({ files }) => files)) {
      const body = await readFile(join(data, key));
      expect({ key, bytes: body.length, sha256: createHash("sha256").update(body).digest("hex") }).toEqual({
        key,
        bytes,
        sha256,
      });
    }
    manifests.push(manifest);
  }
  // Runs may share a second, and then their names say nothing of their order; what stands for a dead run comes first.
  return manifests.toSorted(
    (a, b) => Date.parse(a.finished_at) - Date.parse(b.finished_at) || a.objects.length - b.objects.length,
  );
}
