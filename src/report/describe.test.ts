import { describe, expect, test } from "vitest";
import { describeEvent } from "./describe.ts";
import { pluralize, elapsed } from "../text.ts";

test.each([
  [0, "0 s"],
  [59_999, "59 s"],
  [65_000, "1 min 05 s"],
  [3_599_000, "59 min 59 s"],
  [7_380_000, "2 h 03 min"],
])("%d ms are %s", (ms, text) => expect(elapsed(ms)).toBe(text));

test("counts in the singular and the plural, thousands apart", () => {
  expect([pluralize(0, "row"), pluralize(1, "row"), pluralize(1_234_567, "row")]).toEqual([
    "0 rows",
    "1 row",
    "1,234,567 rows",
  ]);
});

describe("an event as a line", () => {
  test("names object, range and reason", () => {
    const from = Date.UTC(2026, 0, 1);
    const line = describeEvent({
      type: "object-planned",
      object: "Tag",
      process: "segmented",
      windows: 1,
      from,
      to: from + 86_400_000,
      reason: "newest record less 1d",
    });
    expect(line).toBe("Tag: 1 window from 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z, newest record less 1d");
  });

  test("names the object of a warning, if it has one", () => {
    const warning = { type: "warning", code: "a.b", message: "beware" } as const;
    expect(describeEvent({ ...warning, object: null })).toBe("warning: beware");
    expect(describeEvent({ ...warning, object: "Tag" })).toBe("warning, Tag: beware");
  });

  test("is null for frequent events", () => {
    expect(
      describeEvent({
        type: "page-read",
        object: "Tag",
        window: "w1",
        call: 3,
        kind: "tag query",
        status: 200,
        failure: null,
        durationMs: 5,
        records: 200,
      }),
    ).toBeNull();
  });
});
