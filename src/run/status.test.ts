import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/fakes/clock.ts";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../test/support/manifests.ts";
import { catalog } from "../catalog/index.ts";
import { Journal, loadState } from "../commit/journal.ts";
import { manifestKey } from "../commit/manifest.ts";
import type { DestinationConfig } from "../config/config.ts";
import type { RunEvent } from "../events.ts";
import { systemRandom } from "../platform/random.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import type { MemoryStorage } from "../storage/memory.ts";
import { DAY_MS } from "../time/instant.ts";
import type { StatusResult, Surroundings } from "./api.ts";
import { status } from "./status.ts";

const { signal } = new AbortController();
const NOW = Date.parse("2026-03-20T09:30:00Z");
const WINDOW = {
  field: "updated_at",
  from: NOW - 20 * DAY_MS,
  to: NOW - 10 * DAY_MS,
  askFrom: NOW - 20 * DAY_MS,
} as const;

async function statusOf(
  storage: MemoryStorage,
  retentionMs: number | null = null,
  events: RunEvent[] = [],
): Promise<StatusResult> {
  const config = {
    pardot: { timeZone: "UTC", accountTimeZone: "UTC", dailyCallBudget: null, quotaShare: 0.8 },
    etl: {
      destination: { kind: "folder", path: "/data" },
      s3PathStyle: null,
      overlapMs: DAY_MS,
      retentionMs,
      tmpDir: "/tmp",
    },
    catalog,
  } satisfies DestinationConfig;
  const onEvent = (event: RunEvent): void => void events.push(event);
  const openStorage = async (): Promise<MemoryStorage> => storage;
  const surroundings = { signal, onEvent, clock: fakeClock(NOW), random: systemRandom, openStorage };
  return status(config, surroundings as unknown as Surroundings);
}

async function withExportAskedAt(at: number): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  const loaded = await loadState(storage, signal);
  const journal = new Journal({ storage, clock: fakeClock(NOW), runId: "r1", loaded, signal });
  const object = "Visitor";
  await journal.record([{ type: "planned", object, runId: "r1", zone: "UTC", windows: [WINDOW] }]);
  const window = journal.state.objects[object]?.windows[0]?.id ?? "";
  await journal.record([{ type: "export-created", object, window, group: 0, exportId: "77", at, groups: [["id"]] }]);
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

  it("counts committed files that are past their time, each once", async () => {
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

  it("counts without a manifest that is damaged, and says so", async () => {
    const storage = await withExportAskedAt(NOW);
    await storage.create(manifestKey("a"), Buffer.from("{"), signal);
    const events: RunEvent[] = [];
    expect((await statusOf(storage, 30 * DAY_MS, events)).objects[0]?.expired).toBe(0);
    expect(events).toMatchObject([{ type: "warning", code: "manifest.damaged" }]);
  });
});
