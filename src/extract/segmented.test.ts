import { describe, expect, it } from "vitest";
import type { FakeRecord } from "../../test/kit/fakes/exporting-pardot.ts";
import { campaign, opportunity, tag } from "../../test/kit/fakes/objects.ts";
import { queryScene } from "../../test/kit/fakes/query-scene.ts";
import { HISTORY_START } from "../time/instant.ts";

// Holds G1: a history reads records without a date, and an empty response is not "all gone".

const day = (n: number): number => Date.parse("2026-03-20T00:00:00Z") + n * 86_400_000;

describe("a history", () => {
  it("contains the records without the field of its windows, and none from after its end", async () => {
    const records = [
      { id: "1", name: "a", updated_at: null },
      { id: "2", name: "b", updated_at: "1812-01-01 00:00:00" },
      { id: "3", name: "c", updated_at: "2026-03-19 23:59:59" },
      { id: "4", name: "d", updated_at: "2026-03-20 00:00:00" },
    ];
    const t = await queryScene(tag, records);
    expect(await t.run(HISTORY_START, day(0))).toEqual(["1", "2", "3"]);
    expect(await t.run(day(-1), day(1))).toEqual(["3", "4"]);
    expect(t.asked[0]?.bounds).toBeNull();
    expect(t.asked.at(-1)?.bounds).toEqual({ field: "updated_at", from: day(-1), to: day(1) });
  });
});

describe("an object that is read in full", () => {
  const rows: Readonly<Record<string, FakeRecord>> = {
    Campaign: { id: "1", name: "a" },
    Opportunity: { id: "1", name: "a", updated_at: "2026-03-19 00:00:00" },
  };

  it.each([campaign, opportunity])("fails with exit 6 if it had records and has none: $name", async (object) => {
    const t = await queryScene(object, [rows[object.name] as FakeRecord]);
    expect(await t.run(HISTORY_START, day(0))).toEqual(["1"]);
    t.records.length = 0;
    const from = object.watermark === null ? HISTORY_START : day(-1);
    await expect(t.run(from, day(1))).rejects.toMatchObject({ code: "data.all-gone", exitCode: 6 });
    expect(t.windows()).toMatchObject([{ done: false, files: [] }]);
    t.records.push(rows[object.name] as FakeRecord);
    expect(await t.run(from, day(1))).toEqual(["1"]);
  });

  it("is read, not gone, if each of its records is set aside", async () => {
    const t = await queryScene(campaign, [rows["Campaign"] as FakeRecord]);
    await t.run(HISTORY_START, day(0));
    t.records[0] = { id: "1", name: "a", cost: "many" };
    expect(await t.run(HISTORY_START, day(1))).toEqual([]);
    expect(t.windows()).toEqual([]);
  });

  it("may be empty from the start, and a window of a day always", async () => {
    const t = await queryScene(campaign, []);
    expect(await t.run(HISTORY_START, day(0))).toEqual([]);
    const tags = await queryScene(tag, [{ id: "1", name: "a", updated_at: "2026-03-19 00:00:00" }]);
    await tags.run(HISTORY_START, day(0));
    expect(await tags.run(day(5), day(6))).toEqual([]);
  });
});
