import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fakeClock } from "../../test/fakes/clock.ts";
import { tag } from "../catalog/objects/tag.ts";
import { Journal, loadState } from "../commit/journal.ts";
import { objectState, windowId } from "../commit/state.ts";
import type { LandedFile, PlannedWindow } from "../commit/state.ts";
import type { Config } from "../config/config.ts";
import { systemRandom } from "../platform/random.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import type { Manifest } from "../commit/manifest.ts";
import type { Loader, LoadFile, SettledTable } from "../warehouse/warehouse.ts";
import { loadCommitted } from "./load.ts";
import { committedFiles } from "./loadable.ts";

const never = new AbortController().signal;
const window: PlannedWindow = { field: "updated_at", from: 0, to: 1000, askFrom: 0 };
const id = windowId("Tag", window);

async function setUp(files: readonly Pick<LandedFile, "key" | "bytes">[]) {
  const tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-load-"));
  onTestFinished(() => rm(tmpDir, { recursive: true, force: true }));
  const storage = openMemoryStorage();
  const journal = new Journal({
    storage,
    clock: fakeClock(),
    runId: "r",
    loaded: await loadState(storage, never),
    signal: never,
  });
  await journal.record([{ type: "planned", object: "Tag", runId: "r", zone: "UTC", windows: [window] }]);
  for (const { key, bytes } of files) {
    await storage.create(key, new TextEncoder().encode("id\n1\n"), never);
    const file = {
      key,
      bytes,
      rows: 1,
      sha256: "",
      minWatermark: null,
      maxWatermark: null,
      exportId: null,
      columns: ["id"],
    };
    await journal.record([{ type: "landed", object: "Tag", window: id, file, cursor: null }]);
  }
  await journal.record([
    { type: "window-done", object: "Tag", window: id },
    { type: "committed", object: "Tag", manifest: "m", windows: [id], load: true },
  ]);
  const batches: (readonly LoadFile[])[] = [];
  const settled: SettledTable[] = [];
  const loader: Loader = {
    settled: async () => settled.at(-1)?.files ?? 0,
    unloaded: async (_, keys) => keys,
    load: async (_, batch) => {
      batches.push(batch);
      return { rows: batches.flat().length };
    },
    settle: async (_, each) => {
      settled.push(each);
    },
  };
  const onEvent = (): void => undefined;
  const input = {
    config: { etl: { tmpDir, compression: "none" } } as Config,
    storage,
    journal,
    warehouse: { name: "duckdb:x" },
    loader,
    manifest: { objects: [] as Manifest["objects"], run_id: "r" } as Manifest,
    committed: committedFiles({ storage, retentionMs: null, now: 0, onEvent, signal: never }),
    random: systemRandom,
    onEvent,
    signal: never,
  };
  return { batches, settled, journal, input };
}

describe("loading what is committed", () => {
  it("takes each file as it was landed, whatever the settings are now", async () => {
    const t = await setUp([
      { key: "Tag/a.csv.gz", bytes: 1 },
      { key: "Tag/b.csv", bytes: 1 },
      { key: "Tag/c.csv.zst", bytes: 1 },
    ]);
    expect(await loadCommitted(tag, t.input)).toMatchObject({ rows: 3 });
    expect(t.batches.flat().map(({ compression }) => compression)).toEqual(["gzip", "none", "zstd"]);
    expect(objectState(t.journal.state, "Tag").notLoaded).toEqual([]);
  });

  it("keeps the order and the local disk within bounds", async () => {
    const large = Array.from({ length: 4 }, (_, n) => ({ key: `Tag/${n}.csv`, bytes: 150_000_000 }));
    const t = await setUp([...large, ...Array.from({ length: 60 }, (_, n) => ({ key: `Tag/s${n}.csv`, bytes: 10 }))]);
    await loadCommitted(tag, t.input);
    expect(t.batches.map((batch) => batch.length)).toEqual([1, 1, 1, 50, 11]);
    expect(t.batches.flat().map(({ key }) => key)).toEqual([
      ...large.map(({ key }) => key),
      ...Array.from({ length: 60 }, (_, n) => `Tag/s${n}.csv`),
    ]);
  });

  it("forgets a file only once it is loaded", async () => {
    const t = await setUp([{ key: "Tag/a.csv", bytes: 1 }]);
    t.input.loader.load = () => Promise.reject(new Error("locked"));
    await expect(loadCommitted(tag, t.input)).rejects.toThrow("locked");
    expect(objectState(t.journal.state, "Tag").notLoaded).toHaveLength(1);
  });
});
