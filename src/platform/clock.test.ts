import { afterEach, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";

afterEach(() => vi.restoreAllMocks());

it("the monotonic clock counts whole milliseconds, as instants do", async () => {
  const before = systemClock.monotonic();
  await systemClock.sleep(20);
  const passed = systemClock.monotonic() - before;
  expect(Number.isInteger(before)).toBe(true);
  expect(passed).toBeGreaterThanOrEqual(18);
});

it("the monotonic clock is independent of the wall clock", () => {
  const before = systemClock.monotonic();
  vi.spyOn(Date, "now").mockReturnValue(Date.now() + 7 * 3_600_000);
  expect(systemClock.monotonic() - before).toBeLessThan(1000);
});
