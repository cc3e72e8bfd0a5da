import { expect, test } from "vitest";
import { closestMatch } from "./suggest.ts";

const NAMES = ["run", "plan", "status", "PARDOT_MAX_CONCURRENCY", "PARDOT_MAX_WAITING_EXPORTS"];

test.each([
  ["rnu", "run"],
  ["stauts", "status"],
  ["plam", "plan"],
  ["RUN", "run"],
  ["PARDOT_MAX_CONCURENCY", "PARDOT_MAX_CONCURRENCY"],
  ["PARDOT_MAX_WAITING_EXPORT", "PARDOT_MAX_WAITING_EXPORTS"],
])("suggests for %s: %s", (name, meant) => expect(closestMatch(name, NAMES)).toBe(meant));

test.each(["", "x", "extract", "PARDOT_PASSWORD", "y".repeat(100_000)])("suggests nothing for %j", (name) =>
  expect(closestMatch(name, NAMES)).toBeNull(),
);
