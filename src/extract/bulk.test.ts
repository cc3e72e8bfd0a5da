import { describe, expect, it } from "vitest";
import { bulkScene, exportOf, record, THING, WIDE } from "../../test/fakes/bulk-scene.ts";

describe("a window in one export", () => {
  it("is asked for with every field, and its files pass through", async () => {
    await using t = await bulkScene([record(1), record(2)], WIDE);
    const [file] = await t.extract();
    expect(t.fake.created.map(({ fields }) => fields)).toEqual([["id", "name", "done", "size", "updated_at"]]);
    expect(file?.key).toMatch(/_1-10\.csv$/);
    expect(await t.rowsIn(file?.key)).toEqual([
      ["1", "n1", "1", "10", "2026-01-01 00:00:01"],
      ["2", "n2", "1", "20", "2026-01-01 00:00:02"],
    ]);
    expect(t.failures).toEqual([]);
  });

  it("is encoded anew where the header is another one: columns by name, values as the contract has them", async () => {
    await using t = await bulkScene([record(1, { name: "" }), record(2, { size: null })], WIDE);
    t.fake.headerOf = (fields) =>
      [...fields.filter((field) => field !== "updated_at"), "extra", "updated_at"].toReversed();
    const [file] = await t.extract();
    expect(file?.key).toMatch(/_1-10-[0-9a-f]{8}\.csv$/);
    expect(await t.rowsIn(file?.key)).toEqual([
      ["1", "", "true", "10", "2026-01-01 00:00:01"],
      ["2", "n2", "true", null, "2026-01-01 00:00:02"],
    ]);
    expect(file).toMatchObject({ minWatermark: "2026-01-01 00:00:01", maxWatermark: "2026-01-01 00:00:02" });
    expect(t.warnings()).toEqual([]);
  });

  it("tells of a field that was asked for and did not come", async () => {
    await using t = await bulkScene([record(1)], WIDE);
    t.fake.headerOf = (fields) => fields.filter((field) => field !== "size");
    const [file] = await t.extract();
    expect(t.warnings()).toEqual(["export.columns-missing"]);
    expect((await t.rowsIn(file?.key))[0]?.[3]).toBeNull();
  });

  it("leaves a refused field out, core or not, and fails when it is the key that is refused", async () => {
    await using t = await bulkScene([record(1)], WIDE);
    t.fake.refusedFields.add("size");
    const [file] = await t.extract();
    expect(await t.rowsIn(file?.key)).toEqual([["1", "n1", "true", null, "2026-01-01 00:00:01"]]);
    expect(t.warnings()).toEqual(["fields.refused"]);
    expect((await t.state()).fields.refused).toEqual(["size"]);
    expect(t.fake.created.at(-1)?.arguments["updated_before"]).toBe("2026-01-01 01:00:00");
    const seconds = t.fake.created.slice(1, -1).map((request) => request.arguments);
    expect(seconds.length).toBeGreaterThan(0);
    for (const bounds of seconds) {
      expect(bounds).toEqual({ updated_after: "2025-12-31 23:59:59", updated_before: "2026-01-01 00:00:01" });
    }
    await using none = await bulkScene([record(1)], WIDE);
    none.fake.refusedFields.add("id");
    await none.extract();
    expect(none.failures).toEqual([expect.objectContaining({ pardotCode: 180 })]);
    expect((await none.state()).fields.refused).toEqual([]);
  });
});

describe("a refused procedure", () => {
  it("gives way to the next one, and then to the query, which asks for every field", async () => {
    await using t = await bulkScene([record(1)]);
    t.fake.refusedProcedures.add("by_updated");
    await t.extract();
    expect(t.fake.created.map(({ procedure }) => procedure)).toEqual(["by_updated", "by_other", "by_other"]);
    await using queried = await bulkScene([record(1), record(2, { done: null })]);
    queried.fake.refusedProcedures.add("by_updated").add("by_other");
    queried.fake.refusedFields.add("size");
    const [file] = await queried.extract();
    expect(queried.fake.created).toHaveLength(2);
    expect(queried.warnings()).toEqual(["export.procedure-refused", "export.procedure-refused", "fields.refused"]);
    expect(queried.fake.queried.at(-1)?.query.parameters).toEqual({ fields: "id,name,done,updated_at" });
    expect(await queried.rowsIn(file?.key)).toEqual([
      ["1", "n1", "true", null, "2026-01-01 00:00:01"],
      ["2", "n2", null, null, "2026-01-01 00:00:02"],
    ]);
    expect((await queried.state()).fields).toMatchObject({
      refused: ["size"],
      refusedProcedures: ["by_updated", "by_other"],
    });
  });

  it("fails the object where no query may take over", async () => {
    const { whenRefused: _, ...access } = exportOf(THING);
    await using t = await bulkScene([record(1)], { ...THING, v4: { ...THING.v4, export: access } });
    t.fake.refusedProcedures.add("by_updated").add("by_other");
    await t.extract();
    expect(t.failures).toEqual([expect.objectContaining({ pardotCode: 174 })]);
    expect(t.fake.queried).toEqual([]);
  });
});
