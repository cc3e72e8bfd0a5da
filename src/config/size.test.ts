import { describe, expect, test } from "vitest";
import { formatSize, parseSize } from "./size.ts";

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

  test.each(["", "16", "16 MB", "-1MB", "1.5MB", "16mb", "16M", "16TB", "16MB\n"])("refuses %j", (text) =>
    expect(parseSize(text)).toBeNull(),
  );

  test.each(["0B", "1024B", "1kB", "16MB", "5GB"])("writes %s as it was read", (text) =>
    expect(formatSize(parseSize(text) ?? Number.NaN)).toBe(text),
  );
});
