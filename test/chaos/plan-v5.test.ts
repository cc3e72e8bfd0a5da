import { expect, it } from "vitest";
import { createDice } from "./dice.ts";
import { READINGS } from "./plan-v5.ts";
import { planOf } from "./plan.ts";
import { SeenV5 } from "./seen-v5.ts";

// The schedules of schedules.test.ts contain every way of reading through API v5; docs/reliability.md lists the faults.

const PLANS = Array.from({ length: 400 }, (_, seed) => planOf(seed, createDice(String(seed)).apart("plan")));
const WITH_V5 = PLANS.filter(({ v5 }) => v5 !== undefined);

it("every way of reading through API v5 is in at least a tenth of the schedules with v5", () => {
  expect(WITH_V5.length).toBeGreaterThan(PLANS.length * 0.4);
  for (const reading of READINGS) {
    const plans = WITH_V5.filter(({ v5 }) => v5?.readings.includes(reading) === true);
    expect(plans.length, reading).toBeGreaterThan(WITH_V5.length * 0.1);
  }
});

it.each(["v5MissingFields", "v5RedactedFields", "v5IgnoredFilters", "v5RequiredFilters"] as const)(
  "%s makes accounts difficult in at least a twentieth of them",
  (knob) => {
    const plans = WITH_V5.filter(({ account }) => (account.knobs?.[knob] ?? "") !== "");
    expect(plans.length).toBeGreaterThan(WITH_V5.length * 0.05);
  },
);

it("sequences of page tokens end early in at least a third of them", () => {
  const plans = WITH_V5.filter(({ account }) => (account.knobs?.v5TokenRecords ?? 100_000) < 100_000);
  expect(plans.length).toBeGreaterThan(WITH_V5.length / 3);
});

it("what of v5 never happens is counted as 0", () => {
  const seen = new SeenV5(undefined);
  seen.note(new URL("http://pardot.test/api/v5/objects/visits?nextPageToken=a"), 400, {}, '{"code":210}');
  seen.noteInterruptions(["GET /api/v5/objects/visits", "wake 5", "kill"]);
  expect([...seen.counts].filter(([, count]) => count > 0)).toEqual([
    ["pages", 1],
    ["pages by token", 1],
    ["page tokens expired (210, 211)", 1],
    ["killed after a page", 1],
  ]);
  expect(seen.counts.get("sequences ended (203)")).toBe(0);
});
