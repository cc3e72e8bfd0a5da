import { describe, expect, it } from "vitest";
import { expectedFiles } from "./export-files.ts";

describe("expected files of an export", () => {
  it("are none for no rows and one for few", () => {
    expect([0, 1, 100].map((rows) => expectedFiles(rows, []))).toEqual([0, 1, 1]);
  });

  it("are a guess that grows with the rows while nothing is known", () => {
    const guesses = [100, 200, 500, 1000, 50_000, 250_000].map((rows) => expectedFiles(rows, []));
    expect(guesses).toEqual(guesses.toSorted((a, b) => a - b));
    expect(guesses.at(-1)).toBe(5);
  });

  it("are as many as earlier exports of the same size had", () => {
    const samples = [8, 10, 12].map((files) => ({ rows: 5000, files }));
    expect(expectedFiles(5000, samples)).toBeCloseTo(10);
  });

  it("depend on the samples nearest in size, not on the rest", () => {
    const small = Array.from({ length: 20 }, () => ({ rows: 20, files: 1 }));
    const large = Array.from({ length: 20 }, () => ({ rows: 90_000, files: 30 }));
    expect(expectedFiles(25, [...small, ...large])).toBeCloseTo(1);
    expect(expectedFiles(80_000, [...small, ...large])).toBeCloseTo(30);
  });

  it("are at least one per non-empty export, and ignore samples without rows", () => {
    expect(expectedFiles(10, [{ rows: 90_000, files: 1 }])).toBe(1);
    expect(expectedFiles(10, [{ rows: 0, files: 0 }])).toBe(1);
  });
});
