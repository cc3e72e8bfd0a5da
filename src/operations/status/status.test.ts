import { describe, expect, it } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../../test/kit/manifests.ts";
import { catalog } from "../../catalog/index.ts";
import { NotedCalls } from "../../state/call-stores.ts";
import { Journal, loadState } from "../../state/journal.ts";
import { manifestKey } from "../../manifest/manifest.ts";
import type { Change, RunRecord } from "../../state/state.ts";
import type { DestinationConfig } from "../../config/config.ts";
import type { RunEvent } from "../../events.ts";
import { NEVER } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import { DAY_MS } from "../../time/instant.ts";
import type { StatusResult } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { status } from "./status.ts";

const { signal } = new AbortController();
const NOW = Date.parse("2026-03-20T09:30:00Z");
const WINDOW = {
  field: "updated_at",
  from: NOW - 20 * DAY_MS,
  to: NOW - 10 * DAY_MS,
  askFrom: NOW - 20 * DAY_MS,
} as const;

const HOUR = 3_600_000;

async function statusOf(
  storage: MemoryStorage,
  retentionMs: number | null = null,
  events: RunEvent[] = [],
  maxAgeMs: number | null = null,
): Promise<StatusResult> {
  const config = {
    pardot: { timeZone: "UTC", accountTimeZone: "UTC", dailyCallBudget: 1000, quotaShare: 0.8 },
    etl: {
      destination: { kind: "folder", path: "/data" },
      s3PathStyle: null,
      overlapMs: DAY_MS,
      v5LagMs: 0,
      retentionMs,
      tmpDir: "/tmp",
    },
    catalog,
  } satisfies DestinationConfig;
  const onEvent = (event: RunEvent): void => void events.push(event);
  const openStorage = async (): Promise<MemoryStorage> => storage;
  const runtime = { signal, onEvent, clock: fakeClock(NOW), random: systemRandom, openStorage };
  return status(config, runtime as unknown as Runtime, { maxAgeMs });
}

async function withExportAskedAt(at: number, more: readonly Change[] = []): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  const loaded = await loadState(storage, signal);
  const journal = new Journal({ storage, clock: fakeClock(NOW), runId: "r1", loaded, signal });
  const object = "Visitor";
  await journal.record([{ type: "planned", object, runId: "r1", zone: "UTC", windows: [WINDOW] }]);
  const window = journal.state.objects[object]?.windows[0]?.id ?? "";
  await journal.record([
    { type: "export-created", object, window, group: 0, exportId: "77", at, groups: [["id"]] },
    ...more,
  ]);
  return storage;
}

describe("status", () => {
  it.each([
    [6, false],
    [7, true],
  ])("tells of an export of %i days ago whether Pardot has dropped it: %s", async (days, exportExpired) => {
    const { objects } = await statusOf(await withExportAskedAt(NOW - days * DAY_MS));
    expect(objects[0]?.openWindows).toMatchObject([{ exportId: "77", exportExpired }]);
  });

  it("reports an export's age by Pardot's clock, which its request is recorded in", async () => {
    const aheadMs = -250 * DAY_MS;
    const storage = await withExportAskedAt(NOW + aheadMs - HOUR, run("a", 1, { aheadMs }));
    const { exports, objects } = await statusOf(storage);
    expect(exports).toMatchObject([{ exportId: "77", state: "in progress", ageSeconds: 3600 }]);
    expect(objects[0]?.openWindows).toMatchObject([{ exportId: "77", exportExpired: false }]);
  });

  it("counts committed files that are past their retention, each once", async () => {
    const storage = await withExportAskedAt(NOW);
    for (const [runId, days, files] of [
      ["a", 40, ["Visitor/1.csv", "Visitor/2.csv"]],
      ["b", 35, ["Visitor/2.csv"]],
      ["c", 10, ["Visitor/3.csv"]],
    ] as const) {
      const objects = [manifestObject("Visitor", { files: files.map((key) => namedFile(key)) })];
      const at = new Date(NOW - days * DAY_MS).toISOString();
      await writeManifest(storage, manifestOf(runId, { started_at: at, finished_at: at, objects }));
    }
    expect((await statusOf(storage, 30 * DAY_MS)).objects[0]?.expired).toBe(2);
    expect((await statusOf(storage)).objects[0]?.expired).toBe(0);
  });

  it("counts without a damaged manifest, and reports that", async () => {
    const storage = await withExportAskedAt(NOW);
    await storage.create(manifestKey("a"), Buffer.from("{"), signal);
    const events: RunEvent[] = [];
    expect((await statusOf(storage, 30 * DAY_MS, events)).objects[0]?.expired).toBe(0);
    expect(events).toMatchObject([{ type: "warning", code: "manifest.damaged" }]);
  });
});

