import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { RecordedCalls, takeUntilRefused } from "../../test/kit/budget.ts";
import { systemRandom } from "../platform/random.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { CallBudget } from "./call-budget.ts";
import type { CallStore } from "./call-budget.ts";
import { NotedCalls, notedOn, notesBefore } from "./call-stores.ts";
import { Journal, loadState } from "./journal.ts";

// Holds G4: what commands without the lease call is counted with what runs call.

const { signal } = new AbortController();
const DAY = "2026-03-20";

function budgetOf(store: CallStore, budget: number | null): CallBudget {
  const clock = fakeClock();
  return new CallBudget({ store, budget, zone: "UTC", quota: null, now: () => clock.now() });
}

function notedCalls(storage: MemoryStorage, budget: number | null): CallBudget {
  const clock = fakeClock();
  const now = (): number => clock.now();
  const hasBudget = budget !== null;
  return budgetOf(new NotedCalls({ command: "plan", storage, hasBudget, now, clock, random: systemRandom }), budget);
}

async function runCalls(storage: MemoryStorage, budget: number): Promise<CallBudget> {
  const loaded = await loadState(storage, signal);
  const journal = new Journal({ storage, clock: fakeClock(), runId: "r", loaded, signal });
  return budgetOf(new RecordedCalls(journal, storage), budget);
}

describe("G4 calls of commands without the lease", () => {
  it("are noted before they are made, and corrected to the number made at the end", async () => {
    const storage = openMemoryStorage();
    const calls = notedCalls(storage, 100);
    for (let i = 0; i < 3; i += 1) await calls.take();
    expect(await notedOn(DAY, storage, signal)).toBeGreaterThanOrEqual(3);
    await calls.settle();
    expect(await notedOn(DAY, storage, signal)).toBe(3);
    expect([...storage.files.keys()]).toEqual([
      expect.stringMatching(/^_pardot_etl\/state\/calls\/2026-03-20\/20260320T093000Z-[0-9a-f]{8}-3\.json$/),
    ]);
  });

  it("never exceed the budget together with those of runs", async () => {
    const storage = openMemoryStorage();
    const run = await runCalls(storage, 40);
    for (let i = 0; i < 25; i += 1) await run.take();
    // Twenty of its second block are reserved: nothing is left for others.
    expect(await takeUntilRefused(notedCalls(storage, 40))).toBe(0);
    await run.settle();
    const calls = notedCalls(storage, 40);
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => calls.take()));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(15);
    expect(await takeUntilRefused(await runCalls(storage, 40))).toBe(0);
  });

  it("are noted once, at the end, without a budget", async () => {
    const storage = openMemoryStorage();
    await notedCalls(storage, null).settle();
    expect(storage.effects).toEqual([]);
    const calls = notedCalls(storage, null);
    for (let i = 0; i < 25; i += 1) await calls.take();
    expect(storage.effects).toEqual([]);
    expect(await calls.callsToday()).toBe(25);
    await calls.settle();
    await calls.settle();
    expect(storage.effects).toHaveLength(1);
    expect(await notedOn(DAY, storage, signal)).toBe(25);
  });

  it.each([null, 100])(
    "count the calls of runs and other commands made before, with a budget of %s",
    async (budget) => {
      const storage = openMemoryStorage();
      const run = await runCalls(storage, 100);
      for (let i = 0; i < 4; i += 1) await run.take();
      await run.settle();
      const before = notedCalls(storage, budget);
      await before.take();
      await before.settle();
      const calls = notedCalls(storage, budget);
      for (let i = 0; i < 2; i += 1) await calls.take();
      expect(await calls.callsToday()).toBe(7);
    },
  );

  it("never spend a call twice when two reserve at the same moment", async () => {
    const storage = openMemoryStorage();
    const taken = await Promise.all([
      takeUntilRefused(notedCalls(storage, 10)),
      takeUntilRefused(notedCalls(storage, 10)),
      takeUntilRefused(await runCalls(storage, 10)),
    ]);
    expect(taken.reduce((sum, calls) => sum + calls, 0)).toBeLessThanOrEqual(10);
  });

  it("are removed when their day is over", async () => {
    const storage = openMemoryStorage();
    const calls = notedCalls(storage, 5);
    await calls.take();
    const keys = [...storage.files.keys()];
    expect(notesBefore(DAY, keys)).toEqual([]);
    expect(notesBefore("2026-03-21", [...keys, "_pardot_etl/state/0000000001.json"])).toEqual(keys);
  });
});
