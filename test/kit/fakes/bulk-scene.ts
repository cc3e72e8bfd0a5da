import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { fakeClock } from "./clock.ts";
import { exportingPardot } from "./exporting-pardot.ts";
import type { ExportingPardot, FakeRecord } from "./exporting-pardot.ts";
import type { BulkObject } from "../../../src/catalog/catalog.ts";
import { Journal, loadState } from "../../../src/state/journal.ts";
import { objectState } from "../../../src/state/state.ts";
import type { LandedFile, ObjectState, OpenWindow } from "../../../src/state/state.ts";
import type { Config } from "../../../src/config/config.ts";
import { splitHeader } from "../../../src/encode/csv-header.ts";
import { readCsv } from "../../../src/encode/csv-scan.ts";
import type { RunEvent } from "../../../src/events.ts";
import { Lanes } from "../../../src/platform/lanes.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { openMemoryStorage } from "./memory-storage.ts";
import { exportJobs } from "../../../src/extract/bulk.ts";
import { runExports } from "../../../src/extract/export-queue.ts";
import type { Extraction } from "../../../src/extract/context.ts";
import { extractByFields } from "../../../src/extract/segmented.ts";

const never = new AbortController().signal;
const range = { after: "updated_after", before: "updated_before" } as const;

/** Five columns; an export takes three, so that they go into two groups. */
export const THING: BulkObject = {
  name: "Thing",
  table: "PARDOT_THING",
  core: true,
  columns: [
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "done", type: "boolean" },
    { name: "size", type: "integer" },
    { name: "updated_at", type: "datetime" },
  ],
  key: "id",
  watermark: "updated_at",
  deletes: false,
  way: {
    api: "v4",
    urlName: "thing",
    dataKey: "thing",
    process: "bulk",
    query: {
      api: "v4",
      format: "xml",
      output: "bulk",
      parameters: {},
      filters: { updated_at: range },
      sortBy: ["id"],
      limit: 200,
      evidence: "recorded",
    },
    export: {
      object: "Thing",
      procedures: [
        { name: "by_updated", field: "updated_at", range, arguments: {}, evidence: "recorded" },
        { name: "by_other", field: "updated_at", range, arguments: {}, evidence: "recorded" },
      ],
      fieldsMax: 3,
      windowDaysMax: 364,
      historyField: "updated_at",
      whenRefused: "query",
    },
  },
  notes: [],
};
export const WIDE: BulkObject = { ...THING, way: { ...THING.way, export: { ...THING.way.export, fieldsMax: 150 } } };

export function record(id: number, more: FakeRecord = {}): FakeRecord {
  const updated = `2026-01-01 00:00:${String(id % 60).padStart(2, "0")}`;
  return { id: String(id), name: `n${id}`, done: "1", size: String(id * 10), updated_at: updated, ...more };
}

export interface BulkScene extends AsyncDisposable {
  readonly fake: ExportingPardot;
  /** Runs the exports, and the query where it takes over; what has landed then. */
  extract(stop?: AbortSignal): Promise<readonly LandedFile[]>;
  /** Records of a landed file. */
  rowsIn(key: string | undefined): Promise<(string | null)[][]>;
  /** What is remembered, as a next run would read it. */
  state(): Promise<ObjectState>;
  open(stop?: AbortSignal): Promise<Extraction>;
  readonly failures: unknown[];
  /** Codes of the warnings so far. */
  warnings(): string[];
}

/** An open window of an object over a fake Pardot, a destination in memory and a temporary folder that stays empty. */
export async function bulkScene(records: readonly FakeRecord[], object: BulkObject = THING): Promise<BulkScene> {
  const fake = exportingPardot(records);
  const tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-bulk-"));
  const storage = openMemoryStorage();
  const clock = fakeClock();
  const events: RunEvent[] = [];
  const failures: unknown[] = [];
  const open = async (stop: AbortSignal = never): Promise<Extraction> => {
    const loaded = await loadState(storage, never);
    return {
      pardot: fake.pardot,
      storage,
      converter: null,
      journal: new Journal({ storage, clock, runId: "r", loaded, signal: never }),
      clock,
      pardotNow: () => clock.now(),
      random: systemRandom,
      onEvent: (event) => events.push(event),
      drain: stop,
      lanes: new Lanes(4),
      abort: never,
      config: {
        pardot: {
          maxConcurrency: 5,
          maxWaitingExports: 4,
          exportPollIntervalMs: 1000,
          exportTimeoutMs: 3_600_000,
          timeZone: "UTC",
        },
        etl: { tmpDir, format: "csv", compression: "none", rowsPerFile: 1000, bytesPerFile: 1_000_000, maxRejects: 3 },
      } as Config,
    };
  };
  const first = await open();
  const from = Date.UTC(2026, 0, 1);
  const window = { field: "updated_at", from, to: from + 3_600_000, askFrom: from } as const;
  await first.journal.record([{ type: "planned", object: "Thing", runId: "r", zone: "UTC", windows: [window] }]);
  const state = async (): Promise<ObjectState> => objectState((await loadState(storage, never)).state, "Thing");
  const extract = async (stop: AbortSignal = never): Promise<readonly LandedFile[]> => {
    const extraction = await open(stop);
    const windows = objectState(extraction.journal.state, "Thing").windows.filter(({ done }) => !done);
    const taken: OpenWindow[] = [];
    const outcome = {
      fail: (error: unknown) => void failures.push(error),
      isFailed: () => failures.length > 0,
      takeOver: (own: OpenWindow) => void (taken.includes(own) || taken.push(own)),
      landed: () => undefined,
    };
    await runExports(exportJobs(object, windows, outcome, extraction), extraction);
    for (const own of taken) await extractByFields(object, own, extraction);
    expect(await readdir(tmpDir)).toEqual([]);
    return objectState(extraction.journal.state, "Thing").windows.flatMap(({ files }) => files);
  };
  const rowsIn = async (key: string | undefined): Promise<(string | null)[][]> => {
    const rows: (string | null)[][] = [];
    const { header, all } = await splitHeader(storage.open(key ?? "", never));
    for await (const row of readCsv(all, { subject: "test", columns: header.length })) rows.push([...row]);
    return rows;
  };
  const warnings = (): string[] => events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
  return {
    fake,
    extract,
    rowsIn,
    state,
    failures,
    warnings,
    open,
    [Symbol.asyncDispose]: () => rm(tmpDir, { recursive: true, force: true }),
  };
}
