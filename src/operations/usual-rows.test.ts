import { describe, expect, it } from "vitest";
import { usualRows } from "./usual-rows.ts";

describe("the rows that an object usually brings", () => {
  it.each<readonly [string, readonly number[], number | null]>([
    ["are the median of its earlier days", [50, 60, 70, 40, 30], 50],
    ["are known if one of ten earlier days was without rows", [80, 80, 80, 80, 80, 80, 80, 80, 80, 0], 80],
    ["are unknown after fewer than five days", [50, 60, 70, 40], null],
    ["are unknown if it was often without rows", [50, 60, 70, 0, 40, 0], null],
    ["are unknown if it is always quiet", [9, 9, 9, 9, 9, 9], null],
    ["are unknown before the first day", [], null],
  ])("%s", (_what, earlier, usual) => {
    expect(usualRows(earlier)).toBe(usual);
  });
});
