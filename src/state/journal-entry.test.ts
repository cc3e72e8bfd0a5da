import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { entryKey, Journal, loadState } from "./journal.ts";
import { objectState } from "./state.ts";
import type { Change, LandedFile } from "./state.ts";

// Holds G2: a damaged state entry is never read as "no history".

// What was written can be read back, and what is damaged is named: neither means "no history".

const signal = new AbortController().signal;

async function open(storage: MemoryStorage): Promise<Journal> {
  return new Journal({ storage, clock: fakeClock(), runId: "r1", loaded: await loadState(storage, signal), signal });
}

const FILE: LandedFile = {
  key: "Tag/one.csv",
  rows: 1,
  bytes: 10,
  sha256: "ab",
  minWatermark: null,
  maxWatermark: null,
  exportId: null,
  columns: ["id", "name"],
};
const STARTED: Change = {
  type: "run-started",
  businessUnit: "0Uv",
  runId: "r1",
  at: "2026-03-20T08:00:00.000Z",
  entry: 1,
};
const PLANNED: Change = {
  type: "planned",
  object: "Tag",
  runId: "r1",
  zone: "UTC",
  windows: [{ field: "updated_at", from: 0, to: 1000, askFrom: 0 }],
};
const WINDOW = "Tag/updated_at/0/1000";

/** A snapshot and one entry of changes, both of them with a landed file. */
async function withFiles(): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  const journal = await open(storage);
  const landed = (key: string): Change => ({
    type: "landed",
    object: "Tag",
    window: WINDOW,
    file: { ...FILE, key },
    cursor: null,
  });
  await journal.record([STARTED, PLANNED, landed("Tag/one.csv"), landed("Tag/two.csv")]);
  await journal.record([landed("Tag/three.csv")]);
  return storage;
}

type Json = Record<string | number, unknown>;

function jsonOf(storage: MemoryStorage, sequence: number): Json {
  return JSON.parse(Buffer.from(storage.files.get(entryKey(sequence)) ?? []).toString("utf8")) as Json;
}

async function withEntry(storage: MemoryStorage, sequence: number, json: unknown): Promise<MemoryStorage> {
  await storage.remove([entryKey(sequence)], signal);
  await storage.create(entryKey(sequence), Buffer.from(JSON.stringify(json)), signal);
  return storage;
}

type Damage = readonly [sequence: 1 | 2, path: readonly (string | number)[], value: unknown];

const tag = ["snapshot", "objects", "Tag"] as const;
const DAMAGED: readonly Damage[] = [
  ...[undefined, "1", 0, -1, 1.5, 3, null, 2].map((base): Damage => [2, ["base"], base]),
  ...[undefined, null, {}, 7].map((changes): Damage => [2, ["changes"], changes]),
  [2, ["snapshot"], {}],
  [2, ["sequence"], 1],
  [2, ["format_version"], "1"],
  [2, ["format_version"], undefined],
  [2, ["changes", 0], null],
  [2, ["changes", 0, "type"], "landed-twice"],
  [2, ["changes", 0, "type"], "constructor"],
  [2, ["changes", 0, "object"], "__proto__"],
  [2, ["changes", 0, "object"], "Form"],
  [2, ["changes", 0, "window"], "Tag/updated_at/0/2000"],
  [2, ["changes", 0, "file"], 7],
  [2, ["changes", 0, "file", "rows"], "1"],
  [2, ["changes", 0, "file", "columns"], 1],
  [1, ["base"], 2],
  ...[undefined, null, {}, [], "x"].map((snapshot): Damage => [1, ["snapshot"], snapshot]),
  ...["businessUnit", "objects", "emails", "ledger", "runs"].flatMap((part): Damage[] => [
    [1, ["snapshot", part], undefined],
    [1, ["snapshot", part], 7],
  ]),
  [1, ["snapshot", "ledger", "reserved"], "many"],
  [1, ["snapshot", "runs", 0, "status"], "fine"],
  [1, tag, null],
  [1, [...tag, "windows"], {}],
  [1, [...tag, "windows", 0, "from"], "1900"],
  [1, [...tag, "windows", 0, "files", 0, "columns"], 5],
  [1, [...tag, "coverage"], [[0, 1]]],
  [1, [...tag, "fields"], undefined],
  [1, ["columns"], 7],
];

