import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAUSE_MAX_MS, SERVER_PAUSE_MAX_MS, backoffMs, pauseMs, retryAfterMs } from "./backoff.ts";

describe("back-off", () => {
  test("starts between one and two seconds and doubles", () => {
    expect([1, 2, 3, 4, 5].map((failed) => backoffMs(failed, 0))).toEqual([1000, 2000, 4000, 8000, 16_000]);
    expect([1, 2, 3, 4, 5].map((failed) => backoffMs(failed, 0.5))).toEqual([1500, 3000, 6000, 12_000, 24_000]);
  });

  test("the server's demand is the floor, up to a quarter of an hour", () => {
    expect(backoffMs(1, 0, 30_000)).toBe(30_000);
    expect(backoffMs(3, 0, 10)).toBe(4000);
    expect(backoffMs(1, 0, 600_000)).toBe(600_000);
    expect(backoffMs(1, 0, 86_400_000)).toBe(SERVER_PAUSE_MAX_MS);
    expect(pauseMs(60_000, 0.5, 600_000)).toBe(600_000);
  });

  test("a fixed pause is never shorter than its base", () => {
    expect(pauseMs(60_000, 0)).toBe(60_000);
    expect(pauseMs(60_000, 0.5)).toBe(63_000);
  });

  test("every random pause is within the span of its failure", () => {
    const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), dice, (failed, unit) => {
        const ms = backoffMs(failed, unit);
        expect(ms).toBeGreaterThanOrEqual(Math.min(1000 * 2 ** (failed - 1), PAUSE_MAX_MS));
        expect(ms).toBeLessThanOrEqual(Math.min(1000 * 2 ** failed, PAUSE_MAX_MS));
      }),
    );
  });

  test("Retry-After is seconds or a date; anything else is ignored", () => {
    const now = Date.UTC(2026, 0, 31, 12);
    expect(retryAfterMs("120", now)).toBe(120_000);
    expect(retryAfterMs("Sat, 31 Jan 2026 12:00:30 GMT", now)).toBe(30_000);
    expect(retryAfterMs("Sat, 31 Jan 2026 11:00:00 GMT", now)).toBe(0);
    expect([retryAfterMs(undefined, now), retryAfterMs("soon", now), retryAfterMs("-5", now)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
