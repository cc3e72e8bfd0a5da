import { expect, test } from "vitest";
import { createSimClock } from "./simulated-time.ts";
import { resolveKnobs } from "./knobs.ts";
import { createLimits } from "./limits.ts";
import { timezoneOf } from "./account/timezone.ts";

test("the quota's day starts at midnight in the account's time zone", () => {
  let real = 0;
  const clock = createSimClock(Date.parse("2026-03-20T14:59:59Z"), false, () => real);
  const limits = createLimits(clock, timezoneOf("Asia/Tokyo"), 2, resolveKnobs({}));
  expect([limits.count(), limits.count(), limits.count()]).toEqual([null, null, 122]);
  real = 999;
  expect(limits.count()).toBe(122);
  expect(limits.usage()).toEqual({ used: 2, max: 2 });
  real = 1_000;
  expect(limits.usage()).toEqual({ used: 0, max: 2 });
  expect(limits.count()).toBeNull();
});

test("a frozen clock moves only by skipped time, while exports and tokens age", () => {
  let real = 5;
  const clock = createSimClock(1_000, true, () => real);
  real = 905;
  expect([clock.now(), clock.elapsed()]).toEqual([1_000, 900]);
  clock.skip(50);
  expect([clock.now(), clock.elapsed()]).toEqual([1_050, 950]);
});
