import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  boundAfter,
  boundBefore,
  dayStart,
  fromLocal,
  isSameZone,
  nextDayStart,
  shiftLocal,
  startOfDay,
  toLocal,
  utcText,
} from "./zone.ts";

// Holds G1: bounds in local time include every record.

const ZONES = [
  "UTC",
  "America/New_York",
  "Australia/Lord_Howe",
  "Europe/Berlin",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
];
const second = (text: string): number => Date.parse(text);

describe("wall-clock text", () => {
  it("renders and reads an instant in a zone", () => {
    expect(toLocal(second("2026-07-01T12:00:00Z"), "America/New_York")).toBe("2026-07-01 08:00:00");
    expect(fromLocal("2026-07-01 08:00:00", "America/New_York", "earlier")).toBe(second("2026-07-01T12:00:00Z"));
  });

  it("reads the repeated autumn hour both ways", () => {
    expect(fromLocal("2026-11-01 01:30:00", "America/New_York", "earlier")).toBe(second("2026-11-01T05:30:00Z"));
    expect(fromLocal("2026-11-01 01:30:00", "America/New_York", "later")).toBe(second("2026-11-01T06:30:00Z"));
  });

  it("moves on the wall clock, so that a day earlier is the same time of day", () => {
    expect(shiftLocal("2026-11-02 00:30:00", -86_400_000)).toBe("2026-11-01 00:30:00");
    expect(shiftLocal("2024-03-01 00:00:00", -1000)).toBe("2024-02-29 23:59:59");
  });

  it("finds the next day's start if midnight does not exist", () => {
    // Summer time began at midnight in Sao Paulo until 2018: 4 November had no 00:00.
    expect(nextDayStart(second("2018-11-03T15:00:00Z"), "America/Sao_Paulo")).toBe(second("2018-11-04T03:00:00Z"));
  });

  it.each([
    // Clocks go from 00:00 to 01:00, or from 24:00 back to 23:00: the day starts once.
    ["2026-03-08", "America/Havana", "2026-03-08T05:00:00Z"],
    ["2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"],
    ["2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00Z"],
    ["2026-10-25", "Asia/Beirut", "2026-10-24T22:00:00Z"],
    // A day that Samoa left out, when it crossed the date line.
    ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"],
  ])("starts the day %s in %s with its first second", (day, zone, instant) => {
    const start = startOfDay(day, zone);
    expect(new Date(start).toISOString()).toBe(instant.replace("Z", ".000Z"));
    expect(toLocal(start, zone) >= `${day} 00:00:00` && toLocal(start - 1000, zone) < `${day} 00:00:00`).toBe(true);
  });

  it("counts days on the calendar, whatever their length", () => {
    const noon = second("2026-03-08T16:00:00Z"); // a day of 23 hours in Havana
    expect(dayStart(noon, "America/Havana", 0)).toBe(second("2026-03-08T05:00:00Z"));
    expect(dayStart(noon, "America/Havana", -1)).toBe(second("2026-03-07T05:00:00Z"));
    expect(dayStart(noon, "America/Havana", 1)).toBe(second("2026-03-09T04:00:00Z"));
  });

  it("refuses other texts", () => {
    expect(() => fromLocal("2026-07-01", "UTC", "earlier")).toThrow(RangeError);
  });
});

describe("local text as text of UTC", () => {
  it("is that of its instant, on days of one offset and on those when clocks change", () => {
    const local = fc.date({
      min: new Date("2007-01-01T00:00:00Z"),
      max: new Date("2030-01-01T00:00:00Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(local, fc.constantFrom(...ZONES), (date, zone) => {
        const text = date.toISOString().slice(0, 19).replace("T", " ");
        expect(utcText(text, zone)).toBe(toLocal(fromLocal(text, zone, "earlier"), "UTC"));
      }),
    );
    for (const zone of ZONES)
      for (let quarter = 0; quarter < 96; quarter += 1) {
        const text = shiftLocal("2025-04-06 00:00:00", quarter * 900_000);
        expect(utcText(text, zone)).toBe(toLocal(fromLocal(text, zone, "earlier"), "UTC"));
      }
  });

  it("is the earlier of the two in an hour that is shown twice", () => {
    expect(utcText("2025-11-02 01:30:00", "America/New_York")).toBe("2025-11-02 05:30:00");
  });
});

describe("bounds sent to Pardot", () => {
  it("are one second before the start, and the end itself", () => {
    expect(boundAfter(second("2026-01-01T00:00:00Z"), "UTC")).toBe("2025-12-31 23:59:59");
    expect(boundBefore(second("2026-01-01T00:00:00Z"), "UTC")).toBe("2026-01-01 00:00:00");
  });

  it("keep outside of a repeated hour", () => {
    expect(boundAfter(second("2026-11-01T05:30:00Z"), "America/New_York")).toBe("2026-11-01 00:59:59");
    expect(boundBefore(second("2026-11-01T06:30:00Z"), "America/New_York")).toBe("2026-11-01 02:00:00");
    expect(boundBefore(second("2026-04-04T15:10:00Z"), "Australia/Lord_Howe")).toBe("2026-04-05 02:00:00");
  });

  it("include every record of the window, however the server reads a repeated hour", () => {
    // Days around clock changes, where it matters, with seconds anywhere in them.
    const changes = ["2026-11-01T05:00:00Z", "2026-03-08T06:00:00Z", "2026-04-04T14:00:00Z", "2026-10-25T00:00:00Z"];
    const instant = fc
      .tuple(fc.constantFrom(...changes), fc.integer({ min: -7200, max: 14_400 }))
      .map(([at, offset]) => second(at) + offset * 1000);
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instant, instant, instant, (zone, a, b, c) => {
        const [from, at, to] = [a, b, c].toSorted((x, y) => x - y) as [number, number, number];
        fc.pre(at < to);
        const after = boundAfter(from, zone);
        const before = boundBefore(to, zone);
        const local = toLocal(at, zone);
        for (const reading of ["earlier", "later"] as const) {
          expect(at).toBeGreaterThan(fromLocal(after, zone, reading));
          expect(at).toBeLessThan(fromLocal(before, zone, reading));
        }
        expect(local > after && local < before).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("the name of a zone", () => {
  it("is the same in another case, and as a former name of the same place", () => {
    expect(isSameZone("America/New_York", "america/new_york")).toBe(true);
    expect(isSameZone("America/New_York", "US/Eastern")).toBe(true);
    expect(isSameZone("UTC", "Etc/UTC")).toBe(true);
    expect(isSameZone("America/New_York", "America/Toronto")).toBe(false);
    expect(isSameZone("Mars", "Mars")).toBe(true);
    expect(isSameZone("Mars", "UTC")).toBe(false);
  });
});
