import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { assertReached, parseRange } from "./wish.ts";

describe("a requested range", () => {
  it("is empty without options", () => {
    expect(parseRange({}, "UTC")).toEqual({ full: false, since: null, until: null, acceptGap: false });
  });

  it.each([
    ["2026-01-31", "2026-01-31T05:00:00.000Z"],
    ["2026-01-31 12:00:00", "2026-01-31T17:00:00.000Z"],
    ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"],
    ["2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000Z"],
  ])("reads %s in the user's zone unless it has an offset", (text, instant) => {
    expect(new Date(parseRange({ since: text }, "America/New_York").since ?? 0).toISOString()).toBe(instant);
  });

  it.each(["yesterday", "2026-02-30", "2026-13-01", "31.1.2026", "2026-01-31T12:00", ""])("refuses %s", (text) => {
    expect(() => parseRange({ until: text }, "UTC")).toThrow(UsageError);
  });

  it("starts before Pardot's time", () => {
    const now = Date.parse("2026-03-20T09:30:00Z");
    expect(() => assertReached(parseRange({ since: "2026-03-20T09:30:00Z" }, "UTC"), now)).toThrow(
      "--since 2026-03-20T09:30:00Z is not before Pardot's time, 2026-03-20T09:30:00Z",
    );
    for (const wish of [{ since: "2026-03-20T09:29:59Z" }, {}]) {
      expect(() => assertReached(parseRange(wish, "UTC"), now)).not.toThrow();
    }
  });

  it("names every problem at once", () => {
    const wish = { full: true, since: "x", until: "y", acceptGap: true };
    expect(() => parseRange(wish, "UTC")).toThrow(
      /--since x is not a valid time; --until y is not a valid time; --full and --since cannot/,
    );
    expect(() => parseRange({ since: "2026-02-01", until: "2026-01-01" }, "UTC")).toThrow("is not before");
    expect(() => parseRange({ acceptGap: true }, "UTC")).toThrow("--accept-gap requires --since");
  });
});
