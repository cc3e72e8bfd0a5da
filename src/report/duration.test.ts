import { expect, test } from "vitest";
import { humaneDuration } from "./duration.ts";

const HOUR = 3_600_000;

test.each([
  [0, "0 s"],
  [999, "0 s"],
  [89_000, "89 s"],
  [90_000, "1 min"],
  [-600_000, "10 min"],
  [HOUR, "60 min"],
  [26 * HOUR, "26 h"],
  [48 * HOUR, "2 days"],
  [59 * 24 * HOUR, "59 days"],
  [21_671_487_000, "8 months"],
  [3 * 366 * 24 * HOUR, "3 years"],
])("%i ms are %s", (ms, text) => {
  expect(humaneDuration(ms)).toBe(text);
});
