import { describe, expect, it } from "vitest";
import { cursorText, cutAt, gapsOf, landedThrough, parseCursor, throughTime } from "./cursor.ts";

const at = "2026-01-02 03:04:05";
const second = Date.parse("2026-01-02T03:04:05Z");

describe("the cursor of a window", () => {
  it.each([
    [null, { id: null, ranges: [], place: null, reached: null }, null],
    ["123", { id: "123", ranges: [], place: null, reached: null }, null],
    ["2026-01-02T03:04:05", { id: null, ranges: [], place: { at, ids: null }, reached: null }, second],
    [
      "2026-01-02T03:04:05 12,13",
      { id: null, ranges: [], place: { at, ids: ["12", "13"] }, reached: null },
      second - 1000,
    ],
    ["2026-01-02T03:04:05 12", { id: null, ranges: [], place: { at, ids: ["12"] }, reached: null }, second - 1000],
    ["2026-01-02T03:04:05Z", { id: null, ranges: [], place: null, reached: second }, second - 1000],
    ["7 2026-01-02T03:04:05", { id: "7", ranges: [], place: { at, ids: null }, reached: null }, second],
    [
      "7 20,25,40,40 2026-01-02T03:04:05 12",
      {
        id: "7",
        ranges: [
          { after: "20", through: "25" },
          { after: "40", through: "40" },
        ],
        place: { at, ids: ["12"] },
        reached: null,
      },
      second - 1000,
    ],
    [
      "7 2026-01-02T03:04:05 2026-01-02T03:04:00Z",
      { id: "7", ranges: [], place: { at, ids: null }, reached: second - 5000 },
      second - 6000,
    ],
  ])("is read and written alike, as %s, and shows through which second all has landed", (text, landed, through) => {
    expect(parseCursor(text)).toEqual(landed);
    expect(cursorText(landed)).toBe(text);
    expect(throughTime(landed)).toBe(through);
  });
});

describe("ranges of ids", () => {
  const moved = (cursor: string, ...ids: string[]): string | null =>
    cursorText(ids.reduce(landedThrough, parseCursor(cursor)));

  it("begin at the cuts, and what has not landed is between them", () => {
    const cut = cutAt(parseCursor("100"), ["200", "300"]);
    expect(cursorText(cut)).toBe("100 200,200,300,300");
    expect(gapsOf(cut)).toEqual([
      { after: "100", through: "200" },
      { after: "200", through: "300" },
      { after: "300", through: null },
    ]);
    expect(gapsOf(parseCursor("100"))).toEqual([{ after: "100", through: null }]);
  });

  it("land each from its beginning, in any order, and are one with the next when they meet it", () => {
    expect(moved("100 200,200,300,300", "250", "120")).toBe("120 200,250,300,300");
    expect(moved("100 200,200,300,300", "300")).toBe("100 200,300");
    expect(moved("100 200,200,300,300", "200")).toBe("200 300,300");
    expect(moved("100 200,200,300,300", "9007199254740993", "300", "200")).toBe("9007199254740993");
    expect(moved("99999999999999998 99999999999999999,99999999999999999", "99999999999999999")).toBe(
      "99999999999999999",
    );
  });
});