/** A run that ended `hoursAgo`; whole and complete unless told otherwise. */
function run(runId: string, hoursAgo: number, other: Partial<RunRecord> = {}): Change[] {
  const at = new Date(NOW - hoursAgo * HOUR).toISOString();
  const counts = { rows: 1, files: 1, calls: 5 };
  return [
    { type: "run-started", businessUnit: "0Uv", runId, at },
    {
      type: "run-finished",
      runId,
      startedAt: at,
      finishedAt: at,
      status: "complete",
      exitCode: 0,
      isWhole: true,
      ...counts,
      ...other,
    },
  ];
}

/** A run of some of the configured objects. */
const SOME = { isWhole: undefined } as unknown as Partial<RunRecord>;

const FAILED = {
  status: "failed",
  exitCode: 3,
  error: { code: "auth.client-secret-wrong", message: "the client secret is wrong", hint: "Set it." },
} as const;

async function after(...changes: readonly Change[][]): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  const journal = new Journal({
    storage,
    clock: fakeClock(NOW),
    runId: "r",
    loaded: await loadState(storage, signal),
    signal,
  });
  await journal.record(changes.flat());
  return storage;
}

describe("the last success", () => {
  it.each<readonly [string, readonly Change[][], string | null, number]>([
    ["is the newest complete run of all configured objects", [run("a", 9), run("b", 3)], "b", 3 * HOUR],
    ["is not a run of some objects", [run("a", 9), run("b", 3, SOME)], "a", 9 * HOUR],
    [
      "is not a run that failed or was only partly complete",
      [run("a", 9), run("b", 3, { status: "partial" })],
      "a",
      9 * HOUR,
    ],
    ["is none before the first", [run("b", 3, FAILED)], null, 0],
  ])("%s", async (_what, runs, runId, age) => {
    const { lastSuccess } = await statusOf(await after(...runs));
    expect(lastSuccess?.runId ?? null).toBe(runId);
    if (runId !== null) expect(lastSuccess).toMatchObject({ ageSeconds: age / 1000 });
  });

  it("is kept however many runs have failed after it", async () => {
    const failed = Array.from({ length: 50 }, (_n, i) => run(`f${i}`, 40 - i / 2, FAILED));
    const { lastSuccess, runs } = await statusOf(await after(run("a", 50), ...failed));
    expect(lastSuccess?.runId).toBe("a");
    expect(runs.length).toBeLessThanOrEqual(31);
  });

  it.each([
    [26 * HOUR, 26, 0],
    [26 * HOUR, 26.1, 9],
  ])("may be %i ms old: one of %d hours ago is exit %i", async (maxAgeMs, hoursAgo, exitCode) => {
    const result = await statusOf(await after(run("a", hoursAgo)), null, [], maxAgeMs);
    expect([result.exitCode, result.healthy]).toEqual([exitCode, exitCode === 0]);
  });

  it("is missing at any age if there was none", async () => {
    expect((await statusOf(await after(run("b", 0, FAILED)), null, [], 99 * DAY_MS)).exitCode).toBe(9);
    expect((await statusOf(openMemoryStorage(), null, [], 99 * DAY_MS)).exitCode).toBe(9);
    expect((await statusOf(openMemoryStorage())).exitCode).toBe(0);
  });
});

