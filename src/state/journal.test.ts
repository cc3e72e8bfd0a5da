import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { LeaseError } from "../errors.ts";
import { countedStorage } from "../../test/kit/fakes/counted-storage.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { entryKey, Journal, loadState } from "./journal.ts";
import type { Storage } from "../storage/storage.ts";
import type { Change } from "./state.ts";

// Holds G3 (the state after a cut at any entry) and G5 (a second writer is found out).

const signal = new AbortController().signal;
const reserve = (calls: number): Change => ({ type: "calls-reserved", day: "2026-03-20", calls });

function started(runId: string, entry: number): Change {
  return { type: "run-started", businessUnit: "0Uv", runId, at: "2026-03-20T08:00:00.000Z", entry };
}

async function open(storage: MemoryStorage, runId = "r1"): Promise<Journal> {
  return new Journal({ storage, clock: fakeClock(), runId, loaded: await loadState(storage, signal), signal });
}

describe("journal", () => {
  it("starts from nothing", async () => {
    const loaded = await loadState(openMemoryStorage(), signal);
    expect(loaded).toMatchObject({ sequence: 0, state: { objects: {}, businessUnit: null } });
  });

  it("returns the recorded changes", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    await journal.record([reserve(20)]);
    await journal.record([reserve(5)]);
    const loaded = await loadState(storage, signal);
    expect(loaded.state).toEqual(journal.state);
    expect(loaded.state.ledger.reserved).toBe(25);
  });

  it("writes concurrent changes in one entry, and each caller waits for its own", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    const first = journal.record([reserve(1)]);
    const others = [2, 3, 4].map((calls) => journal.record([reserve(calls)]));
    await first;
    await Promise.all(others);
    expect((await loadState(storage, signal)).state.ledger.reserved).toBe(10);
    expect(storage.effects.length).toBeLessThan(4);
  });

  it("survives a cut after any entry: the state is that of a prefix", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    for (let calls = 1; calls <= 5; calls += 1) await journal.record([reserve(calls)]);
    const keys = [...storage.files.keys()].toSorted();
    for (let kept = 0; kept <= keys.length; kept += 1) {
      const cut = openMemoryStorage();
      for (const key of keys.slice(0, kept)) await cut.create(key, storage.files.get(key) ?? new Uint8Array(), signal);
      expect((await loadState(cut, signal)).state.ledger.reserved).toBe((kept * (kept + 1)) / 2);
    }
  });

  it("stops as soon as another run has written", async () => {
    const storage = openMemoryStorage();
    const mine = await open(storage, "r1");
    const other = await open(storage, "r2");
    await other.record([reserve(1)]);
    await expect(mine.record([reserve(2)])).rejects.toThrow(LeaseError);
    await expect(mine.record([reserve(3)])).rejects.toThrow(LeaseError);
    expect((await loadState(storage, signal)).state.ledger.reserved).toBe(1);
  });

  it("replaces old entries by a snapshot, and keeps the one before it", async () => {
    const storage = openMemoryStorage();
    let journal = await open(storage);
    await journal.record([reserve(1)]);
    await journal.record([reserve(2)]);
    await journal.compact();
    journal = await open(storage);
    await journal.record([reserve(3)]);
    await journal.compact();
    expect([...storage.files.keys()].toSorted()).toEqual([3, 4, 5].map(entryKey));
    expect((await loadState(storage, signal)).state.ledger.reserved).toBe(6);
  });

  it("G5 keeps the number that a suspended run would write next, however many runs start and compact", async () => {
    const storage = openMemoryStorage();
    await (await open(storage, "r0")).record([started("r0", 1)]);
    const sleeper = await open(storage, "sleeper");
    for (const runId of ["r1", "r2", "r3"]) {
      const { sequence } = await loadState(storage, signal);
      const journal = await open(storage, runId);
      await journal.record([started(runId, sequence + 1)]);
      for (let i = 0; i < 3; i += 1) await journal.record([reserve(1)]);
      await journal.compact();
    }
    await expect(sleeper.record([reserve(1)])).rejects.toThrow(LeaseError);
    // Only the first ones are kept: the others would make the folder grow for ever.
    expect(storage.files.size).toBeLessThan(13);
  });

  it("is read completely even while a run replaces older entries with a snapshot", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    for (const calls of [1, 2]) {
      await journal.record([reserve(calls)]);
      await journal.compact();
    }
    let isFirst = true;
    const moving: Storage = {
      ...storage,
      read: async (key, stop) => {
        // What was listed goes away before it is read.
        if (isFirst) for (let i = 0; i < 3; i += 1) await journal.compact();
        isFirst = false;
        return storage.read(key, stop);
      },
    };
    expect((await loadState(moving, signal)).state.ledger.reserved).toBe(3);
  });

  it("is read again with one list until a later entry is written, and whole after that", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    for (const calls of [1, 2, 3]) await journal.record([reserve(calls)]);
    await storage.create("_pardot_etl/state/lease/0000000001.json", Buffer.from("{}"), signal);
    const counted = countedStorage(storage);
    const known = await loadState(counted, signal);
    expect(known.others).toEqual(["_pardot_etl/state/lease/0000000001.json"]);
    expect(counted.requests).toMatchObject({ list: 1, read: 3 });
    await storage.create("_pardot_etl/state/lease/0000000002.json", Buffer.from("{}"), signal);
    const again = await loadState(counted, signal, known);
    expect(again.state).toBe(known.state);
    expect(again.others).toHaveLength(2);
    expect(counted.requests).toMatchObject({ list: 2, read: 3 });
    await journal.record([reserve(4)]);
    await journal.compact();
    const later = await loadState(counted, signal, known);
    expect(later).toMatchObject({ state: { ledger: { reserved: 10 } }, sequence: 5, base: 5 });
  });

  it("reads many entries at a time, and applies them in order", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    for (let entry = 1; entry <= 40; entry += 1) await journal.record([started(`r${entry}`, entry)]);
    let [inFlight, most] = [0, 0];
    const slow: Storage = {
      ...storage,
      read: async (key, stop) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight -= 1;
        return storage.read(key, stop);
      },
    };
    const { state } = await loadState(slow, signal);
    expect(state).toEqual(journal.state);
    expect(most).toBe(16);
  });

  it("holds noted changes at once, and writes them with the next entry", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    journal.note([reserve(2)]);
    expect(journal.state.ledger.reserved).toBe(2);
    await Promise.resolve();
    expect(storage.effects).toEqual([]);
    await journal.record([reserve(3)]);
    expect(storage.effects).toHaveLength(1);
    expect((await loadState(storage, signal)).state.ledger.reserved).toBe(5);
  });

  it("ends with one entry that has the last changes, and one removal", async () => {
    const storage = openMemoryStorage();
    for (const calls of [1, 2]) {
      const journal = await open(storage);
      await journal.record([reserve(calls)]);
      await journal.compact();
    }
    await storage.create("_pardot_etl/state/old", Buffer.from("x"), signal);
    const before = storage.effects.length;
    const removals: (readonly string[])[] = [];
    const remove: Storage["remove"] = async (keys, stop) => {
      removals.push(keys);
      await storage.remove(keys, stop);
    };
    const journal = await open({ ...storage, remove });
    await journal.compact([reserve(4)], ["_pardot_etl/state/old"]);
    expect(storage.effects.slice(before)).toHaveLength(1 + 3);
    expect(removals).toEqual([[entryKey(2), entryKey(3), "_pardot_etl/state/old"]]);
    expect((await loadState(storage, signal)).state.ledger.reserved).toBe(7);
  });

  it("writes a snapshot on its own after many entries, so that reading stays short", async () => {
    const storage = openMemoryStorage();
    const journal = await open(storage);
    for (let i = 0; i < 450; i += 1) await journal.record([reserve(1)]);
    const loaded = await loadState(storage, signal);
    expect(loaded.state.ledger.reserved).toBe(450);
    expect(loaded.sequence - loaded.base).toBeLessThan(200);
  });

  it("reports an entry that is missing or newer than this version", async () => {
    const missing = openMemoryStorage();
    const entry = { format_version: 1, sequence: 2, base: 1, run_id: "r", written_at: "", changes: [] };
    await missing.create(entryKey(2), new TextEncoder().encode(JSON.stringify(entry)), signal);
    await expect(loadState(missing, signal)).rejects.toThrow("it is missing");

    const newer = openMemoryStorage();
    const next = { ...entry, format_version: 3 };
    await newer.create(entryKey(2), new TextEncoder().encode(JSON.stringify(next)), signal);
    await expect(loadState(newer, signal)).rejects.toMatchObject({ code: "state.newer-format", exitCode: 6 });
  });
});
