import { describe, expect, it } from "vitest";
import { gapBefore, gapsWithin } from "./gaps.ts";

describe("gaps", () => {
  it("are what nothing covers between the first and the last stretch", () => {
    expect(gapsWithin([])).toEqual([]);
    expect(gapsWithin([{ from: 0, to: 10 }])).toEqual([]);
    const covered = [
      { from: 30, to: 40 },
      { from: 0, to: 10 },
      { from: 5, to: 20 },
      { from: 35, to: 36 },
    ];
    expect(gapsWithin(covered)).toEqual([{ from: 20, to: 30 }]);
  });

  it("begin at a point that stands for where a plain run would have started", () => {
    expect(
      gapsWithin([
        { from: 0, to: 0 },
        { from: 30, to: 40 },
      ]),
    ).toEqual([{ from: 0, to: 30 }]);
  });

  it("before a start: from the end of what is covered", () => {
    expect(gapBefore(30, [{ from: 0, to: 10 }], 5)).toEqual({ from: 10, to: 30 });
    expect(gapBefore(10, [{ from: 0, to: 10 }], 5)).toBeNull();
    expect(gapBefore(5, [{ from: 0, to: 10 }], 9)).toBeNull();
  });

  it("before a start with nothing covered: from where a plain run would start", () => {
    expect(gapBefore(30, [], 5)).toEqual({ from: 5, to: 30 });
    expect(gapBefore(3, [], 5)).toBeNull();
  });
});
