import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../test/support/manifests.ts";
import { catalog } from "../catalog/index.ts";
import { manifestKey } from "../commit/manifest.ts";
import { applyChange, EMPTY_STATE } from "../commit/state.ts";
import type { Change, State } from "../commit/state.ts";
import type { RunEvent } from "../events.ts";
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

interface Wishes {
  /** The state as the run found it: as it is, unless told. */
  readonly inherited?: State;
  readonly named?: readonly string[];
  readonly events?: RunEvent[];
}

async function find(
  state: State,
  storage: MemoryStorage,
  { inherited = state, named = [], events = [] }: Wishes = {},
): Promise<object[]> {
  const onEvent = (event: RunEvent): void => void events.push(event);
  return leftFiles({ runId: "now", catalog, inherited, state, named: new Set(named), storage, onEvent, signal });
}

async function storageWith(...keys: readonly string[]): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  for (const key of keys) await storage.create(key, Buffer.from(CSV), signal);
  return storage;
}

const KEY = `Tag/Tag_api_${SPAN}_0123456789ab.csv`;
const ACCOUNT = "Account/Account_api_19000101T000000Z_20260320T000000Z_0123456789ab.csv";

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
    expect(await find(state, await storageWith(ACCOUNT))).toHaveLength(1);
  });

  it("are found for a day after a run was taken over, whatever ended well since", async () => {
    const later = (at: string): State => {
      const taken: Change = { ...(ended("dead", "failed") as RunFinished), takenOver: true };
      const now: Change = { ...(started("now") as RunStarted), at };
      return stateOf(started("dead"), taken, started("successor"), ended("successor", "complete"), now);
    };
    const storage = await storageWith(ACCOUNT);
    expect(await find(later("2026-03-20T20:00:00.000Z"), storage)).toHaveLength(1);
    expect(await find(later("2026-03-21T08:00:00.000Z"), storage)).toEqual([]);
  });

  it("may still be landed again as long as their window is open", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"));
    expect(await find(state, await storageWith(KEY))).toEqual([]);
  });

  it("are not those that this manifest or an earlier one names", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"), done);
    const [left, committed, ours] = ["a", "b", "c"].map((digit) => KEY.replace("9ab.csv", `9a${digit}.csv`)) as [
      string,
      string,
      string,
    ];
    const storage = await storageWith(left, committed, ours);
    const objects = [manifestObject("Tag", { files: [namedFile(committed)] })];
    await writeManifest(storage, manifestOf("x", { objects, left_files: [namedFile(left)] }));
    expect(await find(state, storage, { named: [ours] })).toEqual([]);
  });

  it("are found also when their window was dropped, however long ago the run died", async () => {
    const inherited = stateOf(
      started("dead"),
      planned,
      ended("dead", "failed"),
      started("other"),
      ended("other", "complete"),
      started("now"),
    );
    const dropped: Change = { type: "dropped", object: "Tag", window: `Tag/updated_at/${FROM}/${TO}` };
    const storage = await storageWith(KEY);
    expect(await find(inherited, storage)).toEqual([]);
    expect(await find(applyChange(inherited, dropped), storage, { inherited })).toHaveLength(1);
  });

  it("are not what somebody else has put there, and not what is broken: that is told and stops nothing", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"), done);
    const storage = await storageWith("Tag/mine.csv", "Tag/.DS_Store");
    await storage.create(KEY, Buffer.from('hello "x\n'), signal);
    const events: RunEvent[] = [];
    expect(await find(state, storage, { events })).toEqual([]);
    expect(events).toMatchObject([{ type: "warning", code: "run.left-file-broken" }]);
    expect(JSON.stringify(events)).toContain(KEY);
  });

  it("are accounted for again when the manifest that names them is damaged", async () => {
    const state = stateOf(started("dead"), planned, ended("dead", "failed"), started("now"), done);
    for (const text of ["{", "null", '{"objects":7}']) {
      const storage = await storageWith(KEY);
      await storage.create(manifestKey("x"), Buffer.from(text), signal);
      const events: RunEvent[] = [];
      expect(await find(state, storage, { events })).toHaveLength(1);
      expect(events).toMatchObject([{ type: "warning", code: "manifest.damaged" }]);
    }
  });

  it("are not looked for after a run that ended well", async () => {
    const state = stateOf(started("before"), ended("before", "complete"), started("now"));
    expect(await find(state, await storageWith(KEY))).toEqual([]);
  });
});
