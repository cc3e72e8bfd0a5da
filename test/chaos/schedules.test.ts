import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../../src/platform/random.ts";
import { EFFORT } from "./effort.ts";
import { playSchedule } from "./schedule.ts";

// Holds G1, G2, G3, G4, G5, G6, G8 and G10 over schedules of faults and kills; docs/reliability.md lists the checks.

const PROGRAM = join(import.meta.dirname, "../../scripts/chaos.ts");
const SCHEDULES = EFFORT.schedules;

it(
  `G1 G2 G3 G4 G5 G6 G8 G10 hold over ${SCHEDULES} fresh schedules of faults and kills`,
  { timeout: 1_800_000 },
  async () => {
    const seed = Number.parseInt(systemRandom.hex(4), 16);
    const args = ["--runs", String(SCHEDULES), "--seed", String(seed), "--jobs", "1"];
    console.log(`npm run chaos -- ${args.join(" ")}`);
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let complaints = "";
    let tally = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.stdout.setEncoding("utf8").on("data", (text: string) => (tally += text));
    const [code] = (await once(child, "close")) as [number | null];
    expect(code, complaints).toBe(0);
    expect(JSON.parse(tally)).toMatchObject({ schedules: SCHEDULES, failed: 0 });
  },
);

/** Seeds that once failed, and the reason: when no object of API v5 was in any schedule. */
const ONCE_FAILED = [
  [100_034, "lanes of a run that could not write its state called Pardot after the run had ended, uncounted"],
  [401_121, "a run that slept while two others ran and compacted wrote state entries whose numbers were free again"],
  [410_754, "the harness itself swapped two versions in the hour that a clock shows twice"],
  [804_003, "an export of another window was adopted because it was the first of its object in the list"],
  [820_118, "a history cut before any record showed a last update was planned again by creation"],
  [820_257, "an object was extracted although its plan could not be recorded"],
  [820_463, "a record with a later id was created before the first one, and the history began after it"],
  [820_953, "a file was accepted although half of its header was foreign"],
  [831_052, "the id of an export was used twice, and the first one's files were landed for the second"],
  [900_008, "the harness itself missed calls made after midnight, because the account's clock is frozen"],
  [
    917_356,
    "the harness itself sent a false empty page twice, because the page was requested again with a smaller limit",
  ],
] as const;

/** Those that once failed with objects of API v5. */
const ONCE_FAILED_WITH_V5 = [
  [1_300_125, "the harness itself made variations of no dynamic content, which nothing finds parent by parent"],
  [1_300_460, "the harness itself let a sequence of page tokens end within one second of list emails"],
  [1_301_232, "the harness itself replaced warning 203 of a page by 202"],
  [1_300_481, "the simulator took the account for a page of 200 records, which timed out"],
] as const;

it.each(ONCE_FAILED_WITH_V5)("G1 G4 G5 seed %i passes: %s", { timeout: 120_000 }, async (seed) => {
  expect((await playSchedule(seed)).findings).toEqual([]);
});

it.each(ONCE_FAILED)("G1 G4 G5 seed %i passes: %s", { timeout: 120_000 }, async (seed) => {
  expect((await playSchedule(seed, {}, false)).findings).toEqual([]);
});

describe("a schedule", () => {
  it("has the same steps each time its seed is played", { timeout: 600_000 }, async () => {
    const [first, again] = [await playSchedule(5), await playSchedule(5)];
    expect(first.trace.length).toBeGreaterThan(100);
    expect(again.trace).toEqual(first.trace);
  });
});
