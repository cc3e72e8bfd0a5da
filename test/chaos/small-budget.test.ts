import { beforeAll, describe, expect, it } from "vitest";
import { createDice } from "./dice.ts";
import { World } from "./in-process.ts";
import { committedKeys, manifestsIn, recordsOf } from "./landed.ts";
import type { Plan } from "./plan.ts";

// Holds G3 for a history that takes several days' calls: it costs as much as on one day, and is landed once.

const DAYS_MAX = 30;

interface Way {
  readonly object: string;
  /** A page has 200. An export has two files however many records, so more would take no more calls. */
  readonly records: number;
  /** Enough for a day's increment and a part of the history. */
  readonly budget: number;
  /** Calls of one day's run for other things than the history: the connection, the fields, the day's increment. */
  readonly daily: number;
}

/** Not Opportunity, which Pardot cannot filter: each run reads all its pages, and 18 calls a day never suffice. */
const WAYS: readonly Way[] = [
  { object: "TagObject", records: 12_000, budget: 18, daily: 3 },
  { object: "Tag", records: 12_000, budget: 18, daily: 3 },
  { object: "Prospect", records: 3000, budget: 9, daily: 5 },
];

/** One that the run loads at the end of each day, and one that fills at once, like Snowflake's through a pipe. */
const WAREHOUSES = ["duckdb", "prompt"] as const;

function planOf({ object, records }: Way, warehouse: Plan["warehouse"]): Plan {
  return {
    seed: 0,
    account: {
      seed: 11,
      scale: "tiny",
      rows: { [object]: records },
      knobs: { clock: "frozen", filesPerExport: 2 },
    },
    objects: [object],
    env: { PARDOT_ETL_OBJECTS: object, PARDOT_MAX_CONCURRENCY: "2", PARDOT_MAX_WAITING_EXPORTS: "1" },
    lanes: 2,
    budget: null,
    warehouse,
    isGentle: true,
    phases: [],
    clockOffMs: 0,
  };
}

/** Runs the object day by day until a run is complete. */
async function readHistory(plan: Plan, budget: number | null): Promise<{ calls: number; days: number; world: World }> {
  const world = await World.open(plan);
  for (let days = 1; ; days += 1) {
    const ended = await world.runOnce(createDice(`day ${days}`), budget);
    expect(await world.checkBooks(ended, budget)).toEqual([]);
    const files = manifestsIn(world.destination, [...world.chronicle.written.keys()])
      .at(-1)
      ?.objects.flatMap((object) => object.files);
    expect(files?.length, `files committed on day ${days}`).toBeGreaterThan(0);
    if (ended.result?.exitCode === 0) return { calls: world.simulator.stats().calls, days, world };
    expect(ended.result?.exitCode, String(ended.error)).toBe(4);
    expect(days).toBeLessThan(DAYS_MAX);
    world.advance();
  }
}

describe.each(WAYS)("a history of $records records of $object under $budget calls a day", (way) => {
  const { object, records, budget, daily } = way;
  let leastCalls = 0;
  beforeAll(async () => {
    const undisturbed = await readHistory(planOf(way, null), null);
    leastCalls = undisturbed.calls;
    await undisturbed.world.close();
  });

  it.each(WAREHOUSES)(
    "G3 takes at most a tenth more calls than without a budget, and lands no record twice (warehouse %s)",
    { timeout: 600_000 },
    async (warehouse) => {
      const plan = planOf(way, warehouse);
      const { calls, days, world } = await readHistory(plan, budget);
      try {
        expect(days).toBeGreaterThan(1);
        expect(calls).toBeLessThanOrEqual(Math.ceil(leastCalls * 1.1) + daily * days);
        expect(await world.checkEnd()).toEqual([]);
        const keys = committedKeys(manifestsIn(world.destination, [...world.chronicle.written.keys()]), object);
        const rows = keys.reduce(
          (sum, key) => sum + (recordsOf(world.destination.bytes(key) ?? new Uint8Array())?.length ?? 0),
          0,
        );
        // The rows that each day changes and adds, twice if the overlap reaches back to them.
        expect(rows).toBeLessThanOrEqual(records * 1.02 + days * records * 0.015);
      } finally {
        await world.close();
      }
    },
  );
});
