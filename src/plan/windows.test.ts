import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DAY_MS } from "../time/instant.ts";
import { fromLocal, toLocal } from "../time/zone.ts";
import { cutWindows } from "./windows.ts";
import type { Window } from "./windows.ts";

// Holds G1: windows have no hole and no overlap.

const range = (from: string, to: string): Window => ({
  field: "updated_at",
  from: Date.parse(from),
  to: Date.parse(to),
  askFrom: Date.parse(from),
});
const ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"];

describe("windows", () => {
  it("keep a short range whole", () => {
    const day = range("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    expect(cutWindows(day, 364, "UTC")).toEqual([day]);
  });

  it("are none for an empty range", () => {
    expect(cutWindows(range("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 364, "UTC")).toEqual([]);
  });

  it("skip empty years: the first window keeps its name and starts at the oldest record", () => {
    const history: Window = {
      ...range("1900-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
      askFrom: Date.parse("2025-06-01T00:00:00Z"),
    };
    const windows = cutWindows(history, 364, "UTC");
    expect(windows).toHaveLength(1);
    expect(windows[0]?.from).toBe(history.from);
    expect(windows[0]?.askFrom).toBe(history.askFrom);
  });

  it("cover any range without holes or overlaps, and none is too long by the clock or by the wall", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.integer({ min: Date.parse("1999-12-30T00:00:00Z") / 1000, max: Date.parse("2030-01-01T00:00:00Z") / 1000 }),
        fc.integer({ min: 1, max: 3 * 366 * 86_400 }),
        fc.constantFrom(1, 30, 364),
        (zone, start, length, days) => {
          const whole: Window = {
            field: "updated_at",
            from: start * 1000,
            to: (start + length) * 1000,
            askFrom: start * 1000,
          };
          const windows = cutWindows(whole, days, zone);
          expect(windows[0]?.from).toBe(whole.from);
          expect(windows.at(-1)?.to).toBe(whole.to);
          for (const [i, window] of windows.entries()) {
            expect(window.to).toBeGreaterThan(window.askFrom);
            expect(window.to - window.askFrom).toBeLessThanOrEqual(days * DAY_MS);
            const wall =
              fromLocal(toLocal(window.to, zone), "UTC", "earlier") -
              fromLocal(toLocal(window.askFrom, zone), "UTC", "earlier");
            expect(wall).toBeLessThanOrEqual(days * DAY_MS);
            const next = windows[i + 1];
            if (next !== undefined) expect(next.from).toBe(window.to);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