describe("health", () => {
  const planned: Change[] = [{ type: "planned", object: "Tag", runId: "b", zone: "UTC", windows: [WINDOW] }];
  const gap: Change[] = [
    { type: "gap", object: "Tag", from: NOW - 3 * DAY_MS, to: NOW - DAY_MS, accepted: false },
    { type: "gap", object: "Tag", from: NOW, to: NOW, accepted: false },
  ];
  it.each<readonly [string, readonly Change[][], readonly string[]]>([
    ["is good after a success", [run("a", 9, FAILED), run("b", 3)], []],
    ["is missing before the first run", [], ["no run yet"]],
    [
      "is lost by a failure, with its reason",
      [run("a", 9), run("b", 3, FAILED)],
      ["the last run failed: the client secret is wrong"],
    ],
    [
      "is lost after a run that was only partly complete",
      [run("a", 9), run("b", 3, { status: "partial", exitCode: 4 })],
      ["the last run is only partly complete"],
    ],
    [
      "is not restored by a run of other objects while windows are open",
      [run("a", 9), planned, run("b", 3, FAILED), run("c", 1, SOME)],
      ["windows are left for the next run: Tag"],
    ],
    ["is restored by a run of the objects that had failed", [run("a", 9), run("b", 3, FAILED), run("c", 1, SOME)], []],
    ["is lost by a gap", [gap, run("b", 3)], ["gaps that the next plain run fills: Tag"]],
  ])("%s", async (_what, changes, problems) => {
    const result = await statusOf(await after(...changes));
    expect([result.healthy, result.problems]).toEqual([problems.length === 0, problems]);
  });

  it("reports code, reason, hint and exit code of each run, and the day's calls with their limits", async () => {
    const calls: Change[] = [{ type: "calls-reserved", day: "2026-03-20", calls: 40 }];
    const storage = await after(run("a", 9, { quota: { used: 77, max: 500 } }), run("b", 3, FAILED), calls);
    const result = await statusOf(storage);
    expect(result.runs).toMatchObject([
      {
        runId: "a",
        status: "complete",
        exitCode: 0,
        code: null,
        reason: null,
        hint: null,
        rows: 1,
        files: 1,
        calls: 5,
      },
      {
        runId: "b",
        status: "failed",
        exitCode: 3,
        code: "auth.client-secret-wrong",
        reason: "the client secret is wrong",
        hint: "Set it.",
      },
    ]);
    expect(result.callsToday).toBe(40);
    expect(result.quota).toEqual({
      day: "2026-03-20",
      timeZone: "UTC",
      calls: 40,
      budget: 1000,
      share: 0.8,
      used: 77,
      max: 500,
    });
  });

  it("does not count yesterday's calls as today's", async () => {
    const calls: Change[] = [{ type: "calls-reserved", day: "2026-03-19", calls: 40 }];
    const result = await statusOf(await after(run("a", 20, { quota: { used: 77, max: 500 } }), calls));
    expect([result.callsToday, result.quota.used, result.quota.max]).toEqual([0, null, 500]);
  });

  it.each([
    ["the last run", [run("a", 1, { aheadMs: -250 * DAY_MS })]],
    ["the day it counted on, in a record without a clock", [run("a", 1)]],
  ])("counts on Pardot's day if its clock differs from ours, as shown by %s", async (_what, runs) => {
    const calls: Change[] = [{ type: "calls-reserved", day: "2025-07-13", calls: 40 }];
    const result = await statusOf(await after(...runs, calls));
    expect([result.callsToday, result.quota.day]).toEqual([40, "2025-07-13"]);
  });

  it("counts on Pardot's day if only a plan has made calls so far", async () => {
    const storage = openMemoryStorage();
    const clock = fakeClock(NOW);
    const pardotNow = (): number => clock.now() - 250 * DAY_MS;
    const given = { command: "plan", storage, hasBudget: false, now: pardotNow, clock, random: systemRandom };
    const notes = new NotedCalls(given);
    await notes.reserve("2025-07-13", 1);
    await notes.settle("2025-07-13", 0);
    const result = await statusOf(storage);
    expect([result.callsToday, result.quota.day]).toEqual([1, "2025-07-13"]);
  });

  it.each(["", "null", "{"])(
    "goes by this machine's clock when the last note of calls is damaged (%j)",
    async (text) => {
      const storage = openMemoryStorage();
      const day = "2026-03-20";
      const given = {
        command: "plan",
        storage,
        hasBudget: false,
        now: () => NOW,
        clock: fakeClock(NOW),
        random: systemRandom,
      };
      const notes = new NotedCalls(given);
      await notes.reserve(day, 1);
      await notes.settle(day, 0);
      for await (const { key } of storage.list("_pardot_etl/state/calls/", NEVER)) {
        await storage.remove([key], NEVER);
        await storage.create(key, new TextEncoder().encode(text), NEVER);
      }
      expect((await statusOf(storage)).quota.day).toBe(day);
    },
  );
});
