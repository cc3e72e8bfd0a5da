import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration, parseSize } from "./parsers.ts";

describe("durations", () => {
  test.each([
    ["0s", 0],
    ["90s", 90_000],
    ["5m", 300_000],
    ["6h", 21_600_000],
    ["1d", 86_400_000],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each(["", "90", "90 s", "-1s", "1.5h", "1h30m", "500ms", "1w", "1D", "s", "1s\n", "9999999999s"])(
    "refuses %j",
    (text) => expect(parseDuration(text)).toBeNull(),
  );

  test.each(["0s", "90s", "5m", "6h", "1d", "364d"])("writes %s as it was read", (text) =>
    expect(formatDuration(parseDuration(text) ?? Number.NaN)).toBe(text),
  );
});

describe("sizes", () => {
  test.each([
    ["0B", 0],
    ["1024B", 1024],
    ["1kB", 1000],
    ["1KB", 1000],
    ["16MB", 16_000_000],
    ["16MiB", 16_777_216],
    ["5GB", 5_000_000_000],
    ["1GiB", 1_073_741_824],
  ])("reads %s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(["", "16", "16 MB", "-1MB", "1.5MB", "16mb", "16M", "16TB", "16MB\n", "16iB"])("refuses %j", (text) =>
    expect(parseSize(text)).toBeNull(),
  );
});
