import { expect, test } from "vitest";
import { ApiError } from "./api-error.ts";
import { dateReader } from "./filter-date.ts";
import { resolveKnobs } from "../knobs.ts";
import { timezoneOf } from "../account/timezone.ts";

const NOW = Date.parse("2026-03-20T09:30:00Z") / 1000;
const NEW_YORK = timezoneOf("America/New_York");

const read = (text: string, knobs: Parameters<typeof resolveKnobs>[0] = {}): string =>
  new Date(dateReader(NEW_YORK, resolveKnobs(knobs), NOW)(text) * 1000).toISOString().slice(0, 19);

test.each([
  ["2026-01-31", "2026-01-31T05:00:00"],
  ["2026-01-31 12:00:00", "2026-01-31T17:00:00"],
  ["2026-01-31T12:00:00", "2026-01-31T17:00:00"],
  ["2026-07-31 12:00", "2026-07-31T16:00:00"],
  ["2026-01-31T24:59:59", "2026-02-01T05:59:59"],
  ["today", "2026-03-20T04:00:00"],
  ["yesterday", "2026-03-19T04:00:00"],
  ["last_7_days", "2026-03-13T04:00:00"],
  ["this_month", "2026-03-01T05:00:00"],
  ["last_month", "2026-02-01T05:00:00"],
  ["now", "2026-03-20T09:30:00"],
  ["2 hours ago", "2026-03-20T07:30:00"],
  ["1900-01-01 00:00:00", "1900-01-01T05:00:00"],
])("reads %s in New York as %s UTC", (text, instant) => {
  expect(read(text)).toBe(instant);
});

test.each(["2026-02-30", "2026-13-01", "2026-01-01:10:00:00", "soon", "", "2026-01-01 10:60:00", "01/02/2026"])(
  "refuses the date %j with code 7",
  (text) => {
    expect(() => read(text)).toThrow(ApiError);
    expect(() => read(text)).toThrow("Invalid timestamp");
  },
);

test("ignores an offset unless the knob filterOffset is honoured", () => {
  expect(read("2026-01-31T12:00:00Z")).toBe("2026-01-31T17:00:00");
  expect(read("2026-01-31T12:00:00Z", { filterOffset: "honoured" })).toBe("2026-01-31T12:00:00");
  expect(read("2026-01-31T12:00:00+02:00", { filterOffset: "honoured" })).toBe("2026-01-31T10:00:00");
});

test("reads an ambiguous time as its first occurrence unless the knob ambiguousLocal is second", () => {
  expect(read("2025-11-02 01:30:00")).toBe("2025-11-02T05:30:00");
  expect(read("2025-11-02 01:30:00", { ambiguousLocal: "second" })).toBe("2025-11-02T06:30:00");
});
