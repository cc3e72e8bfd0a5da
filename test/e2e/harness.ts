import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { catalog } from "../../src/catalog/index.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { RunEvent } from "../../src/events.ts";
import type { RunOptions, RunResult } from "../../src/run/api.ts";
import { run } from "../../src/run/run.ts";
import { inTheRealWorld } from "../../src/run/surroundings.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  startSimulator,
} from "../../src/simulator/index.ts";
import type { Simulator, SimulatorOptions } from "../../src/simulator/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A simulated account with a destination of its own, both gone after `close`. */
export interface Scene {
  readonly simulator: Simulator;
  /** The destination's folder. */
  readonly data: string;
  /** What a user would set. */
  readonly env: Environment;
  config(overrides?: Environment): Promise<Config>;
  run(options?: RunOptions, overrides?: Environment, signal?: AbortSignal): Promise<RunResult & { events: RunEvent[] }>;
  close(): Promise<void>;
}

export async function scene(options: SimulatorOptions = {}): Promise<Scene> {
  const simulator = await startSimulator(options);
  const root = await mkdtemp(join(tmpdir(), "pardot-etl-e2e-"));
  const data = join(root, "data");
  const env: Environment = {
    PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
    PARDOT_API_URL: simulator.url,
    PARDOT_LOGIN_URL: simulator.url,
    PARDOT_CLIENT_ID: SIMULATOR_CLIENT_ID,
    PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET,
    PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN,
    PARDOT_TIMEZONE: options.timezone ?? "UTC",
    PARDOT_ETL_DESTINATION: data,
    PARDOT_ETL_WAREHOUSE: "none",
    PARDOT_EXPORT_POLL_INTERVAL: "1s",
  };
  const config = async (overrides: Environment = {}): Promise<Config> =>
    loadConfig({ env: { ...env, ...overrides }, cwd: root, configFile: null, options: {} });
  return {
    simulator,
    data,
    env,
    config,
    run: async (runOptions = {}, overrides = {}, signal = new AbortController().signal) => {
      const loaded = await config(overrides);
      const events: RunEvent[] = [];
      const onEvent = (event: RunEvent): void => void events.push(event);
      const result = await inTheRealWorld({ signal, onEvent, pardot: loaded.pardot }, (surroundings) =>
        run(loaded, runOptions, surroundings),
      );
      return { ...result, events };
    },
    close: async () => {
      await simulator.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export type Cells = Readonly<Record<string, string | null>>;

/** The landed bytes of a key, decompressed. */
export async function landedText(data: string, key: string): Promise<string> {
  const bytes = await readFile(join(data, key));
  if (key.endsWith(".gz")) return gunzipSync(bytes).toString("utf8");
  return (key.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes).toString("utf8");
}

/**
 * Records of a CSV text by a strict reader that is not ours: every record has every column, nothing is trimmed; an
 * unquoted empty field is null, a quoted one the empty string.
 */
export function readStrictly(text: string): { header: string[]; records: Cells[] } {
  const [header = [], ...rows] = parse(text, {
    relax_column_count: false,
    relax_quotes: false,
    skip_empty_lines: false,
    cast: (value, context) => (value === "" && !context.quoting ? null : value),
  }) as (string | null)[][];
  const names = header.map(String);
  const records = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
  return { header: names, records };
}

/** Every record in an object's folder, file by file in the order of the names. */
export async function landedRecords(data: string, object: string): Promise<Cells[]> {
  const names = (await readdir(join(data, object))).toSorted();
  const texts = await Promise.all(names.map((name) => landedText(data, `${object}/${name}`)));
  return texts.flatMap((text) => readStrictly(text).records);
}

/** The simulator's own rows as text. XML cannot tell the empty string from null: there the two are one. */
export async function truth(simulator: Simulator, object: string): Promise<Cells[]> {
  const isXml = catalog.find(({ name }) => name === object)?.v4.process !== "bulk";
  const response = await fetch(`${simulator.url}/__sim/rows/${object}`);
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asCell(value, isXml)])));
}

function asCell(value: unknown, isXml: boolean): string | null {
  if (value === null || value === undefined || (isXml && value === "")) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** The last landed version of each record, by id. */
export function newest(records: readonly Cells[]): Map<string, Cells> {
  const byId = new Map<string, Cells>();
  for (const record of records) {
    const id = String(record["id"]);
    const known = byId.get(id);
    if (known === undefined || (known["updated_at"] ?? "") <= (record["updated_at"] ?? "")) byId.set(id, record);
  }
  return byId;
}

export function byId(records: readonly Cells[]): Map<string, Cells> {
  return new Map(records.map((record) => [String(record["id"]), record]));
}
