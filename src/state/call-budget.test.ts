import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { RecordedCalls, takeUntilRefused } from "../../test/kit/budget.ts";
import { LeaseError } from "../errors.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { CallBudget } from "./call-budget.ts";
import type { AccountQuota, CallBudgetOptions } from "./call-budget.ts";
import { entryKey, Journal, loadState } from "./journal.ts";

// Holds G4: a call is reserved before it is made.

const signal = new AbortController().signal;

type Options = Partial<CallBudgetOptions & AccountQuota> & {
  readonly journal?: Journal;
  /** Calls noted by commands. */
  readonly noted?: () => Promise<number>;
};

async function open(storage: MemoryStorage, options: Options = {}): Promise<CallBudget> {
  const { share = 0.8, usage = () => null, sent = () => 0, noted = async () => 0, ...given } = options;
  const loaded = await loadState(storage, signal);
  const journal = options.journal ?? new Journal({ storage, clock: fakeClock(), runId: "r", loaded, signal });
  const store = new RecordedCalls(journal, storage);
  store.readOn = noted;
  const now = (): number => Date.parse("2026-03-20T09:30:00Z");
  return new CallBudget({ store, budget: null, zone: "UTC", quota: { share, usage, sent }, now, ...given });
}

describe("a run's call budget", () => {
  it("reserves calls in the state before they are made", async () => {
    const storage = openMemoryStorage();
    const calls = await open(storage);
    await calls.take();
    expect((await loadState(storage, signal)).state.ledger.reserved).toBeGreaterThanOrEqual(1);
  });

  it("reserves its first calls in the entry that is recorded with them, and gives them back if Pardot's day is another", async () => {
    const storage = openMemoryStorage();
    const loaded = await loadState(storage, signal);
    const journal = new Journal({ storage, clock: fakeClock(), runId: "r", loaded, signal });
    let now = Date.parse("2026-11-23T19:00:00Z");
    const calls = await open(storage, { journal, now: () => now });
    await Promise.all([journal.record([{ type: "calls-reserved", day: "2026-11-23", calls: 3 }]), calls.prepare()]);
    expect(storage.effects).toHaveLength(1);
    expect(journal.state.ledger).toMatchObject({ day: "2026-11-23", reserved: 23 });
    await calls.take();
    expect(storage.effects).toHaveLength(1);
    now = Date.parse("2026-03-20T09:30:00Z");
    await calls.take();
    expect(journal.state.ledger).toMatchObject({ day: "2026-03-20", reserved: 20, previous: { reserved: 4 } });
  });

  it("with a budget waits for the first call, because its calls must fit on Pardot's day", async () => {
    const storage = openMemoryStorage();
    await (await open(storage, { budget: 0 })).prepare();
    expect(storage.effects).toEqual([]);
  });

  it("refuses every call after the journal has failed", async () => {
    const storage = openMemoryStorage();
    const loaded = await loadState(storage, signal);
    const [mine, other] = ["a", "b"].map(
      (runId) => new Journal({ storage, clock: fakeClock(), runId, loaded, signal }),
    );
    const calls = await open(storage, mine === undefined ? {} : { journal: mine });
    await calls.take();
    await expect(other?.record([])).rejects.toThrow(LeaseError);
    await storage.create(entryKey(2), new Uint8Array(1), signal);
    await expect(mine?.record([])).rejects.toThrow(LeaseError);
    await expect(calls.take()).rejects.toThrow(LeaseError);
  });

  it("never exceeds the budget, however many lanes take calls at once", async () => {
    const calls = await open(openMemoryStorage(), { budget: 33 });
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => calls.take()));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(33);
  });

  it("counts the calls that killed runs reserved", async () => {
    const storage = openMemoryStorage();
    const killed = await open(storage, { budget: 50 });
    for (let i = 0; i < 21; i += 1) await killed.take();
    expect(await takeUntilRefused(await open(storage, { budget: 50 }))).toBe(10);
  });

  it("gives back calls that were not made", async () => {
    const storage = openMemoryStorage();
    const first = await open(storage, { budget: 50 });
    for (let i = 0; i < 21; i += 1) await first.take();
    await first.settle();
    expect(await takeUntilRefused(await open(storage, { budget: 50 }))).toBe(29);
  });

  it("starts again when the account's next day begins", async () => {
    let now = Date.parse("2026-03-20T03:59:00Z");
    const calls = await open(openMemoryStorage(), { budget: 3, zone: "America/New_York", now: () => now });
    expect(await takeUntilRefused(calls)).toBe(3);
    now = Date.parse("2026-03-20T04:00:00Z");
    expect(await takeUntilRefused(calls)).toBe(3);
  });

  it("stops at 80 % of the account's calls, including those of other integrations", async () => {
    let [used, sent] = [79, 0];
    const calls = await open(openMemoryStorage(), { usage: () => ({ used, max: 100 }), sent: () => sent });
    await calls.take();
    sent = 1;
    used = 80;
    await expect(calls.take()).rejects.toThrow("80 of the account's 100 calls");
  });

  it("stops at 80 % however many lanes take calls at once", async () => {
    const calls = await open(openMemoryStorage(), { usage: () => ({ used: 78, max: 100 }) });
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => calls.take()));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(2);
  });

  it("keeps a day's count when a clock that is ahead reserves in between", async () => {
    const storage = openMemoryStorage();
    let now = Date.parse("2026-03-20T23:59:00Z");
    const options = { budget: 30, now: () => now };
    const first = await open(storage, options);
    for (let i = 0; i < 25; i += 1) await first.take();
    await first.settle();
    now = Date.parse("2026-03-21T00:00:30Z");
    const ahead = await open(storage, options);
    await ahead.take();
    now = Date.parse("2026-03-20T23:59:30Z");
    await ahead.dayIsKnown();
    expect(await takeUntilRefused(ahead)).toBe(4);
  });

  it("counts the first call on Pardot's day, whatever the machine's clock shows", async () => {
    const storage = openMemoryStorage();
    let now = Date.parse("2026-11-23T19:00:00Z");
    const calls = await open(storage, { now: () => now });
    await calls.take();
    now = Date.parse("2026-03-20T09:30:00Z");
    await calls.dayIsKnown();
    await calls.take();
    await calls.settle();
    expect((await loadState(storage, signal)).state.ledger).toMatchObject({ day: "2026-03-20", reserved: 2 });
  });

  describe("at the end of a run", () => {
    it("reports the day's calls, notes included, without unused reservations", async () => {
      const calls = await open(openMemoryStorage(), { budget: 120, noted: async () => 3 });
      for (let call = 0; call < 27; call += 1) await calls.take();
      const day = { callsToday: 30, callsBudget: 120, quotaUsed: null, quotaMax: null, quotaShare: 0.25 };
      expect(await calls.dayCalls()).toEqual(day);
      await calls.settle();
      expect(await calls.dayCalls()).toEqual(day);
    });

    it("reports the larger of the budget share and the account share (capped at 80 %)", async () => {
      const usage = (used: number) => (): { used: number; max: number } => ({ used, max: 1000 });
      const shareOf = async (options: Options): Promise<number | null> => {
        const calls = await open(openMemoryStorage(), options);
        await calls.take();
        return (await calls.dayCalls()).quotaShare;
      };
      expect(await shareOf({})).toBeNull();
      expect(await shareOf({ usage: usage(600) })).toBe(0.75);
      expect(await shareOf({ usage: usage(600), budget: 2 })).toBe(0.75);
      expect(await shareOf({ usage: usage(100), budget: 2 })).toBe(0.5);
      expect(await shareOf({ usage: usage(799), budget: 1 })).toBe(1);
    });

    it("leaves out the notes when the destination cannot be read", async () => {
      const noted = async (): Promise<number> => Promise.reject(new Error("the destination is gone"));
      const calls = await open(openMemoryStorage(), { noted });
      await calls.take();
      expect(await calls.dayCalls()).toMatchObject({ callsToday: 1 });
    });
  });
});
