import { describe, expect, it } from "vitest";
import { bar, columns, timeline } from "./charts.ts";

/** Numbers of an attribute, in order. */
function numbers(text: string, kind: string, name: string): number[] {
  const parts = [...text.matchAll(/<rect([^>]*)>/g)].filter(([, own]) => own?.includes(`class="${kind}"`) === true);
  return parts.map(([, own = ""]) => Number(new RegExp(`\\s${name}="([^"]*)"`).exec(own)?.[1]));
}

describe("a drawing", () => {
  it("of a share is as wide as the share, seen when it is tiny, and never wider than its cell", () => {
    const widths = [0, 0.0001, 0.5, 1, 7].map((share) => numbers(bar(share).text, "covered", "width")[0]);
    expect(widths).toEqual([0, 6, 500, 1000, 1000]);
  });

  it("of counts leaves out days without a count, and cuts the day that read the history", () => {
    const { text } = columns([null, 100, 100, 100, 1_000_000, 0]);
    const heights = numbers(text, "covered", "height");
    expect(heights).toEqual([12, 12, 12, 24]);
    expect(numbers(text, "limit", "height")).toEqual([1.5]);
  });

  it("of times keeps short stretches visible and within the axis, whatever their order", () => {
    const axis = { from: 0, to: 1_000_000 };
    const { text } = timeline(axis, [
      { kind: "covered", from: -5, to: 500_000 },
      { kind: "gap", from: 500_000, to: 500_001 },
      { kind: "open", from: 999_999, to: 2_000_000 },
    ]);
    expect([numbers(text, "covered", "x"), numbers(text, "covered", "width")]).toEqual([[0], [500]]);
    expect([numbers(text, "gap", "x"), numbers(text, "gap", "width")]).toEqual([[500], [6]]);
    expect([numbers(text, "open", "x"), numbers(text, "open", "width")]).toEqual([[994], [6]]);
  });

  it("is hidden from screen readers", () => {
    for (const { text } of [bar(1), columns([1]), timeline({ from: 0, to: 0 }, [])]) {
      expect(text).toMatch(/^<svg[^>]*aria-hidden="true"/);
    }
  });
});
