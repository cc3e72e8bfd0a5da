import { readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { catalog } from "../../src/catalog/index.ts";
import { moveFilesOut } from "../../src/state/file-parts.ts";
import { Journal, loadState } from "../../src/state/journal.ts";
import { windowId } from "../../src/state/state.ts";
import type { LandedFile, PlannedWindow } from "../../src/state/state.ts";
import { loadConfig } from "../../src/config/load.ts";
import { assert } from "../../src/errors.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { commit } from "../../src/operations/run/commit.ts";
import type { Run } from "../../src/operations/run/context.ts";
import { Failures } from "../../src/operations/run/failures.ts";
import { SIMULATOR_BUSINESS_UNIT_ID } from "../../src/simulator/index.ts";
import { FolderStorage } from "../../src/storage/folder/folder.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { fakeClock } from "../kit/fakes/clock.ts";

/**
 * A separate program, so that its memory can be limited and measured: `land-files.ts FOLDER FILES`. Like a run, it records so
 * many landed files of one window, commits the window, and writes a `Landing` to stdout. The files themselves are omitted:
 * they don't exist on disk or in memory.
 */
export interface Landing {
  readonly files: number;
  /** Bytes and documents of state written, without the manifest. */
  readonly stateBytes: number;
  readonly documents: number;
  readonly manifestBytes: number;
  /** Documents of state left after the commit, and the largest of them. */
  readonly leftDocuments: number;
  readonly leftBytesMax: number;
  /** Milliseconds for the first and for the last tenth of the files. */
  readonly firstTenthMs: number;
  readonly lastTenthMs: number;
  readonly commitMs: number;
  readonly peakMegabytes: number;
}

const NEVER = new AbortController().signal;
const TO = Date.parse("2026-03-20T09:30:00Z");
const RUN_ID = "20260320T093000Z-abcdef";

const [folder = "", wanted = "0"] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await landFiles(folder, Number(wanted)))}\n`);

async function landFiles(root: string, files: number): Promise<Landing> {
  const written = { bytes: 0, documents: 0 };
  const clock = fakeClock(TO);
  const storage: Storage = new FolderStorage({ path: root, clock, random: systemRandom });
  const create = storage.create.bind(storage);
  storage.create = async (key, bytes, signal) => {
    if (key.startsWith("_pardot_etl/state/")) {
      written.bytes += bytes.length;
      written.documents += 1;
    }
    return create(key, bytes, signal);
  };
  const object = catalog.find(({ name }) => name === "EmailClick");
  assert(object !== undefined, "EmailClick is in the catalog");
  const loaded = await loadState(storage, NEVER);
  const journal = new Journal({ storage, clock, runId: RUN_ID, loaded, signal: NEVER });
  const planned: PlannedWindow = { field: "created_at", from: 0, to: TO, askFrom: 0 };
  const window = windowId(object.name, planned);
  await journal.record([{ type: "planned", object: object.name, runId: RUN_ID, zone: "UTC", windows: [planned] }]);
  const columns = object.columns.map(({ name }) => name);
  const marks: number[] = [performance.now()];
  for (let n = 1; n <= files; n += 1) {
    const file = fileOf(object.name, n, columns);
    await journal.record([{ type: "landed", object: object.name, window, file, cursor: String(n * 1000) }]);
    await moveFilesOut({ object: object.name, window }, journal, storage, NEVER);
    if (n % Math.ceil(files / 10) === 0 || n === files) marks.push(performance.now());
  }
  await journal.record([{ type: "window-done", object: object.name, window }]);
  const commitStart = performance.now();
  const run = {
    config: await configOf(root),
    id: RUN_ID,
    startedAt: TO,
    clock,
    pardot: { version: 4, calls: { total: 0, byKind: {} }, settled: async () => undefined },
    budget: { settle: async () => undefined },
    lease: { check: async () => undefined },
    wish: { since: null, until: null },
    objects: [object],
    failures: new Failures(() => undefined),
    warnings: [],
    journal,
    found: loaded,
    onEvent: () => undefined,
    storage,
    warehouse: { loader: null },
    drain: NEVER,
  };
  const { key } = await commit(run as unknown as Run, TO);
  await journal.compact();
  const commitMs = performance.now() - commitStart;
  const left = await sizesBelow(join(root, "_pardot_etl/state"));
  const at = (mark: number): number => marks.at(mark) ?? 0;
  return {
    files,
    stateBytes: written.bytes,
    documents: written.documents,
    manifestBytes: (await stat(join(root, key))).size,
    leftDocuments: left.length,
    leftBytesMax: Math.max(...left),
    firstTenthMs: at(1) - at(0),
    lastTenthMs: at(-1) - at(-2),
    commitMs,
    peakMegabytes: Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024,
  };
}

function fileOf(object: string, n: number, columns: readonly string[]): LandedFile {
  const hash = n.toString(16).padStart(12, "0");
  return {
    key: `${object}/${object}_api_19700101T000000Z_20260320T093000Z_${hash}.csv`,
    rows: 1000,
    bytes: 70_000,
    sha256: hash.padStart(64, "0"),
    minWatermark: "2024-01-01 00:00:00",
    maxWatermark: "2024-01-01 00:00:00",
    exportId: null,
    readAt: TO,
    columns: [...columns],
  };
}

async function configOf(root: string): ReturnType<typeof loadConfig> {
  const env = {
    PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
    PARDOT_CLIENT_ID: "id",
    PARDOT_CLIENT_SECRET: "secret",
    PARDOT_REFRESH_TOKEN: "token",
    PARDOT_TIMEZONE: "UTC",
    PARDOT_ETL_DESTINATION: root,
  };
  return loadConfig({ env, cwd: root, configFile: null, options: {} });
}

async function sizesBelow(path: string): Promise<number[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
}
