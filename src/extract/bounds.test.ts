import { describe, expect, it } from "vitest";
import { opportunity } from "../../test/kit/fakes/objects.ts";
import { tag } from "../../test/kit/fakes/objects.ts";
import type { Row } from "../encode/canonical.ts";
import type { Window } from "../plan/windows.ts";
import { HISTORY_START } from "../time/instant.ts";
import { inWindow } from "./bounds.ts";

const day: Window = {
  field: "updated_at",
  from: Date.parse("2026-03-01T00:00:00Z"),
  askFrom: Date.parse("2026-03-01T00:00:00Z"),
  to: Date.parse("2026-03-02T00:00:00Z"),
};
const at = (updated: string | null): Row =>
  opportunity.columns.map((column) => (column.name === "updated_at" ? updated : "x"));

describe("rows of a window that Pardot cannot filter on", () => {
  it.each([
    ["2026-02-28 23:59:59", false],
    ["2026-03-01 00:00:00", true],
    ["2026-03-01 23:59:59", true],
    ["2026-03-02 00:00:00", false],
    [null, true],
  ])("updated at %s: kept %s", (updated, kept) => {
    expect(inWindow(opportunity, day, "UTC")(at(updated))).toBe(kept);
  });

  it("both passes of an hour that the wall clock repeats are kept", () => {
    const window: Window = {
      ...day,
      askFrom: Date.parse("2026-11-01T05:30:00Z"),
      to: Date.parse("2026-11-01T06:30:00Z"),
    };
    const keep = inWindow(opportunity, window, "America/New_York");
    expect(keep(at("2026-11-01 01:10:00"))).toBe(true);
    expect(keep(at("2026-11-01 01:50:00"))).toBe(true);
  });

  it("every row is kept if Pardot filters", () => {
    expect(inWindow(tag, day, "UTC")(["1", "x", null, "1999-01-01 00:00:00"])).toBe(true);
  });

  it("a history keeps the rows up to its end, whatever their date, and those without one", () => {
    const history: Window = { ...day, from: HISTORY_START, askFrom: HISTORY_START };
    const keep = inWindow(tag, history, "UTC");
    const updated = ["1812-01-01 00:00:00", "2026-03-01 23:59:59", null, "2026-03-02 00:00:00"];
    expect(updated.map((text) => keep(["1", "x", null, text]))).toEqual([true, true, true, false]);
  });

  it("the first window of a cut history keeps its own rows only", () => {
    const keep = inWindow(tag, { ...day, from: HISTORY_START }, "UTC");
    const updated = ["2001-01-01 00:00:00", null, "2026-03-02 00:00:01"];
    expect(updated.map((text) => keep(["1", "x", null, text]))).toEqual([true, true, false]);
    expect(inWindow(tag, day, "UTC")(["1", "x", null, "2001-01-01 00:00:00"])).toBe(true);
  });
});
