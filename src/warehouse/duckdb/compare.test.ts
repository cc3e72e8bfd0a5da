import { readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../errors.ts";
import { database, fileOf, rowsOf, signal, tag, useDatabase, warehouse } from "../../../test/kit/duckdb-rig.ts";
import type { CommittedFile, Comparison } from "../warehouse.ts";

// Holds G10: verify finds every file and row that is missing, doubled or unknown.

useDatabase();

const committed = (key: string, rows: number): CommittedFile => ({ key, rows, maxWatermark: null });

async function compared(files: readonly CommittedFile[]): Promise<Comparison> {
  async function* each(): AsyncGenerator<CommittedFile> {
    yield* files;
  }
  return warehouse.compare(tag, each(), signal);
}

async function loadThree(): Promise<readonly CommittedFile[]> {
  const rows = Array.from({ length: 100 }, (_, id) => `${id},x,,,,\n`).join("");
  await warehouse.load(tag, [await fileOf("a", rows, 100, { readAt: 1 })], signal);
  await warehouse.load(tag, [await fileOf("b", "1,y,,,,\n200,y,,,,\n", 2, { readAt: 2 })], signal);
  await warehouse.load(tag, [await fileOf("c", "", 0, { readAt: 3 })], signal);
  return [committed("a", 100), committed("b", 2), committed("c", 0)];
}

let loaded: { readonly files: readonly CommittedFile[]; readonly bytes: Uint8Array } | null = null;

/** A database after `loadThree`: loaded once, then copied. */
async function withThree(): Promise<readonly CommittedFile[]> {
  if (loaded === null) {
    const files = await loadThree();
    await warehouse.close();
    loaded = { files, bytes: await readFile(database) };
  } else await writeFile(database, loaded.bytes);
  return loaded.files;
}

describe("a table compared with its committed files", () => {
  test("has no problem when every file was loaded once and nothing was changed", async () => {
    const files = await withThree();
    expect(await compared([...files, ...files])).toEqual({
      isByFile: true,
      compared: "3 files and 101 rows of PARDOT_THING",
      problems: [],
    });
  });

  const changes: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "25 rows deleted",
      "DELETE FROM PARDOT_THING WHERE id < 25",
      "PARDOT_THING",
      /holds 76 rows, its loads left 101: another program has removed 25$/,
    ],
    [
      "one row deleted",
      "DELETE FROM PARDOT_THING WHERE id = 200",
      "PARDOT_THING",
      /holds 100 rows, its loads left 101: another program has removed 1$/,
    ],
    [
      "rows added",
      "INSERT INTO PARDOT_THING (id) VALUES (900)",
      "PARDOT_THING",
      /holds 102 rows, its loads left 101: another program has added 1$/,
    ],
    [
      "a row twice",
      "INSERT INTO PARDOT_THING SELECT * FROM PARDOT_THING WHERE id = 7",
      "PARDOT_THING",
      /for 101 values of id/,
    ],
    ["all rows deleted", "DELETE FROM PARDOT_THING", "PARDOT_THING", /holds 0 rows, its loads left 101/],
    [
      "a row swapped for one of another file",
      "UPDATE PARDOT_THING SET _pardot_etl_file = 'z' WHERE id = 3",
      "z",
      /holds 1 rows of it, 0 were loaded/,
    ],
    ["a file forgotten", "DELETE FROM _PARDOT_ETL_LOADS WHERE file_key = 'c'", "c", /is not loaded into PARDOT_THING/],
    [
      "another count of rows",
      "UPDATE _PARDOT_ETL_LOADS SET rows = 3 WHERE file_key = 'b'",
      "b",
      /has loaded 3 rows from it, 2 were committed/,
    ],
  ];
  test.each(changes)("shows %s", async (_, sql, key, problem) => {
    const files = await withThree();
    await rowsOf(sql);
    const { problems } = await compared(files);
    expect(problems.filter((each) => each.key === key && problem.test(each.problem))).toHaveLength(1);
    expect(problems.every(({ hint }) => hint !== null)).toBe(true);
  });

  test("still shows the rows that were deleted by hand after further loads and a new settling", async () => {
    const files = await withThree();
    await rowsOf("DELETE FROM PARDOT_THING WHERE id BETWEEN 10 AND 34");
    await warehouse.load(tag, [await fileOf("d", "50,z,,,,\n300,z,,,,\n", 2, { readAt: 4 })], signal);
    await warehouse.settle(tag, { files: 4, wholeUntil: null }, signal);
    const { problems } = await compared([...files, committed("d", 2)]);
    const changed = "it holds 77 rows, its loads left 102: another program has removed 25";
    expect(problems).toMatchObject([{ key: "PARDOT_THING", problem: changed }]);
    const statement = /UPDATE [^`]*/.exec(problems[0]?.hint ?? "")?.[0] ?? "";
    await rowsOf(statement);
    expect((await compared([...files, committed("d", 2)])).problems).toEqual([]);
  });

  test("is not settled anymore when its log has lost a file, so that the next run loads it", async () => {
    await withThree();
    await warehouse.settle(tag, { files: 3, wholeUntil: null }, signal);
    expect(await warehouse.settled(tag, signal)).toBe(3);
    await rowsOf("DELETE FROM _PARDOT_ETL_LOADS WHERE file_key = 'b'");
    expect(await warehouse.settled(tag, signal)).toBe(0);
  });

  test("shows a file that was never loaded and one that no manifest names", async () => {
    const files = await withThree();
    const { problems } = await compared([...files.slice(1), committed("d", 9)]);
    expect(problems.map(({ key, problem }) => [key, problem])).toEqual([
      ["d", "it is not loaded into PARDOT_THING"],
      ["a", "it is loaded into PARDOT_THING, but no manifest names it"],
    ]);
  });

  test("may lack an optional file", async () => {
    const files = await withThree();
    const optional = files.map((file) => ({ ...file, isOptional: true }));
    const givenUp = { key: "given-up", rows: 7, maxWatermark: null, isOptional: true };
    expect(await compared([...files, givenUp])).toMatchObject({ problems: [] });
    expect(await compared([...optional.slice(0, 1), ...files.slice(1)])).toEqual({
      isByFile: true,
      compared: "2 files and 101 rows of PARDOT_THING",
      problems: [],
    });
  });

  test("names a hundred files and counts the others", async () => {
    await withThree();
    const many = Array.from({ length: 2345 }, (_, index) => committed(`file-${String(index).padStart(4, "0")}`, 1));
    const { compared: text, problems } = await compared(many);
    expect(text).toBe("2,345 files and 101 rows of PARDOT_THING");
    const missing = problems.filter(({ problem }) => problem.includes("is not loaded"));
    expect(missing).toHaveLength(101);
    expect(missing.at(-1)).toMatchObject({
      key: "PARDOT_THING",
      problem: expect.stringContaining("2245 more files like file-0100") as string,
    });
  });

  test("holds all files after the object has got another table, and again after it has got the first one back", async () => {
    const file = async (key: string, id: number, readAt: number) => fileOf(key, `${id},x,,,,\n`, 1, { readAt });
    const renamed = { ...tag, table: "my_things" };
    const keys = ["a", "b"];
    await warehouse.load(tag, [await file("a", 1, 1)], signal);
    expect(await warehouse.unloaded(renamed, keys, signal)).toEqual(keys);
    // The newest file first: the table is there when the older one is looked for.
    await warehouse.load(renamed, [await file("b", 2, 2)], signal);
    expect(await warehouse.unloaded(renamed, keys, signal)).toEqual(["a"]);
    await warehouse.load(renamed, [await file("a", 1, 1)], signal);
    expect(await warehouse.unloaded(renamed, keys, signal)).toEqual([]);
    expect(await rowsOf("SELECT id FROM my_things ORDER BY id")).toHaveLength(2);
    expect(await warehouse.unloaded(tag, keys, signal)).toEqual(keys);
    await warehouse.load(tag, [await file("a", 1, 1), await file("b", 2, 2)], signal);
    expect((await compared([committed("a", 1), committed("b", 1)])).problems).toEqual([]);
  });

  test("has the same rows recorded when its name is written in another case", async () => {
    const other = { ...tag, table: tag.table.toLowerCase() };
    await warehouse.load(tag, [await fileOf("a", "1,x,,,,\n", 1, { readAt: 1 })], signal);
    await warehouse.load(other, [await fileOf("b", "2,x,,,,\n", 1, { readAt: 2 })], signal);
    await warehouse.load(other, [await fileOf("c", "3,x,,,,\n", 1, { readAt: 3 })], signal);
    expect((await compared(["a", "b", "c"].map((key) => committed(key, 1)))).problems).toEqual([]);
    expect(await rowsOf("SELECT table_name, rows FROM _PARDOT_ETL_TABLES")).toHaveLength(1);
  });

  test("is reported missing when it was dropped, or when its database is gone", async () => {
    const files = await withThree();
    await rowsOf("DROP TABLE PARDOT_THING");
    expect((await compared(files)).problems).toMatchObject([
      { key: "PARDOT_THING", problem: "it does not exist although 3 files were committed for it" },
    ]);
    expect(await compared(files.slice(0, 1))).toMatchObject({
      compared: "1 file of PARDOT_THING",
      problems: [{ problem: "it does not exist although 1 file was committed for it" }],
    });
    expect(await warehouse.settled(tag, signal)).toBe(0);
    expect(await warehouse.unloaded(tag, ["a", "b"], signal)).toEqual(["a", "b"]);
    await warehouse.close();
    await rm(database);
    expect((await compared(files)).problems).toMatchObject([{ key: "PARDOT_THING" }]);
    expect(await compared([])).toEqual({ compared: "", problems: [] });
    expect(await warehouse.settled(tag, signal)).toBe(0);
    expect(await warehouse.unloaded(tag, ["a", "b"], signal)).toEqual(["a", "b"]);
  });

  test("of an earlier version is only compared by its files until the next load", async () => {
    const files = await withThree();
    await rowsOf("DROP TABLE _PARDOT_ETL_TABLES");
    await rowsOf("DELETE FROM PARDOT_THING WHERE id < 25");
    expect((await compared(files)).problems).toEqual([]);
  });
});

describe("a database", () => {
  test("belongs to the business unit that loaded first, also after a reopening", async () => {
    await warehouse.claim("unit-1", false, signal);
    await loadThree();
    await warehouse.close();
    await warehouse.claim("unit-1", false, signal);
    const error = await warehouse.claim("unit-2", true, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      exitCode: 2,
      problems: [
        {
          path: "PARDOT_ETL_WAREHOUSE",
          value: `duckdb:${database}`,
          expected: "a separate database for unit-2: this one holds the tables of unit-1",
        },
      ],
    });
  });

  test("without a mark can be claimed by a unit that has committed files, and by a new one only while nothing is loaded", async () => {
    await withThree();
    expect(await rowsOf("SELECT 1 FROM duckdb_tables() WHERE table_name = '_PARDOT_ETL_UNIT'")).toEqual([]);
    const error = (await warehouse.claim("unit-1", false, signal).catch((thrown: unknown) => thrown)) as ConfigError;
    expect(error).toMatchObject({ exitCode: 2 });
    const statement = /CREATE TABLE .*$/.exec(error.hint ?? "")?.[0] ?? "";
    await warehouse.claim("unit-1", true, signal);
    await warehouse.load(tag, [], signal);
    expect(await rowsOf("SELECT * FROM _PARDOT_ETL_UNIT")).toEqual([["unit-1"]]);
    await rowsOf("DROP TABLE _PARDOT_ETL_UNIT");
    // The way out that the hint names.
    await rowsOf(statement);
    await warehouse.claim("unit-1", false, signal);
    await expect(warehouse.claim("unit-2", false, signal)).rejects.toBeInstanceOf(ConfigError);
  });

  test("with foreign tables and no load can be claimed by the first unit", async () => {
    await rowsOf("CREATE TABLE PARDOT_THING (id BIGINT)");
    await warehouse.claim("unit-1", false, signal);
  });

  test("that another unit has claimed since is not changed", async () => {
    await warehouse.claim("unit-1", false, signal);
    await rowsOf("CREATE TABLE _PARDOT_ETL_UNIT AS SELECT 'unit-2' AS business_unit");
    await expect(warehouse.load(tag, [], signal)).rejects.toMatchObject({ code: "warehouse.unit-foreign" });
  });
});
