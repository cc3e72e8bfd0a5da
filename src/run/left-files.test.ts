import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { catalog } from "../catalog/index.ts";
import { manifestKey } from "../commit/manifest.ts";
import { applyChange, EMPTY_STATE } from "../commit/state.ts";
import type { Change, State } from "../commit/state.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import type { MemoryStorage } from "../storage/memory.ts";
import { leftFiles } from "./left-files.ts";

// Holds G2: a file that a dead run landed and no run has landed again is accounted for.

const { signal } = new AbortController();
const FROM = Date.parse("2026-03-19T00:00:00Z");
const TO = Date.parse("2026-03-20T00:00:00Z");
const SPAN = "20260319T000000Z_20260320T000000Z";
const CSV = "id,name,created_at,updated_at\n1,a,,\n2,b,,\n";

function started(runId: string): Change {
  return { type: "run-started", businessUnit: "0UvSIM0000000001AB", runId, at: "2026-03-20T08:00:00.000Z" };
}

function ended(runId: string, status: "complete" | "failed"): Change {
  const at = "2026-03-20T08:00:00.000Z";
  return { type: "run-finished", runId, startedAt: at, finishedAt: at, status, rows: 0, files: 0, calls: 0 };
}

type RunFinished = Extract<Change, { type: "run-finished" }>;
type RunStarted = Extract<Change, { type: "run-started" }>;

const planned: Change = {
  type: "planned",
  object: "Tag",
  runId: "dead",
  zone: "UTC",
  windows: [{ field: "updated_at", from: FROM, to: TO, askFrom: FROM }],
};
const done: Change = { type: "window-done", object: "Tag", window: `Tag/updated_at/${FROM}/${TO}` };

function stateOf(...changes: readonly Change[]): State {
  return changes.reduce(applyChange, EMPTY_STATE);
}

async function find(state: State, storage: MemoryStorage, named: readonly string[] = []): Promise<object[]> {
  return leftFiles({ runId: "now", catalog, state, named: new Set(named), storage, signal });
}

async function storageWith(...keys: readonly string[]): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  for (const key of keys) await storage.create(key, Buffer.from(CSV), signal);
  return storage;
}

const KEY = `Tag/Tag_api_${SPAN}_0123456789ab.csv`;

describe("G2 files that a dead run left", () => {
  it("are named with their rows, bytes and hash", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"), done);
    expect(await find(state, await storageWith(KEY))).toEqual([
      {
        key: KEY,
        rows: 2,
        bytes: CSV.length,
        sha256: createHash("sha256").update(CSV).digest("hex"),
        min_watermark: null,
        max_watermark: null,
        export_id: null,
      },
    ]);
  });

  it("are found also when runs of other objects came in between", async () => {
    const between = [started("dead"), planned, ended("dead", "failed"), started("other"), ended("other", "complete")];
    expect(await find(stateOf(...between, started("now"), done), await storageWith(KEY))).toHaveLength(1);
  });

  it("are found also when nothing of their window is left on the books", async () => {
    const state = stateOf(started("dead"), ended("dead", "failed"), started("now"));
    expect(await find(state, await storageWith("Account/a.csv"))).toHaveLength(1);
  });

  it("are found for a day after a run was taken over, whatever ended well since", async () => {
    const later = (at: string): State => {
      const taken: Change = { ...(ended("dead", "failed") as RunFinished), takenOver: true };
      const now: Change = { ...(started("now") as RunStarted), at };
      return stateOf(started("dead"), taken, started("successor"), ended("successor", "complete"), now);
    };
    const storage = await storageWith("Account/a.csv");
    expect(await find(later("2026-03-20T20:00:00.000Z"), storage)).toHaveLength(1);
    expect(await find(later("2026-03-21T08:00:00.000Z"), storage)).toEqual([]);
  });

  it("may still be landed again as long as their window is open", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"));
    expect(await find(state, await storageWith(KEY))).toEqual([]);
  });

  it("are not those that this manifest or an earlier one names", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"), done);
    const [left, committed, ours] = ["a", "b", "c"].map((name) => `Tag/${name}.csv`) as [string, string, string];
    const storage = await storageWith(left, committed, ours);
    const manifest = { objects: [{ files: [{ key: committed }] }], left_files: [{ key: left }] };
    await storage.create(manifestKey("x"), Buffer.from(JSON.stringify(manifest)), signal);
    expect(await find(state, storage, [ours])).toEqual([]);
  });

  it("are not looked for after a run that ended well", async () => {
    const state = stateOf(started("before"), ended("before", "complete"), started("now"));
    expect(await find(state, await storageWith(KEY))).toEqual([]);
  });
});
