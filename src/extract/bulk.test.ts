import { describe, expect, it } from "vitest";
import { bulkScene, record, THING, WIDE } from "../../test/kit/fakes/bulk-scene.ts";
import type { BulkObject, BulkV5 } from "../catalog/catalog.ts";

describe("a window in one export", () => {
  it("its export names every field, and its files pass through", async () => {
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

  it("a file with another header is encoded again: columns by name, values normalized", async () => {
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

  it("a requested field that is missing in the file is reported", async () => {
    await using t = await bulkScene([record(1)], WIDE);
    t.fake.headerOf = (fields) => fields.filter((field) => field !== "size");
    const [file] = await t.extract();
    expect(t.warnings()).toEqual(["export.columns-missing"]);
    expect((await t.rowsIn(file?.key))[0]?.[3]).toBeNull();
  });

  it("a refused field is left out, core or not, and a refused key fails the object", async () => {
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
  it("is replaced by the next one, and then by the query, which requests every field", async () => {
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
    expect(queried.fake.queried.at(-1)?.fields).toEqual(["id", "name", "done", "updated_at"]);
    expect(await queried.rowsIn(file?.key)).toEqual([
      ["1", "n1", "true", null, "2026-01-01 00:00:01"],
      ["2", "n2", null, null, "2026-01-01 00:00:02"],
    ]);
    expect((await queried.state()).fields).toMatchObject({
      refused: ["size"],
      refusedProcedures: ["by_updated", "by_other"],
    });
  });

  it("fails the object if no query may take over", async () => {
    const { whenRefused: _, ...access } = THING.way.export;
    await using t = await bulkScene([record(1)], { ...THING, way: { ...THING.way, export: access } });
    t.fake.refusedProcedures.add("by_updated").add("by_other");
    await t.extract();
    expect(t.failures).toEqual([expect.objectContaining({ pardotCode: 174 })]);
    expect(t.fake.queried).toEqual([]);
  });
});

describe("an export of v5", () => {
  const way: BulkV5 = {
    api: "v5",
    process: "bulk",
    urlName: "things",
    query: { api: "v5", path: "objects/things", order: "id", filters: ["updated_at"], deleted: false, split: null, parent: null, limit: 1000 }, // prettier-ignore
    wire: {},
    export: { ...THING.way.export, fieldsMax: 2 },
  };
  const pairs: BulkObject = { ...THING, way };
  const whole: BulkObject = { ...THING, way: { ...way, export: { ...way.export, fieldsMax: 150 } } };

  it("names its bounds with an offset", async () => {
    await using t = await bulkScene([record(1)], whole);
    await t.extract();
    expect(t.fake.created).toMatchObject([
      {
        api: "v5",
        arguments: { updated_after: "2025-12-31T23:59:59+00:00", updated_before: "2026-01-01T01:00:00+00:00" },
      },
    ]);
  });

  it("that is refused for a field leaves the window to the query, without trying other exports", async () => {
    await using t = await bulkScene([record(1)], whole);
    t.fake.refusedFields.add("size");
    await t.extract();
    expect(t.failures).toEqual([]);
    expect(t.fake.created).toHaveLength(1);
    expect(t.warnings()).toEqual(["export.procedure-refused", "fields.refused"]);
    expect((await t.state()).fields).toMatchObject({
      refused: ["size"],
      refusedProcedures: ["by_updated", "by_other"],
    });
  });

  it("is not requested where only its key is left of a group of fields", async () => {
    await using t = await bulkScene([record(1)], pairs);
    const { journal } = await t.open();
    const window = (await t.state()).windows[0]?.id ?? "";
    const groups = [["id", "name"], ["id", "done"], ["id", "size"], ["id", "updated_at"]]; // prettier-ignore
    const created = await t.fake.pardot.createExport({ api: "v5", object: "Thing", fields: ["id", "name"], procedure: "by_updated", arguments: {} }, new AbortController().signal); // prettier-ignore
    await journal.record([
      { type: "export-created", object: "Thing", window, group: 0, exportId: created.id, at: 0, groups },
      { type: "fields-refused", object: "Thing", fields: ["done"] },
    ]);
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect(t.fake.created).toHaveLength(1);
    expect(await t.rowsIn(file?.key)).toEqual([["1", "n1", null, "10", "2026-01-01 00:00:01"]]);
  });
});

/** The body with its text changed. */
async function* edited(
  body: AsyncIterable<Uint8Array>,
  change: (text: string) => string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  yield Buffer.from(change(Buffer.concat(chunks).toString()));
}

describe("a body that is not a result file", () => {
  it("is fetched again, and the file lands when it comes", async () => {
    await using t = await bulkScene([record(1)], WIDE);
    const bodies = ["", "try again later\n", "Error\nquery timed out\n"];
    t.fake.onTheWay = (body) => edited(body, (text) => bodies.pop() ?? text);
    expect(await t.extract()).toMatchObject([{ rows: 1 }]);
    expect({ failures: t.failures, fetched: t.fake.fetched.length }).toEqual({ failures: [], fetched: 4 });
  });

  it.each(["", "try again later\n", "ID,NAME,DONE,SIZE,UPDATED_AT\n1,a,1,1,2026-01-01 00:00:01\n"])(
    "(%j) fails the object, while the other file of the export lands and the window stays open",
    async (body) => {
      await using t = await bulkScene([record(1), record(2)], WIDE);
      t.fake.filesPerExport = 2;
      t.fake.onTheWay = (file, fileId) => edited(file, (text) => (fileId === "11" ? body : text));
      await t.extract();
      expect(t.failures.splice(0)).toEqual([expect.objectContaining({ exitCode: 6 })]);
      expect((await t.state()).windows).toMatchObject([{ done: false }]);
      t.fake.onTheWay = (file) => file;
      expect(await t.extract()).toMatchObject([{ rows: 1 }, { rows: 1 }]);
      expect((await t.state()).windows).toMatchObject([{ done: true }]);
    },
  );

  it("a file with rows of another window fails, unless the filter is not on their own dates", async () => {
    const elsewhere = record(1, { updated_at: "2025-06-01 00:00:00" });
    await using t = await bulkScene([elsewhere], WIDE);
    expect(await t.extract()).toEqual([]);
    expect(t.failures).toEqual([expect.objectContaining({ code: "data.csv-window", exitCode: 6 })]);
    await using joined = await bulkScene([elsewhere]);
    expect(await joined.extract()).toEqual([]);
    expect(joined.failures).toEqual([expect.objectContaining({ code: "data.csv-window", exitCode: 6 })]);
    const access = WIDE.way.export;
    const procedures = access.procedures.map((procedure) => ({
      ...procedure,
      range: { after: "prospect_updated_after", before: "prospect_updated_before" },
    }));
    const others = { ...WIDE, way: { ...WIDE.way, export: { ...access, procedures } } };
    await using other = await bulkScene([elsewhere], others);
    expect(await other.extract()).toMatchObject([{ rows: 1 }]);
  });
});

describe("records that cannot be encoded", () => {
  const bad = record(2, { size: "large" });

  it("are recorded with their file, and only once, whatever is run again", async () => {
    await using t = await bulkScene([record(1), bad], WIDE);
    expect(await t.extract()).toMatchObject([{ rows: 1 }]);
    const { windows } = await t.state();
    expect(windows).toMatchObject([
      { done: true, files: [{ rows: 1 }], rejects: [{ id: "2", column: "size", exportId: "1" }] },
    ]);
    expect(t.warnings()).toEqual(["data.rejected"]);
    await t.extract();
    expect((await t.state()).windows).toEqual(windows);
  });

  it("are recorded with the end of the window if their file contains nothing else", async () => {
    await using t = await bulkScene([record(1), bad], WIDE);
    t.fake.filesPerExport = 2;
    const stopping = new AbortController();
    t.fake.onTheWay = (body, fileId) => {
      if (fileId !== "10") return body;
      stopping.abort(new Error("killed"));
      return edited(body, () => "");
    };
    await t.extract(stopping.signal);
    expect(t.failures.splice(0)).toHaveLength(1);
    t.fake.onTheWay = (body) => body;
    expect(await t.extract()).toMatchObject([{ rows: 1 }]);
    expect((await t.state()).windows).toMatchObject([{ done: true, rejects: [{ id: "2" }] }]);
    expect((await t.state()).windows[0]?.rejects).toHaveLength(1);
  });

  it("fail the object if all its files together contain too many", async () => {
    const many = [1, 2, 3, 4].map((id) => record(id, { size: "large" }));
    await using t = await bulkScene(many, WIDE);
    t.fake.filesPerExport = 2;
    await t.extract();
    expect(t.failures).toEqual([expect.objectContaining({ code: "data.too-many-rejects", exitCode: 6 })]);
    expect((await t.state()).windows).toMatchObject([{ done: false }]);
  });

  it("are set aside by the query too, and the file goes on after them", async () => {
    await using t = await bulkScene([record(1), bad, record(3)]);
    t.fake.refusedProcedures.add("by_updated").add("by_other");
    expect(await t.extract()).toMatchObject([{ rows: 2 }]);
    expect((await t.state()).windows).toMatchObject([
      { done: true, rejects: [{ id: "2", column: "size", exportId: null }] },
    ]);
  });
});
