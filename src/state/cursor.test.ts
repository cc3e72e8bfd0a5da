import { describe, expect, it } from "vitest";
import { cursorText, parseCursor, throughTime } from "./cursor.ts";

const at = "2026-01-02 03:04:05";
const second = Date.parse("2026-01-02T03:04:05Z");

describe("the cursor of a window", () => {
  it.each([
    [null, { id: null, place: null, reached: null }, null],
    ["123", { id: "123", place: null, reached: null }, null],
    ["2026-01-02T03:04:05", { id: null, place: { at, ids: null }, reached: null }, second],
    ["2026-01-02T03:04:05 12,13", { id: null, place: { at, ids: ["12", "13"] }, reached: null }, second - 1000],
    ["2026-01-02T03:04:05 12", { id: null, place: { at, ids: ["12"] }, reached: null }, second - 1000],
    ["2026-01-02T03:04:05Z", { id: null, place: null, reached: second }, second - 1000],
    ["7 2026-01-02T03:04:05", { id: "7", place: { at, ids: null }, reached: null }, second],
    [
      "7 2026-01-02T03:04:05 2026-01-02T03:04:00Z",
      { id: "7", place: { at, ids: null }, reached: second - 5000 },
      second - 6000,
    ],
  ])("is read and written alike, as %s, and shows through which second all has landed", (text, landed, through) => {
    expect(parseCursor(text)).toEqual(landed);
    expect(cursorText(landed)).toBe(text);
    expect(throughTime(landed)).toBe(through);
  });
});
