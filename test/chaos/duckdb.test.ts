import { describe, expect, it } from "vitest";
import { playSchedule } from "./schedule.ts";

// Holds G10: the table that the run loads is correct, with the real DuckDB; schedules.test.ts tests it with a stand-in.

const SCHEDULES = process.env["CI"] === undefined ? 6 : 12;
/** The first seed. The seeds are fixed because DuckDB's own process does not play by turns. */
const FIRST = 610_000;

describe("with a real DuckDB", { timeout: 600_000 }, () => {
  it.each(Array.from({ length: SCHEDULES }, (_, n) => FIRST + n))(
    "G10 the tables are the truth when all that befalls the runs of seed %i is over",
    async (seed) => {
      expect((await playSchedule(seed, { warehouse: "duckdb" })).findings).toEqual([]);
    },
  );
});
