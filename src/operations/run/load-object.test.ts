import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { accept } from "../../manifest/accepted.ts";
import { Journal, loadState } from "../../state/journal.ts";
import { objectState, windowId } from "../../state/state.ts";
import type { LandedFile, PlannedWindow } from "../../state/state.ts";
import { WarehouseError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Config } from "../../config/config.ts";
import { systemRandom } from "../../platform/random.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Loader, LoadFile, SettledTable } from "../../warehouse/warehouse.ts";
import type { Run } from "./context.ts";
import { loadObject } from "./load-object.ts";
import { pastFiles } from "./loadable.ts";
import type { PastFiles } from "./loadable.ts";

const never = new AbortController().signal;
const window: PlannedWindow = { field: "updated_at", from: 0, to: 1000, askFrom: 0 };
const id = windowId("Tag", window);

async function setUp(files: readonly (Pick<LandedFile, "key" | "bytes"> & Partial<LandedFile>)[]) {
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
  for (const { key, bytes, rows = 1 } of files) {
    await storage.create(key, new TextEncoder().encode("id\n1\n"), never);
    const file = {
      key,
      bytes,
      rows,
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
      return null;
    },
  };
  const onEvent = (): void => undefined;
  const run = {
    config: { etl: { tmpDir, compression: "none", retentionMs: null } } as Config,
    storage,
    journal,
    warehouse: { name: "duckdb:x" },
    random: systemRandom,
    onEvent,
    drain: never,
  } as unknown as Run;
  const input = {
    run,
    loader,
    manifest: { objects: [] as Manifest["objects"], run_id: "r" } as Manifest,
    past: pastFiles(run, 0),
  };
  return { batches, settled, journal, storage, input };
}

describe("loading committed files", () => {
  it("loads each file as it was landed, whatever the settings are now", async () => {
    const t = await setUp([
      { key: "Tag/a.csv.gz", bytes: 1 },
      { key: "Tag/b.csv", bytes: 1 },
      { key: "Tag/c.csv.zst", bytes: 1 },
    ]);
    expect(await loadObject(tag, t.input)).toMatchObject({ rows: 3 });
    expect(t.batches.flat().map(({ compression }) => compression)).toEqual(["gzip", "none", "zstd"]);
    expect(objectState(t.journal.state, "Tag").notLoaded).toEqual([]);
  });

  it("reports the table's rows after those are removed that no longer exist at Pardot", async () => {
    const t = await setUp([{ key: "Tag/a.csv", bytes: 1 }]);
    const loader = { ...t.input.loader, settle: async () => 41 };
    expect(await loadObject(tag, { ...t.input, loader })).toMatchObject({ rows: 41 });
  });

  it("keeps the rows of a load within bounds", async () => {
    const rows = [200_000, 200_000, 100_000, 1, 3_000_000, 500_000];
    const t = await setUp(rows.map((count, n) => ({ key: `Tag/${n}.csv`, bytes: 1, rows: count })));
    await loadObject(tag, t.input);
    expect(t.batches.map((batch) => batch.length)).toEqual([3, 1, 1, 1]);
  });

  it("keeps the order and the local disk within bounds", async () => {
    const large = Array.from({ length: 4 }, (_, n) => ({ key: `Tag/${n}.csv`, bytes: 150_000_000 }));
    const t = await setUp([...large, ...Array.from({ length: 510 }, (_, n) => ({ key: `Tag/s${n}.csv`, bytes: 10 }))]);
    await loadObject(tag, t.input);
    expect(t.batches.map((batch) => batch.length)).toEqual([1, 1, 1, 500, 11]);
    expect(t.batches.flat().map(({ key }) => key)).toEqual([
      ...large.map(({ key }) => key),
      ...Array.from({ length: 510 }, (_, n) => `Tag/s${n}.csv`),
    ]);
  });

  it("forgets a file only when it is loaded", async () => {
    const t = await setUp([{ key: "Tag/a.csv", bytes: 1 }]);
    t.input.loader.load = () => Promise.reject(new Error("locked"));
    await expect(loadObject(tag, t.input)).rejects.toThrow("locked");
    expect(objectState(t.journal.state, "Tag").notLoaded).toHaveLength(1);
  });
});

