import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { countedStorage } from "../../../test/kit/fakes/counted-storage.ts";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../../test/kit/manifests.ts";
import { manifestKey } from "../../manifest/manifest.ts";
import { applyChange, EMPTY_STATE } from "../../state/state.ts";
import type { Change, State } from "../../state/state.ts";
import { StorageError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { Storage } from "../../storage/storage.ts";
import { DAY_MS } from "../../time/instant.ts";
import type { Run } from "./context.ts";
import { orphanFiles } from "./orphan-files.ts";
import type { OrphanFiles } from "./orphan-files.ts";

// Holds G2: a file that a dead run landed and no run has landed again is accounted for, and no commit waits for it.

const { signal } = new AbortController();
const FROM = Date.parse("2026-03-19T00:00:00Z");
const TO = Date.parse("2026-03-20T00:00:00Z");
const NOW = Date.parse("2026-03-20T08:00:00Z");
const SPAN = "20260319T000000Z_20260320T000000Z";
const CSV = "id,name,created_at,updated_at\n1,a,,\n2,b,,\n";
const KEY = `Tag/Tag_api_${SPAN}_0123456789ab.csv`;
const WINDOW = `Tag/updated_at/${FROM}/${TO}`;
const DEAD = "20260320T080000Z-aaaaaa";

function started(runId: string): Change {
  return { type: "run-started", businessUnit: "0UvSIM0000000001AB", runId, at: "2026-03-20T08:00:00.000Z" };
}

function ended(runId: string, takenOver = false): Change {
  const at = "2026-03-20T08:00:00.000Z";
  const record = { runId, startedAt: at, finishedAt: at, rows: 0, files: 0, calls: 0 };
  const status = takenOver ? ("failed" as const) : ("complete" as const);
  return { type: "run-finished", ...record, status, ...(takenOver ? { takenOver: true } : {}) };
}

const planned: Change = {
  type: "planned",
  object: "Tag",
  runId: DEAD,
  zone: "UTC",
  windows: [{ field: "updated_at", from: FROM, to: TO, askFrom: FROM }],
};
const done: Change = { type: "window-done", object: "Tag", window: WINDOW };
const commits: Change = { type: "committed", object: "Tag", manifest: "", windows: [WINDOW], load: false };
const dropped: Change = { type: "dropped", object: "Tag", window: WINDOW };

function stateOf(...changes: readonly Change[]): State {
  return changes.reduce(applyChange, EMPTY_STATE);
}

/** What the run after a killed one finds, and the same once the killed one is ended. */
const inherited = stateOf(started(DEAD), planned);
const recovered = [ended(DEAD, true), started("now")].reduce(applyChange, inherited);

interface Wishes {
  /** The state as the run found it: as it is, unless told. */
  readonly inherited?: State;
  readonly named?: readonly string[];
  readonly events?: RunEvent[];
  readonly now?: number;
  readonly stop?: AbortSignal;
}

async function look(state: State, storage: Storage, wishes: Wishes = {}): Promise<OrphanFiles> {
  const { inherited: before = state, named = [], events = [], now = NOW, stop = signal } = wishes;
  const onEvent = (event: RunEvent): void => void events.push(event);
  const run = { found: { state: before }, journal: { state }, startedAt: now, storage, onEvent, drain: stop };
  return orphanFiles(new Set(named), run as unknown as Run);
}

async function find(state: State, storage: Storage, wishes: Wishes = {}): Promise<string[]> {
  return (await look(state, storage, wishes)).files.map(({ key }) => key);
}

async function storageWith(...keys: readonly string[]): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  for (const key of keys) await storage.create(key, Buffer.from(CSV), signal);
  return storage;
}

/** A storage in which one call for some keys fails as S3 does for an archived object. */
function refusing(storage: MemoryStorage, call: "open" | "list", part: string): Storage {
  const refused = new StorageError("InvalidObjectState", { code: "storage.refused" });
  return {
    ...storage,
    [call]: async function* refuse(key: string, stop: AbortSignal) {
      if (key.includes(part)) throw refused;
      yield* storage[call](key, stop);
    },
  };
}

