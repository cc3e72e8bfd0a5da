import { describe, expect, it } from "vitest";
import { EFFORT } from "./effort.ts";
import { playSchedule } from "./schedule.ts";

// Holds G10: the table that the run loads is correct, with the real DuckDB; schedules.test.ts tests it with a stand-in.

/** The first of the seeds; they are the same each time, since DuckDB's own process is not played by turns. */
const FIRST = 610_000;

describe("with a real DuckDB", { timeout: 600_000 }, () => {
  it.each(Array.from({ length: EFFORT.duckdbSchedules }, (_, n) => FIRST + n))(
    "G10 the tables are the truth when all that befalls the runs of seed %i is over",
    async (seed) => {
      expect((await playSchedule(seed, { warehouse: "duckdb" })).findings).toEqual([]);
    },
  );
});
