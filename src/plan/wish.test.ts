import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { parseRange, rangeAt } from "./wish.ts";
import type { RangeOptions, RangeRequest } from "./wish.ts";

const ZONE = "America/New_York";
const NOW = "2026-03-20T02:30:00Z"; // the evening of 19 March in New York

const at = (given: RangeOptions, now = NOW, zone = ZONE): RangeRequest =>
  rangeAt(parseRange(given, zone), Date.parse(now));
const iso = (instant: number | null): string => new Date(instant ?? Number.NaN).toISOString().replace(".000Z", "Z");

describe("a requested range", () => {
  it("is empty without options", () => {
    expect(at({})).toEqual({ full: false, since: null, until: null, acceptGap: false });
  });

  it.each([
    ["2026-01-31", "2026-01-31T05:00:00Z"],
    ["2026-01-31 12:00:00", "2026-01-31T17:00:00Z"],
    ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"],
    ["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"],
    ["today", "2026-03-19T04:00:00Z"],
    ["yesterday", "2026-03-18T04:00:00Z"],
    ["Yesterday", "2026-03-18T04:00:00Z"],
    ["7d", "2026-03-13T02:30:00Z"],
    ["36h", "2026-03-18T14:30:00Z"],
    ["90m", "2026-03-20T01:00:00Z"],
    ["0036h", "2026-03-18T14:30:00Z"],
    ["999999999d", "1900-01-01T00:00:00Z"],
  ])("reads %s in the user's zone, with an offset, or before Pardot's time", (text, instant) => {
    expect(iso(at({ since: text }).since)).toBe(instant);
    expect(iso(at({ until: text }).until)).toBe(instant);
  });

  it.each([
    ["America/Havana", "today", "2026-03-08T16:00:00Z", "2026-03-08T05:00:00Z"],
    ["America/Havana", "yesterday", "2026-03-09T16:00:00Z", "2026-03-08T05:00:00Z"],
    ["America/Havana", "2026-03-08", "2026-03-09T16:00:00Z", "2026-03-08T05:00:00Z"],
    ["Asia/Beirut", "today", "2026-03-29T16:00:00Z", "2026-03-28T22:00:00Z"],
    ["Asia/Beirut", "yesterday", "2026-10-26T16:00:00Z", "2026-10-24T22:00:00Z"],
    ["America/New_York", "yesterday", "2026-03-09T16:00:00Z", "2026-03-08T05:00:00Z"],
  ])("starts a day in %s with its first second, also when clocks change: %s at %s", (zone, text, now, instant) => {
    expect(iso(at({ since: text }, now, zone).since)).toBe(instant);
  });

  it.each(["2026-02-30", "2026-13-01", "31.1.2026", "2026-01-31T12:00", "", " ", "last week", "d", "1.5d", "7 d"])(
    "refuses %j",
    (text) => {
      expect(() => parseRange({ until: text }, "UTC")).toThrow(UsageError);
      expect(() => parseRange({ until: text }, "UTC")).toThrow("is not a valid time");
    },
  );

  it.each([
    ["tomorrow", "--until tomorrow is in the future: Pardot has no records of it yet"],
    ["1w", "--until 1w has an unknown unit: use s, m, h or d, such as 7d"],
    ["2weeks", "--until 2weeks has an unknown unit: use s, m, h or d, such as 7d"],
    ["-1d", "--until -1d is not a valid time: did you mean 1d, which is before Pardot's time?"],
    ["7D", "--until 7D is not a valid time: did you mean 7d, which is before Pardot's time?"],
    ["+2h", "--until +2h would be in the future: 2h alone is before Pardot's time"],
    ["1234567890d", "--until 1234567890d is too long"],
  ])("refuses %s with the reason", (text, reason) => {
    expect(() => parseRange({ until: text }, "UTC")).toThrow(reason);
  });

  it("starts before Pardot's time", () => {
    expect(() => at({ since: NOW })).toThrow(
      "--since 2026-03-20T02:30:00Z is not before Pardot's time, 2026-03-20T02:30:00Z",
    );
    expect(() => at({ since: "today" }, "2026-03-20T04:00:00Z")).toThrow("is not before Pardot's time");
    for (const since of ["2026-03-20T02:29:59Z", "1s"]) expect(() => at({ since })).not.toThrow();
    expect(() => parseRange({ since: "0d" }, "UTC")).toThrow("--since 0d is not before Pardot's time");
    expect(iso(at({ until: "0d" }).until)).toBe(NOW);
  });

  it.each([
    ["2026-02-01", "2026-01-01"],
    ["1d", "7d"],
    ["1d", "24h"],
    ["today", "yesterday"],
    ["yesterday", "yesterday"],
  ])("is refused before Pardot is called if it starts at %s and ends at %s", (since, until) => {
    expect(() => parseRange({ since, until }, ZONE)).toThrow(`--since ${since} is not before --until ${until}`);
  });

  it("is refused at Pardot's time if only that shows that it ends before it starts", () => {
    expect(() => at({ since: "today", until: "36h" })).toThrow(
      "--since today (2026-03-19T04:00:00Z) is not before --until 36h (2026-03-18T14:30:00Z)",
    );
    expect(at({ since: "7d", until: "today" })).toMatchObject({ full: false, acceptGap: false });
  });

  it("names every problem at once", () => {
    const wish = { full: true, since: "x", until: "y", acceptGap: true };
    expect(() => parseRange(wish, "UTC")).toThrow(
      /--since x is not a valid time; --until y is not a valid time; --full and --since cannot/,
    );
    expect(() => parseRange({ acceptGap: true }, "UTC")).toThrow("--accept-gap requires --since");
  });

  it("gets a hint about times only if a time is wrong", () => {
    const hint = (given: RangeOptions): unknown => {
      try {
        return parseRange(given, "UTC");
      } catch (error) {
        return (error as UsageError).hint;
      }
    };
    expect(hint({ full: true, since: "1w" })).toMatch(/^Give times as 7d/);
    expect(hint({ full: true, since: "7d" })).toMatch(/^--full reads the whole history/);
    expect(hint({ acceptGap: true })).toMatch(/^--full reads .* --accept-gap leaves the gap/);
  });
});