describe("a file that the warehouse refuses", () => {
  const badFile = (key: string): WarehouseError =>
    new WarehouseError(`load PARDOT_TAG into duckdb:x: ${key} record 1: id is "x", expected integer`, {
      code: "warehouse.value-invalid",
      hint: "Correct it.",
    });

  async function refusing(keys: readonly string[]) {
    const t = await setUp(["a", "b", "c", "d"].map((name) => ({ key: `Tag/${name}.csv`, bytes: 1 })));
    const taking: Loader = { ...t.input.loader };
    t.input.loader.load = async (object, batch, signal) => {
      const refused = batch.find(({ key }) => keys.includes(key));
      if (refused !== undefined) throw badFile(refused.key);
      return taking.load(object, batch, signal);
    };
    return t;
  }

  it("is named, stays on record, and stops no other file", async () => {
    const t = await refusing(["Tag/b.csv"]);
    const { rows, failure } = await loadObject(tag, t.input);
    expect(rows).toBe(3);
    expect(t.batches.flat().map(({ key }) => key)).toEqual(["Tag/a.csv", "Tag/c.csv", "Tag/d.csv"]);
    expect(objectState(t.journal.state, "Tag").notLoaded.map(({ key }) => key)).toEqual(["Tag/b.csv"]);
    expect(failure?.message).toBe(
      'load PARDOT_TAG into duckdb:x: 1 file could not be loaded: Tag/b.csv record 1: id is "x", expected integer',
    );
    expect(failure).toMatchObject({ code: "warehouse.value-invalid", exitCode: 7 });
    expect(failure?.hint).toContain("pardot-etl verify --accept KEY");
    expect(t.settled).toEqual([]);
  });

  it("is found among hundreds in few loads, and files after a hundred bad ones wait for the next run", async () => {
    const t = await setUp(Array.from({ length: 256 }, (_, n) => ({ key: `Tag/${n}.csv`, bytes: 1 })));
    let tries = 0;
    t.input.loader.load = async (_, batch) => {
      tries += 1;
      const refused = batch.find(({ key }) => key === "Tag/100.csv");
      if (refused === undefined) return { rows: batch.length };
      throw badFile(refused.key);
    };
    expect((await loadObject(tag, t.input)).failure?.message).toContain("1 file could not be loaded: Tag/100.csv");
    expect(tries).toBe(17);
    const all = await setUp(Array.from({ length: 256 }, (_, n) => ({ key: `Tag/${n}.csv`, bytes: 1 })));
    all.input.loader.load = async (_, [file]) => {
      throw badFile(file?.key ?? "");
    };
    const { failure } = await loadObject(tag, all.input);
    expect(failure?.message).toContain("100 files could not be loaded");
    expect(objectState(all.journal.state, "Tag").notLoaded).toHaveLength(256);
  });

  it("is offered again by the next run, and the object is settled when it is accepted", async () => {
    const t = await refusing(["Tag/b.csv", "Tag/c.csv"]);
    expect((await loadObject(tag, t.input)).failure?.message).toContain("2 files could not be loaded");
    t.input.loader.load = async () => ({ rows: 4 });
    expect(await loadObject(tag, t.input)).toMatchObject({ rows: 4, failure: null });
    expect(t.settled).toEqual([{ files: 4, wholeUntil: null }]);
    expect(objectState(t.journal.state, "Tag").notLoaded).toEqual([]);
  });

  it("is skipped when it was written off", async () => {
    const t = await refusing(["Tag/b.csv"]);
    await accept(t.storage, { key: "Tag/b.csv", at: "2026-03-20T00:00:00Z" }, never);
    expect(await loadObject(tag, t.input)).toMatchObject({ rows: 3, failure: null, refilled: 0 });
    expect(objectState(t.journal.state, "Tag").notLoaded).toEqual([]);
    expect(t.settled).toEqual([{ files: 4, wholeUntil: null }]);
  });

  it("counts as one failure together with a file that is missing from the destination, but not with files that a rule has removed", async () => {
    const t = await setUp(["a", "b"].map((name) => ({ key: `Tag/${name}.csv`, bytes: 1 })));
    (t.storage.files as Map<string, Uint8Array>).delete("Tag/a.csv");
    const gone = await loadObject(tag, t.input);
    expect(gone).toMatchObject({ rows: 1, failure: { code: "storage.missing", exitCode: 7 } });
    expect(gone.failure?.message).toContain("Tag/a.csv");
    const events: RunEvent[] = [];
    const old = { key: "Tag/a.csv", rows: 1, bytes: 1, readAt: null, runId: "r0", columns: null, mayBeGone: true };
    const past: PastFiles = async () => ({ files: new Map([["Tag/a.csv", old]]), isDamaged: false });
    const run = { ...t.input.run, onEvent: (event: RunEvent): void => void events.push(event) };
    const input = { ...t.input, run, past };
    expect(await loadObject(tag, input)).toMatchObject({ rows: null, failure: null });
    expect(events).toMatchObject([{ type: "warning", code: "warehouse.file-expired", object: "Tag" }]);
    expect(t.settled).toEqual([{ files: 2, wholeUntil: null }]);
  });

  it("does not hide a failure of the database, which would hit every file", async () => {
    const t = await setUp(["a", "b"].map((name) => ({ key: `Tag/${name}.csv`, bytes: 1 })));
    let tries = 0;
    t.input.loader.load = () => {
      tries += 1;
      return Promise.reject(new WarehouseError("load: full", { code: "warehouse.out-of-room", retryable: true }));
    };
    await expect(loadObject(tag, t.input)).rejects.toThrow("full");
    expect(tries).toBe(1);
  });
});

it("files of earlier runs that the warehouse lacks are loaded in the order of reading, with the columns of their headers", async () => {
  const t = await setUp([{ key: "Tag/b.csv", bytes: 1 }]);
  const old = { rows: 1, bytes: 1, runId: "r0", columns: null, mayBeGone: false };
  const files = new Map([
    ["Tag/c.csv", { ...old, key: "Tag/c.csv", readAt: 30 }],
    ["Tag/a.csv", { ...old, key: "Tag/a.csv", readAt: 10 }],
  ]);
  for (const key of files.keys()) await t.storage.create(key, new TextEncoder().encode("id,name\n1,x\n"), never);
  t.settled.push({ files: 7, wholeUntil: null });
  const past: PastFiles = async () => ({ files, isDamaged: false });
  expect(await loadObject(tag, { ...t.input, past })).toMatchObject({ refilled: 2 });
  expect(t.batches.flat().map(({ key, runId, readAt }) => [key, runId, readAt])).toEqual([
    ["Tag/b.csv", null, null],
    ["Tag/a.csv", "r0", 10],
    ["Tag/c.csv", "r0", 30],
  ]);
  expect(t.batches.flat()[1]?.columns).toEqual([
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
  ]);
  expect(t.settled.at(-1)).toEqual({ files: 1, wholeUntil: null });
});
