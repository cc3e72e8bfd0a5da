import { describe, expect, it } from "vitest";
import { account, tag } from "../../test/kit/fakes/objects.ts";
import { visitorActivity } from "../../test/kit/fakes/objects.ts";
import { DAY_MS, HISTORY_START, isoInstant } from "../time/instant.ts";
import { fromOldest, rangeStart, rangeWindow } from "./range.ts";
import type { RangeFacts } from "./range.ts";

// Holds G1: the next range starts early enough.

const settings = { now: Date.parse("2026-03-20T09:30:15.400Z"), overlapMs: DAY_MS, zone: "UTC" };
const nothing: RangeFacts = {
  warehouseWatermark: null,
  hasWarehouse: true,
  tableHasRows: false,
  ownWatermark: null,
  filesCommitted: 0,
  plannedUntil: null,
  historyPlanned: false,
};

describe("start of a range", () => {
  it("is the whole history without a watermark", () => {
    expect(rangeStart(tag, nothing, settings)).toMatchObject({
      from: HISTORY_START,
      wholeHistory: true,
      emptyTable: false,
    });
  });

  it("is the warehouse's MAX less a day", () => {
    const facts = { ...nothing, tableHasRows: true, warehouseWatermark: "2026-03-10 01:02:03" };
    expect(isoInstant(rangeStart(tag, facts, settings).from)).toBe("2026-03-09T01:02:03Z");
  });

  it("reads the warehouse's MAX as local time of the zone", () => {
    const facts = { ...nothing, tableHasRows: true, warehouseWatermark: "2026-03-09 01:02:03" };
    const start = rangeStart(tag, facts, { ...settings, zone: "America/New_York" });
    expect(isoInstant(start.from)).toBe("2026-03-08T06:02:03Z");
  });

  it("is never later than now less the overlap, whatever the table contains", () => {
    const facts = { ...nothing, tableHasRows: true, warehouseWatermark: "2031-01-01 00:00:00" };
    expect(isoInstant(rangeStart(tag, facts, settings).from)).toBe("2026-03-19T09:30:15Z");
  });

  it("is never later than the end of the last range less the overlap", () => {
    const facts = {
      ...nothing,
      tableHasRows: true,
      warehouseWatermark: "2026-03-18 00:00:00",
      plannedUntil: Date.parse("2026-03-15T00:00:00Z"),
    };
    expect(isoInstant(rangeStart(tag, facts, settings).from)).toBe("2026-03-14T00:00:00Z");
  });

  it("goes on from the own record when the table is empty although files were committed", () => {
    const facts = { ...nothing, filesCommitted: 3, ownWatermark: "2026-03-10 00:00:00" };
    const start = rangeStart(tag, facts, settings);
    expect(start.emptyTable).toBe(true);
    expect(isoInstant(start.from)).toBe("2026-03-09T00:00:00Z");
  });

  it("does not plan the history twice while its windows are still open", () => {
    const facts = { ...nothing, historyPlanned: true, plannedUntil: Date.parse("2026-03-20T00:00:00Z") };
    expect(isoInstant(rangeStart(tag, facts, settings).from)).toBe("2026-03-19T00:00:00Z");
  });

  it("is everything for an object without a watermark", () => {
    expect(rangeStart(account, nothing, settings).wholeHistory).toBe(true);
  });
});

describe("window of a range", () => {
  it("ends at the whole second of now", () => {
    const window = rangeWindow(tag, rangeStart(tag, nothing, settings), settings);
    expect(window).toMatchObject({ field: "updated_at", to: Date.parse("2026-03-20T09:30:15Z") });
  });

  it("goes by created_at in the first history of visitor activities and by updated_at afterwards", () => {
    expect(rangeWindow(visitorActivity, rangeStart(visitorActivity, nothing, settings), settings).field).toBe(
      "created_at",
    );
    const later = { ...nothing, tableHasRows: true, warehouseWatermark: "2026-03-10 01:02:03" };
    expect(rangeWindow(visitorActivity, rangeStart(visitorActivity, later, settings), settings).field).toBe(
      "updated_at",
    );
  });

  it("starts a week before the oldest record", () => {
    const history = rangeWindow(tag, rangeStart(tag, nothing, settings), settings);
    const asked = fromOldest(history, "2024-02-29 12:00:00", settings.now, "UTC");
    expect(asked.from).toBe(HISTORY_START);
    expect(isoInstant(asked.askFrom)).toBe("2024-02-22T12:00:00Z");
    expect(isoInstant(fromOldest(history, "1999-06-01 00:00:00", settings.now, "UTC").askFrom)).toBe(
      "1999-05-25T00:00:00Z",
    );
  });

  it.each([
    ["nothing was found", null],
    ["the date is the zero of a clock", "1970-01-01 01:00:00"],
    ["the date lies before all clocks", "1901-12-13 20:45:52"],
    ["the date lies in the future", "2031-01-01 00:00:00"],
  ])("starts in 2007, and never nowhere, when %s", (_, oldest) => {
    const history = rangeWindow(tag, rangeStart(tag, nothing, settings), settings);
    const asked = fromOldest(history, oldest, settings.now, "UTC");
    expect(isoInstant(asked.askFrom)).toBe("2007-01-01T00:00:00Z");
    expect(asked).toMatchObject({ from: HISTORY_START, to: history.to });
  });

  it("is empty for a history that ends before its oldest record", () => {
    const history = { ...rangeWindow(tag, rangeStart(tag, nothing, settings), settings), to: Date.UTC(2006, 0, 1) };
    expect(fromOldest(history, null, settings.now, "UTC").askFrom).toBe(history.to);
    expect(fromOldest(history, "2024-02-29 12:00:00", settings.now, "UTC").askFrom).toBe(history.to);
  });
});
