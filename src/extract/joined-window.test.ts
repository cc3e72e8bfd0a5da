import { describe, expect, it } from "vitest";
import { bulkScene, record } from "../../test/kit/fakes/bulk-scene.ts";
import { RemoteError, TransportError } from "../errors.ts";

describe("a window in several exports", () => {
  it("is landed as one file, joined by key, named after the first group's export and file", async () => {
    await using t = await bulkScene([3, 1, 2, 5, 4].map((id) => record(id)));
    t.fake.filesPerExport = 2;
    const files = await t.extract();
    expect(t.fake.created.map(({ fields }) => fields)).toEqual([
      ["id", "name", "done"],
      ["id", "size", "updated_at"],
    ]);
    expect(new Set(t.fake.created.map((request) => JSON.stringify(request.arguments))).size).toBe(1);
    expect(files).toHaveLength(1);
    expect(files[0]?.key).toMatch(/_1-10-[0-9a-f]{8}\.csv$/);
    expect(files[0]).toMatchObject({ rows: 5, exportId: "1", incompleteRows: 0 });
    expect((await t.rowsIn(files[0]?.key)).map(([id, , , size]) => [id, size])).toEqual(
      [3, 1, 2, 5, 4].map((id) => [String(id), String(id * 10)]),
    );
    expect((await t.state()).windows[0]).toMatchObject({ done: true });
  });

  it("lands the known part of a row that one of them lacks, counts it and warns", async () => {
    await using t = await bulkScene([record(1), record(2)]);
    t.fake.afterCreate = () => {
      // Between the two exports record 1 has moved on, and record 3 has come.
      t.fake.records = [record(2), record(3)];
    };
    const [file] = await t.extract();
    expect(await t.rowsIn(file?.key)).toEqual([
      ["1", "n1", "true", null, null],
      ["2", "n2", "true", "20", "2026-01-01 00:00:02"],
      ["3", null, null, "30", "2026-01-01 00:00:03"],
    ]);
    expect(file).toMatchObject({ rows: 3, incompleteRows: 2, maxWatermark: "2026-01-01 00:00:03" });
    expect(t.warnings()).toEqual(["export.rows-incomplete"]);
  });

  it("is named after the first group that has a file", async () => {
    await using t = await bulkScene([]);
    t.fake.afterCreate = () => {
      t.fake.records = [record(7)];
    };
    const [file] = await t.extract();
    expect(file?.key).toMatch(/_2-10-[0-9a-f]{8}\.csv$/);
    expect(await t.rowsIn(file?.key)).toEqual([["7", null, null, "70", "2026-01-01 00:00:07"]]);
  });

  it("is done without a file when no group has a row", async () => {
    await using t = await bulkScene([]);
    expect(await t.extract()).toEqual([]);
    expect((await t.state()).windows[0]).toMatchObject({ done: true });
  });

  it("G3 requests again only the export whose files are gone", async () => {
    await using t = await bulkScene([record(1), record(2)]);
    let gone = 1;
    t.fake.beforeFetch = (exportId) => {
      if (exportId === "1" && gone-- > 0) throw new RemoteError("gone", { code: "pardot.x", pardotCode: 178 });
    };
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect(t.fake.created.map(({ fields }) => fields)).toEqual([
      ["id", "name", "done"],
      ["id", "size", "updated_at"],
      ["id", "name", "done"],
    ]);
    expect(file?.exportId).toBe("3");
    expect(t.warnings()).toEqual(["export.recreated"]);
  });

  it("G3 requests again all exports whose files are gone at once", async () => {
    await using t = await bulkScene([record(1), record(2)]);
    t.fake.beforeFetch = (exportId) => {
      if (Number(exportId) <= 2) throw new RemoteError("gone", { code: "pardot.x", pardotCode: 178 });
    };
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect(t.fake.created).toHaveLength(4);
    expect(file).toMatchObject({ exportId: "3", rows: 2, incompleteRows: 0 });
  });

  it("G6 gets another name if one of the exports is another one, because its bytes may differ", async () => {
    const keys: string[] = [];
    for (const times of [0, 1]) {
      await using t = await bulkScene([record(1)]);
      let gone = times;
      t.fake.beforeFetch = (exportId) => {
        if (exportId === "2" && gone-- > 0) throw new RemoteError("gone", { code: "pardot.x", pardotCode: 178 });
      };
      keys.push(...(await t.extract()).map(({ key }) => key));
    }
    expect(keys.map((key) => key.replace(/-[0-9a-f]{8}\.csv$/, ""))).toEqual([
      keys[0]?.slice(0, -13),
      keys[0]?.slice(0, -13),
    ]);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it("G3 goes on after a kill with its exports and the groups they were requested with", async () => {
    await using t = await bulkScene([record(1)]);
    const stopping = new AbortController();
    t.fake.beforeFetch = () => {
      stopping.abort(new Error("killed"));
      throw new TransportError("cut", { code: "http.cut", retryable: true });
    };
    await t.extract(stopping.signal);
    expect(t.failures.splice(0)).toHaveLength(1);
    t.fake.beforeFetch = () => undefined;
    // A field has appeared in the meantime: its values are in the next window, and this one stays as requested.
    const extraction = await t.open();
    const added = [{ field: "later", column: "later" }];
    await extraction.journal.record([{ type: "fields-seen", object: "Thing", listed: ["later"], added }]);
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect(t.fake.created).toHaveLength(2);
    expect(file?.columns).toEqual(["id", "name", "done", "size", "updated_at", "later"]);
    expect(await t.rowsIn(file?.key)).toEqual([["1", "n1", "true", "10", "2026-01-01 00:00:01", null]]);
    expect(t.warnings()).toEqual([]);
  });

  it("fetches a cut file again, and keeps nothing of the first try", async () => {
    await using t = await bulkScene([record(1), record(2)]);
    let cuts = 2;
    t.fake.onTheWay = (body) => (cuts-- > 0 ? cutShort(body) : body);
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect(file?.rows).toBe(2);
    expect(t.fake.fetched).toHaveLength(4);
  });

  it("fails and lands nothing if its files do not fit together", async () => {
    await using keyless = await bulkScene([record(1), record(2)]);
    keyless.fake.headerOf = (fields) => fields.slice(1);
    expect(await keyless.extract()).toEqual([]);
    expect(keyless.failures).toEqual([expect.objectContaining({ code: "data.csv-header" })]);
    await using mixed = await bulkScene([record(1), record(2)]);
    mixed.fake.filesPerExport = 2;
    mixed.fake.onTheWay = (file, fileId) => (fileId === "11" ? reversedColumns(file) : file);
    expect(await mixed.extract()).toEqual([]);
    expect(mixed.failures).toEqual([expect.objectContaining({ code: "data.headers-differ" })]);
    expect((await mixed.state()).windows[0]).toMatchObject({ done: false });
  });
});

async function* edited(
  body: AsyncIterable<Uint8Array>,
  change: (text: string) => string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  yield Buffer.from(change(Buffer.concat(chunks).toString("latin1")), "latin1");
}

describe("a file of one of several exports", () => {
  it.each(["", "try again later\n", "name,size\n", "id,color,shape,height\n"])(
    "(%j) that is no result file fails the object, and is fetched again first",
    async (body) => {
      await using t = await bulkScene([record(1)]);
      let isSecond = false;
      t.fake.beforeFetch = (exportId) => {
        isSecond = exportId === "2";
      };
      t.fake.onTheWay = (file) => (isSecond ? edited(file, () => body) : file);
      expect(await t.extract()).toEqual([]);
      expect(t.failures).toEqual([expect.objectContaining({ code: "data.csv-header", exitCode: 6 })]);
      expect(t.fake.fetched).toHaveLength(5);
      expect((await t.state()).windows).toMatchObject([{ done: false }]);
    },
  );

  it("may contain only a header", async () => {
    await using t = await bulkScene([record(1)]);
    t.fake.onTheWay = (file) => edited(file, (text) => `${text.split("\n")[0] ?? ""}\n`);
    expect(await t.extract()).toEqual([]);
    expect(t.failures).toEqual([]);
    expect((await t.state()).windows).toMatchObject([{ done: true }]);
  });

  const LINE = /\n2,[^\n]*\n/;
  const BAD: readonly [string, string, string | null][] = [
    ["too few fields", "\n2,20\n", "2"],
    ["a value that is not its column's", "\n2,large,2026-01-01 00:00:02\n", "2"],
    ["a watermark that is not a time", "\n2,20,N/A\n", "2"],
    ["no key", "\n,20,2026-01-01 00:00:02\n", null],
    ["a key that is no number", "\nx,20,2026-01-01 00:00:02\n", "x"],
  ];
  it.each(BAD)("with a record with %s sets it aside, and lands the others", async (_, line, id) => {
    await using t = await bulkScene([1, 2, 3].map((each) => record(each)));
    t.fake.onTheWay = (file) => edited(file, (text) => (text.includes("size") ? text.replace(LINE, line) : text));
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    const { windows } = await t.state();
    expect(windows[0]?.rejects).toMatchObject([{ id }]);
    const ids = (await t.rowsIn(file?.key)).map(([first]) => first);
    // If the refused record cannot be identified, its known values are landed and counted.
    expect({ ids, incomplete: file?.incompleteRows }).toEqual(
      id === "2" ? { ids: ["1", "3"], incomplete: 0 } : { ids: ["1", "2", "3"], incomplete: 1 },
    );
  });

  it("is read in any CSV dialect", async () => {
    await using t = await bulkScene([record(1, { name: "N" }), record(2)]);
    const name = Buffer.from('"say \\"caf\\" \xc3"', "latin1").toString("latin1");
    t.fake.onTheWay = (file) => edited(file, (text) => `${text.replace("1,N,", `1,${name},`)}\r\n`);
    const [file] = await t.extract();
    expect(t.failures).toEqual([]);
    expect((await t.rowsIn(file?.key)).map((row) => row.slice(0, 2))).toEqual([
      ["1", 'say \\"caf\\" \uFFFD'],
      ["2", "n2"],
    ]);
    expect(t.warnings()).toEqual(["data.csv-php-dialect", "data.csv-encoding"]);
  });

  it("may lack a field that was refused after the exports were laid out", async () => {
    await using t = await bulkScene([record(1)]);
    t.fake.refusedFields.add("size");
    const [file] = await t.extract();
    expect(await t.rowsIn(file?.key)).toEqual([["1", "n1", "true", null, "2026-01-01 00:00:01"]]);
    expect(t.warnings()).toEqual(["fields.refused"]);
  });
});

async function* cutShort(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    yield chunk;
    break;
  }
  throw new TransportError("the body broke off", { code: "http.cut", retryable: true });
}

async function* reversedColumns(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  yield Buffer.from(lines.map((line) => `${line.split(",").toReversed().join(",")}\n`).join(""));
}
