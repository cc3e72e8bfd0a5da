import { expect, it } from "vitest";
import { DAY_MS } from "./instant.ts";
import { roughly } from "./roughly.ts";

it.each([
  [0, "0 seconds"],
  [1_400, "1 second"],
  [-90_000, "90 seconds"],
  [61 * 60_000, "61 minutes"],
  [5 * 3_600_000, "5 hours"],
  [DAY_MS, "24 hours"],
  [40 * DAY_MS, "40 days"],
  [-245 * DAY_MS, "8 months"],
  [26.8 * 365 * DAY_MS, "27 years"],
])("%d ms is said as %s", (ms, text) => {
  expect(roughly(ms)).toBe(text);
});
