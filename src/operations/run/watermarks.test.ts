import { describe, expect, it } from "vitest";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { rangeStart } from "../../plan/range.ts";
import { fromLocal } from "../../time/zone.ts";
import { localNow, soundWatermark } from "./watermarks.ts";

// Holds G9: one odd watermark in the own record stops no object.

const zone = "America/New_York";
const now = Date.parse("2026-03-20T09:30:00Z");
const plannedUntil = Date.parse("2026-03-19T09:30:00Z");

describe("the own watermark", () => {
  it("is kept if it is a time before now", () => {
    expect(soundWatermark("2026-03-20 05:30:00", { now, plannedUntil, zone })).toBe("2026-03-20 05:30:00");
    expect(soundWatermark(null, { now, plannedUntil, zone })).toBeNull();
  });

  it.each([
    "N/A",
    "zzzz",
    "",
    "0000-00-00 00:00:00",
    "2026-02-31 00:00:00",
    "2026-03-01",
    "2026-03-01T00:00:00Z",
    "2026-03-01 00:00:00\u001b[31m",
    "9999-12-31 00:00:00",
    "2026-03-20 05:30:01",
  ])("that reads %j neither stops a range nor skips anything: the end of what was read stands for it", (watermark) => {
    const ownWatermark = soundWatermark(watermark, { now, plannedUntil, zone });
    expect(ownWatermark).toBe("2026-03-19 05:30:00");
    const facts = { hasWarehouse: false, warehouseWatermark: null, tableHasRows: false, filesCommitted: 1 };
    const range = rangeStart(
      tag,
      { ...facts, ownWatermark, plannedUntil, historyPlanned: false },
      { now, overlapMs: 3_600_000, zone },
    );
    expect(range).toMatchObject({ from: plannedUntil - 3_600_000, wholeHistory: false });
    expect(soundWatermark(watermark, { now, plannedUntil: null, zone })).toBeNull();
  });
});

it("the current time includes every time that a current record may have, in an hour that the clock shows twice", () => {
  const second = Date.parse("2026-11-01T06:30:00Z");
  expect(fromLocal("2026-11-01 01:30:00", zone, "later")).toBe(second);
  expect(localNow(second, zone)).toBe("2026-11-01 02:00:00");
  expect(localNow(now + 250, zone)).toBe("2026-03-20 05:30:00");
});