describe("an entry of the journal", () => {
  it("stores the columns of its files once, and returns them with each file", async () => {
    const storage = await withFiles();
    expect(JSON.stringify(jsonOf(storage, 1)).split('"name"')).toHaveLength(2);
    const { state } = await loadState(storage, signal);
    expect(state.objects["Tag"]?.windows[0]?.files.map(({ columns }) => columns)).toEqual(
      [FILE, FILE, FILE].map(({ columns }) => columns),
    );
  });

  it("is read as earlier versions wrote it, with the columns in each file", async () => {
    const storage = await withFiles();
    const { state } = await loadState(storage, signal);
    const entry = { format_version: 1, sequence: 3, base: 3, run_id: "r", written_at: "", snapshot: state };
    await storage.create(entryKey(3), Buffer.from(JSON.stringify(entry, null, 1)), signal);
    expect((await loadState(storage, signal)).state).toEqual(state);
  });

  it.each(DAMAGED)(
    "is damaged, never treated as no history, if in number %i %j is %j",
    async (sequence, path, value) => {
      const storage = await withFiles();
      const json = jsonOf(storage, sequence);
      let place = json;
      for (const part of path.slice(0, -1)) place = place[part] as Json;
      if (value === undefined) delete place[path.at(-1) ?? ""];
      else place[path.at(-1) ?? ""] = value;
      const read = loadState(await withEntry(storage, sequence, json), signal);
      await expect(read).rejects.toMatchObject({ code: "state.damaged", exitCode: 6 });
      await expect(read).rejects.toThrow(entryKey(sequence));
    },
  );

  it.each(["", "{", "null", "{}", "[]", "7", '"x"', "\u0000"])("is damaged when it is %j", async (text) => {
    const storage = await withFiles();
    await storage.remove([entryKey(2)], signal);
    await storage.create(entryKey(2), Buffer.from(text), signal);
    await expect(loadState(storage, signal)).rejects.toMatchObject({ code: "state.damaged" });
  });

  it("separates objects of any name from the members of every JavaScript object", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    await journal.record([
      { ...PLANNED, object: "constructor" },
      { ...PLANNED, object: "__proto__" },
    ]);
    await journal.compact();
    const { state } = await loadState(storage, signal);
    expect(Object.keys(state.objects)).toEqual(["constructor", "__proto__"]);
    expect(objectState(state, "__proto__").windows).toHaveLength(1);
    expect(objectState(state, "toString").windows).toEqual([]);
  });

  it("is ignored under another kind of name", async () => {
    const storage = await withFiles();
    for (const name of ["1.json", "0000000009.json.bak", "0000000009.JSON", "notes.txt", "lease/0000000009.json"]) {
      await storage.create(`_pardot_etl/state/${name}`, Buffer.from("{"), signal);
    }
    expect(await loadState(storage, signal)).toMatchObject({ sequence: 2, sequences: [1, 2] });
  });

  it("is never written larger than it can be read back: the run continues, and its end reports it", async () => {
    const storage = openMemoryStorage();
    const limited = async (bytesMax: number): Promise<Journal> =>
      new Journal({
        storage,
        clock: fakeClock(),
        runId: "r",
        loaded: await loadState(storage, signal),
        signal,
        bytesMax,
      });
    const journal = await limited(4000);
    await journal.record([PLANNED]);
    for (let i = 0; i < 450; i += 1) {
      await journal.record([
        { type: "landed", object: "Tag", window: WINDOW, file: { ...FILE, key: `Tag/${i}.csv` }, cursor: null },
      ]);
    }
    const reserved: Change = { type: "calls-reserved", day: "2026-03-20", calls: 3 };
    await expect(journal.compact([reserved])).rejects.toMatchObject({ code: "state.too-large", exitCode: 7 });
    expect(Math.max(...[...storage.files.values()].map(({ length }) => length))).toBeLessThanOrEqual(4000);
    const { state } = await loadState(storage, signal);
    expect(state.objects["Tag"]?.windows[0]?.files).toHaveLength(450);
    expect(state.ledger.reserved).toBe(3);
    // With the limit lifted it is one snapshot again.
    await (await limited(1_000_000)).compact();
    expect(await loadState(storage, signal)).toMatchObject({ state, base: 453 });
  });
});
