import { describe, expect, it } from "vitest";
import { DAY_MS } from "../time/instant.ts";
import { retentionRule } from "./retention.ts";

const NOW = Date.parse("2026-03-20T09:30:00Z");

function of(startedAt: string): { readonly startedAt: number } {
  return { startedAt: Date.parse(startedAt) };
}

describe("retention", () => {
  it("allows files to be gone when their time is over, give or take a day", () => {
    const mayBeGone = retentionRule(30 * DAY_MS, NOW);
    expect(mayBeGone(of("2026-02-18T09:30:00Z"))).toBe(true);
    expect(mayBeGone(of("2026-02-19T09:30:00Z"))).toBe(true);
    expect(mayBeGone(of("2026-02-19T09:30:01Z"))).toBe(false);
  });

  it("allows no file to be gone without a retention", () => {
    expect(retentionRule(null, NOW)(of("1999-01-01T00:00:00Z"))).toBe(false);
  });
});