describe("G2 files that a dead run left", () => {
  it("are listed with their rows, bytes and hash, whether their window goes on or is done", async () => {
    const file = {
      key: KEY,
      rows: 2,
      bytes: CSV.length,
      sha256: createHash("sha256").update(CSV).digest("hex"),
      min_watermark: null,
      max_watermark: null,
      export_id: null,
      columns_fingerprint: createHash("sha256")
        .update(JSON.stringify(["id", "name", "created_at", "updated_at"]))
        .digest("hex")
        .slice(0, 8),
    };
    for (const state of [recovered, applyChange(recovered, done)]) {
      expect((await look(state, await storageWith(KEY), { inherited })).files).toEqual([file]);
    }
  });

  it("are found even if their window was dropped, by a run that died before it could commit", async () => {
    const state = [planned, dropped].reduce(applyChange, EMPTY_STATE);
    expect(await find(state, await storageWith(KEY))).toEqual([KEY]);
  });

  it("are found even if the run that landed them took a failure of its store for a failure to land", async () => {
    const before = stateOf(started("r1"), planned, ended("r1"));
    const storage = await storageWith(KEY);
    expect(await find(before, storage)).toEqual([]);
    expect(await find(applyChange(before, done), storage, { inherited: before })).toEqual([KEY]);
    expect(await find(applyChange(before, dropped), storage, { inherited: before })).toEqual([KEY]);
  });

  it("are found for a day after a run was taken over, whatever runs have ended since", async () => {
    const storage = await storageWith();
    const { changes } = await look(recovered, storage, { inherited });
    expect(changes).toEqual([{ type: "searched", object: "Tag", at: NOW }]);
    const later = [done, commits, ...changes, ended("now"), started("next")].reduce(applyChange, recovered);
    // It wakes up with this one in flight.
    await storage.create(KEY, Buffer.from(CSV), signal);
    expect(await find(later, storage, { now: NOW + DAY_MS - 1 })).toEqual([KEY]);
    const at = NOW + DAY_MS;
    const last = applyChange(later, { type: "searched", object: "Tag", at });
    expect(await find(last, storage, { now: at })).toEqual([]);
  });

  it("exclude those that the state, this manifest or an earlier one names", async () => {
    const [left, committed, ours, noted] = ["a", "b", "c", "d"].map((digit) =>
      KEY.replace("9ab.csv", `9a${digit}.csv`),
    );
    const storage = await storageWith(left ?? "", committed ?? "", ours ?? "", noted ?? "");
    const objects = [manifestObject("Tag", { files: [namedFile(committed ?? "")] })];
    await writeManifest(storage, manifestOf(DEAD, { objects, left_files: [namedFile(left ?? "")] }));
    const file = { key: noted ?? "", rows: 1, bytes: 1, sha256: "", minWatermark: null, maxWatermark: null };
    const landed: Change = {
      type: "landed",
      object: "Tag",
      window: WINDOW,
      file: { ...file, exportId: null, columns: [] },
      cursor: null,
    };
    expect(await find(applyChange(recovered, landed), storage, { inherited, named: [ours ?? ""] })).toEqual([]);
  });

  it("exclude files of other programs, and broken ones, which are reported once", async () => {
    const other = `Tag/Tag_api_20250319T000000Z_20250320T000000Z_0123456789ab.csv`;
    const storage = await storageWith("Tag/mine.csv", "Tag/.DS_Store", other);
    await storage.create(KEY, Buffer.from('hello "x\n'), signal);
    const events: RunEvent[] = [];
    const { files, changes } = await look(recovered, storage, { inherited, events });
    expect(files).toEqual([]);
    expect(changes).toHaveLength(1);
    expect(events).toMatchObject([{ type: "warning", code: "run.left-file-broken" }]);
    expect(JSON.stringify(events)).toContain(KEY);
  });

  it.each(["{", "null", '{"objects":7}'])("are accounted for again if a manifest is damaged: %s", async (text) => {
    const storage = await storageWith(KEY);
    await storage.create(manifestKey("20260320T090000Z-bbbbbb"), Buffer.from(text), signal);
    const events: RunEvent[] = [];
    expect(await find(recovered, storage, { inherited, events })).toEqual([KEY]);
    expect(events).toMatchObject([{ type: "warning", code: "manifest.damaged" }]);
  });

  it.each([
    ["a manifest in an archive", "open", "manifest.json", [KEY], "manifest.damaged", 1],
    ["a file in an archive", "open", "Tag/", [], "run.left-file-broken", 0],
    ["a folder that cannot be listed", "list", "Tag/", [], "run.left-files-unknown", 0],
    ["runs that cannot be listed", "list", "_pardot_etl/runs/", [], "run.left-files-unknown", 0],
  ] as const)("stop no commit for %s, and are looked for again", async (_, call, part, found, code, searched) => {
    const memory = await storageWith(KEY);
    await writeManifest(memory, manifestOf("20260320T090000Z-bbbbbb"));
    const events: RunEvent[] = [];
    // The landing run did not die, and this one commits the window.
    const before = stateOf(started("r1"), planned, ended("r1"));
    const now = applyChange(before, done);
    const { files, changes } = await look(now, refusing(memory, call, part), { inherited: before, events });
    expect(files.map(({ key }) => key)).toEqual(found);
    expect(events).toMatchObject([
      { type: "warning", code, message: expect.stringContaining("InvalidObjectState") as string },
    ]);
    expect(changes.filter(({ type }) => type === "searched")).toHaveLength(searched);
    const next = [commits, ...changes].reduce(applyChange, now);
    expect(await find(next, await storageWith(KEY))).toEqual(searched === 0 ? [KEY] : []);
  });

  it("wait for the next run if this one has to stop", async () => {
    const storage = countedStorage(await storageWith(KEY));
    const stop = AbortSignal.abort();
    expect((await look(recovered, storage, { inherited, stop })).files).toEqual([]);
    // The landing run did not die, and this one commits the window.
    const before = stateOf(started("r1"), planned, ended("r1"));
    const { files, changes } = await look(applyChange(before, done), storage, { inherited: before, stop });
    expect(files).toEqual([]);
    expect(storage.requests).toEqual({ list: 0, open: 0, read: 0, stat: 0 });
    const next = [done, commits, ...changes].reduce(applyChange, before);
    expect(await find(next, storage)).toEqual([KEY]);
  });

  it("cost no request after runs that ended, even if an object fails every night", async () => {
    const storage = countedStorage(await storageWith(KEY));
    let state = EMPTY_STATE;
    for (let night = 0; night < 8; night += 1) {
      const from = FROM + night * DAY_MS;
      const windows = [{ field: "updated_at" as const, from, to: from + DAY_MS, askFrom: from }];
      const before = state;
      state = [started(`r${night}`), { ...planned, runId: `r${night}`, windows } as Change].reduce(applyChange, state);
      expect(await look(state, storage, { inherited: before })).toEqual({ files: [], changes: [] });
      state = applyChange(state, ended(`r${night}`));
    }
    expect(storage.requests).toEqual({ list: 0, open: 0, read: 0, stat: 0 });
  });

  it("cost only recent requests after a thousand runs: a folder, the list of runs, and the manifests since", async () => {
    const memory = await storageWith(KEY);
    for (let i = 0; i < 1000; i += 1)
      await writeManifest(memory, manifestOf(`20250101T${String(i).padStart(6, "0")}Z-aaaaaa`));
    await writeManifest(memory, manifestOf(DEAD));
    const storage = countedStorage(memory);
    expect(await find(recovered, storage, { inherited })).toEqual([KEY]);
    expect(storage.requests).toEqual({ list: 3, open: 2, read: 0, stat: 0 });
  });
});
