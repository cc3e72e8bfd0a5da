import { describe, expect, it } from "vitest";
import { gapBefore, gapsWithin, withoutOpen } from "./gaps.ts";

describe("gaps", () => {
  it("are the uncovered parts between the first and the last range", () => {
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

  it("begin at the point where a plain run would have started", () => {
    expect(
      gapsWithin([
        { from: 0, to: 0 },
        { from: 30, to: 40 },
      ]),
    ).toEqual([{ from: 0, to: 30 }]);
  });

  it("before a start begin at the end of the covered ranges", () => {
    expect(gapBefore(30, [{ from: 0, to: 10 }], 5)).toEqual({ from: 10, to: 30 });
    expect(gapBefore(10, [{ from: 0, to: 10 }], 5)).toBeNull();
    expect(gapBefore(5, [{ from: 0, to: 10 }], 9)).toBeNull();
  });

  it("before a start with nothing covered begin where a plain run would start", () => {
    expect(gapBefore(30, [], 5)).toEqual({ from: 5, to: 30 });
    expect(gapBefore(3, [], 5)).toBeNull();
  });
});

describe("a range without the parts that open windows cover", () => {
  it("is the whole range when nothing is open", () => {
    expect(withoutOpen({ from: 0, to: 100 }, [], 10)).toEqual([{ from: 0, to: 100 }]);
  });

  it("begins with the overlap before the end of the last open window", () => {
    expect(withoutOpen({ from: 0, to: 100 }, [{ from: -50, to: 60 }], 10)).toEqual([{ from: 50, to: 100 }]);
  });

  it("keeps the parts between and before open windows, in any order", () => {
    const open = [
      { from: 60, to: 80 },
      { from: 20, to: 30 },
    ];
    expect(withoutOpen({ from: 0, to: 100 }, open, 5)).toEqual([
      { from: 0, to: 20 },
      { from: 25, to: 60 },
      { from: 75, to: 100 },
    ]);
  });

  it("is empty when open windows cover the range, and never begins before it", () => {
    expect(withoutOpen({ from: 10, to: 20 }, [{ from: 0, to: 30 }], 5)).toEqual([]);
    expect(withoutOpen({ from: 10, to: 20 }, [{ from: 0, to: 12 }], 5)).toEqual([{ from: 10, to: 20 }]);
    expect(withoutOpen({ from: 10, to: 20 }, [{ from: 40, to: 50 }], 5)).toEqual([{ from: 10, to: 20 }]);
  });
});
