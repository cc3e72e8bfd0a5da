import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/fakes/clock.ts";
import { takeUntilRefused } from "../../test/support/budget.ts";
import { LeaseError } from "../errors.ts";
import { openMemoryStorage } from "../storage/memory.ts";
import type { MemoryStorage } from "../storage/memory.ts";
import { entryKey, Journal, loadState } from "./journal.ts";
import { CallLedger } from "./ledger.ts";
import type { LedgerOptions } from "./ledger.ts";

// Holds G4: a call is reserved before it is made.

const signal = new AbortController().signal;

async function open(storage: MemoryStorage, options: Partial<LedgerOptions> = {}): Promise<CallLedger> {
  const journal = new Journal({
    storage,
    clock: fakeClock(),
    runId: "r",
    loaded: await loadState(storage, signal),
    signal,
  });
  return new CallLedger({
    journal,
    budget: null,
    zone: "UTC",
    share: 0.8,
    now: () => Date.parse("2026-03-20T09:30:00Z"),
    usage: () => null,
    sent: () => 0,
    noted: async () => 0,
    ...options,
  });
}

describe("ledger", () => {
  it("reserves before a call is made, so that a killed run cannot have made more calls than it says", async () => {
    const storage = openMemoryStorage();
    const ledger = await open(storage);
    await ledger.take();
    expect((await loadState(storage, signal)).state.ledger.reserved).toBeGreaterThanOrEqual(1);
  });

  it("gives no call once the journal has failed, though some were reserved", async () => {
    const storage = openMemoryStorage();
    const loaded = await loadState(storage, signal);
    const [mine, other] = ["a", "b"].map(
      (runId) => new Journal({ storage, clock: fakeClock(), runId, loaded, signal }),
    );
    const ledger = await open(storage, mine === undefined ? {} : { journal: mine });
    await ledger.take();
    await expect(other?.record([])).rejects.toThrow(LeaseError);
    await storage.create(entryKey(2), new Uint8Array(1), signal);
    await expect(mine?.record([])).rejects.toThrow(LeaseError);
    await expect(ledger.take()).rejects.toThrow(LeaseError);
  });

  it("never gives a call over the budget, however many ask at once", async () => {
    const ledger = await open(openMemoryStorage(), { budget: 33 });
    const answers = await Promise.allSettled(Array.from({ length: 60 }, () => ledger.take()));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(33);
  });

  it("counts what killed runs have reserved", async () => {
    const storage = openMemoryStorage();
    const killed = await open(storage, { budget: 50 });
    for (let i = 0; i < 21; i += 1) await killed.take();
    expect(await takeUntilRefused(await open(storage, { budget: 50 }))).toBe(10);
  });

  it("gives back what it did not use", async () => {
    const storage = openMemoryStorage();
    const first = await open(storage, { budget: 50 });
    for (let i = 0; i < 21; i += 1) await first.take();
    await first.settle();
    expect(await takeUntilRefused(await open(storage, { budget: 50 }))).toBe(29);
  });

  it("starts anew when the account's day turns", async () => {
    let now = Date.parse("2026-03-20T03:59:00Z");
    const ledger = await open(openMemoryStorage(), { budget: 3, zone: "America/New_York", now: () => now });
    expect(await takeUntilRefused(ledger)).toBe(3);
    now = Date.parse("2026-03-20T04:00:00Z");
    expect(await takeUntilRefused(ledger)).toBe(3);
  });

  it("stops at 80 % of the account's calls, others' use included", async () => {
    let [used, sent] = [79, 0];
    const ledger = await open(openMemoryStorage(), { usage: () => ({ used, max: 100 }), sent: () => sent });
    await ledger.take();
    sent = 1;
    used = 80;
    await expect(ledger.take()).rejects.toThrow("80 of the account's 100 calls");
  });

  it("stops there however many lanes ask at once", async () => {
    const ledger = await open(openMemoryStorage(), { usage: () => ({ used: 78, max: 100 }) });
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => ledger.take()));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(2);
  });

  it("keeps a day's count when a clock that is ahead asks in between", async () => {
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

  it("counts the first call on the day Pardot says it is, whatever the machine's clock says", async () => {
    const storage = openMemoryStorage();
    let now = Date.parse("2026-11-23T19:00:00Z");
    const ledger = await open(storage, { now: () => now });
    await ledger.take();
    now = Date.parse("2026-03-20T09:30:00Z");
    await ledger.dayIsKnown();
    await ledger.take();
    await ledger.settle();
    expect((await loadState(storage, signal)).state.ledger).toMatchObject({ day: "2026-03-20", reserved: 2 });
  });

  describe("counted at the end of a run", () => {
    it("are the day's calls, notes included, without what is reserved and not used", async () => {
      const ledger = await open(openMemoryStorage(), { budget: 120, noted: async () => 3 });
      for (let call = 0; call < 27; call += 1) await ledger.take();
      const day = { callsToday: 30, callsBudget: 120, quotaUsed: null, quotaMax: null, quotaShare: 0.25 };
      expect(await ledger.counted()).toEqual(day);
      await ledger.settle();
      expect(await ledger.counted()).toEqual(day);
    });

    it("have the larger share of budget and account, whose share ends at 80 %", async () => {
      const usage = (used: number) => (): { used: number; max: number } => ({ used, max: 1000 });
      const shareOf = async (options: Partial<LedgerOptions>): Promise<number | null> => {
        const ledger = await open(openMemoryStorage(), options);
        await ledger.take();
        return (await ledger.counted()).quotaShare;
      };
      expect(await shareOf({})).toBeNull();
      expect(await shareOf({ usage: usage(600) })).toBe(0.75);
      expect(await shareOf({ usage: usage(600), budget: 2 })).toBe(0.75);
      expect(await shareOf({ usage: usage(100), budget: 2 })).toBe(0.5);
      expect(await shareOf({ usage: usage(799), budget: 1 })).toBe(1);
    });

    it("go without the notes where the destination does not answer", async () => {
      const noted = async (): Promise<number> => Promise.reject(new Error("the destination is gone"));
      const ledger = await open(openMemoryStorage(), { noted });
      await ledger.take();
      expect(await ledger.counted()).toMatchObject({ callsToday: 1 });
    });
  });
});
