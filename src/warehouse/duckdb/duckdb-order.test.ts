import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Column } from "../../catalog/catalog.ts";
import { fileOf, folder, refusal, rowsOf, signal, tag, useDatabase, warehouse } from "../../../test/kit/duckdb-rig.ts";
import type { LoadFile } from "../warehouse.ts";

// Holds G10: of two versions of a row the one that was read later stays.

useDatabase();

const names = "SELECT id, name FROM PARDOT_THING ORDER BY id";

/** A file of one record, read at a time. */
async function read(key: string, readAt: number | null, id = 1): Promise<LoadFile> {
  // Watermarks fall as the time of reading rises: they must not decide.
  const watermark = `2024-01-${String(28 - (readAt ?? 0)).padStart(2, "0")} 00:00:00`;
  return fileOf(key, `${id},${key},,,,${watermark}\n`, 1, { readAt, runId: `run-${key}` });
}

describe("of two versions of a row", () => {
  test("the one read later stays, for any order and grouping of the loads", async () => {
    const files = [await read("a", 1), await read("b", 2), await read("c", 3)];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      const all = order.map((index) => files[index] as LoadFile);
      for (const batches of [[all], all.map((file) => [file])]) {
        for (const batch of batches) await warehouse.load(tag, batch, signal);
        expect(await rowsOf(names), `${order.join()} in ${batches.length}`).toEqual([["1", "c"]]);
        await rowsOf("DROP TABLE PARDOT_THING");
      }
    }
  });

  test("the file loaded later wins when both were read at the same time, or at an unknown time", async () => {
    for (const at of [5, null]) {
      await warehouse.load(tag, [await read("b", at)], signal);
      await warehouse.load(tag, [await read("a", at)], signal);
      expect(await rowsOf(names)).toEqual([["1", "a"]]);
      await rowsOf("DROP TABLE PARDOT_THING");
      await warehouse.load(tag, [await read("b", at), await read("a", at)], signal);
      expect(await rowsOf(names)).toEqual([["1", "a"]]);
      await rowsOf("DROP TABLE PARDOT_THING");
    }
  });

  test("one with an unknown time of reading is the older", async () => {
    await warehouse.load(tag, [await read("known", 5), await read("unknown", null)], signal);
    await warehouse.load(tag, [await read("unknown-2", null), await read("other", null, 2)], signal);
    expect(await rowsOf(names)).toEqual([
      ["1", "known"],
      ["2", "other"],
    ]);
  });

  test("an old file adds the rows that no newer one has, and does not change the others", async () => {
    await warehouse.load(tag, [await fileOf("new", "1,new,,,,\n2,new,,,,\n", 2, { readAt: 9 })], signal);
    const old = await fileOf("old", "1,old,,,,\n3,old,,,,\n3,old again,,,,\n2,old,,,,\n", 4, { readAt: 3 });
    expect(await warehouse.load(tag, [old], signal)).toMatchObject({ rows: 3 });
    expect(await rowsOf(names)).toEqual([
      ["1", "new"],
      ["2", "new"],
      ["3", "old again"],
    ]);
  });
});

test("a history whose last window is finished nights later does not replace newer rows", async () => {
  // Night 1 reads three windows; one file of the last is refused by the network until night 4.
  const late = await fileOf("w3-file2", "7,as of night 1,,,,2025-11-22\n8,as of night 1,,,,2025-11-22\n", 2, {
    readAt: 1,
  });
  await warehouse.load(tag, [await fileOf("w1", "1,x,,,,\n", 1, { readAt: 1 })], signal);
  await warehouse.load(tag, [await fileOf("night2", "7,as of night 2,,,,2026-03-20\n", 1, { readAt: 2 })], signal);
  await warehouse.load(tag, [await fileOf("night3", "1,as of night 3,,,,2026-03-21\n", 1, { readAt: 3 })], signal);
  await warehouse.load(
    tag,
    [late, await fileOf("night4", "9,as of night 4,,,,2026-03-22\n", 1, { readAt: 4 })],
    signal,
  );
  expect(await rowsOf(names)).toEqual([
    ["1", "as of night 3"],
    ["7", "as of night 2"],
    ["8", "as of night 1"],
    ["9", "as of night 4"],
  ]);
});

test("each row names its file, the run that committed it, and when it was read", async () => {
  const readAt = Date.parse("2026-03-20T09:30:00.250Z");
  await warehouse.load(tag, [await fileOf("a", "1,a,,,,\n", 1, { readAt, runId: "run-a" })], signal);
  expect(
    await rowsOf("SELECT _pardot_etl_file, _pardot_etl_run_id, _pardot_etl_landed_at::VARCHAR FROM PARDOT_THING"),
  ).toEqual([["a", "run-a", "2026-03-20 09:30:00.25"]]);
  expect(await rowsOf("SELECT file_key, read_at::VARCHAR, run_id FROM _PARDOT_ETL_LOADS")).toEqual([
    ["a", "2026-03-20 09:30:00.25", "run-a"],
  ]);
});

test("a table without the columns of our own can be loaded, and its rows are the oldest", async () => {
  await rowsOf(
    "CREATE TABLE PARDOT_THING (id BIGINT, name VARCHAR, score DOUBLE, is_public BOOLEAN, payload VARCHAR, updated_at TIMESTAMP)",
  );
  await rowsOf("INSERT INTO PARDOT_THING (id, name) VALUES (1, 'before'), (2, 'before')");
  await rowsOf(
    "CREATE TABLE _PARDOT_ETL_LOADS (file_key VARCHAR PRIMARY KEY, table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL, read_at TIMESTAMP, run_id VARCHAR)",
  );
  await rowsOf("INSERT INTO _PARDOT_ETL_LOADS VALUES ('before', 'PARDOT_THING', 2, now()::TIMESTAMP, NULL, NULL)");
  expect(await warehouse.unloaded(tag, ["before", "new"], signal)).toEqual(["new"]);
  expect(await warehouse.settled(tag, signal)).toBe(0);
  const before = await read("before", null);
  expect(await warehouse.load(tag, [before, await read("new", 4)], signal)).toMatchObject({ rows: 2 });
  expect(await rowsOf("SELECT id, name, _pardot_etl_file FROM PARDOT_THING ORDER BY id")).toEqual([
    ["1", "new", "new"],
    ["2", "before", null],
  ]);
});

describe("custom fields of any name", () => {
  const odd = [
    "id",
    "rowid",
    "ROWID_",
    "c0",
    "file",
    "run",
    "landed",
    "fault",
    "filename",
    "time",
    "s",
    "t",
    "_pardot_etl_file",
    "_PARDOT_ETL_LANDED_AT",
    "select",
    'a"b',
    "it's",
  ];
  const columns: readonly Column[] = odd.map((name) => ({ name, type: name === "id" ? "integer" : "string" }));

  async function oddFile(key: string, rows: readonly string[], readAt: number): Promise<LoadFile> {
    const path = join(folder, key);
    const quoted = odd.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const records = rows.map((id) => [id, ...odd.slice(1).map((_, index) => `${key}-${index}`)].join(","));
    await writeFile(path, `${quoted}\n${records.join("\n")}\n`);
    return { key, path, format: "csv", compression: "none", rows: rows.length, columns, runId: "r", readAt };
  }

  test("are loaded, replaced, and refused by the right record", async () => {
    await warehouse.load(tag, [await oddFile("k1", ["1", "2"], 1)], signal);
    await warehouse.load(tag, [await oddFile("k2", ["2", "3"], 2)], signal);
    await warehouse.load(tag, [await oddFile("k0", ["1", "2", "4"], 0)], signal);
    expect(
      await rowsOf(
        'SELECT id, "rowid", "_pardot_etl_file_field", "fault", _pardot_etl_file FROM PARDOT_THING ORDER BY id',
      ),
    ).toEqual([
      ["1", "k1-0", "k1-11", "k1-6", "k1"],
      ["2", "k2-0", "k2-11", "k2-6", "k2"],
      ["3", "k2-0", "k2-11", "k2-6", "k2"],
      ["4", "k0-0", "k0-11", "k0-6", "k0"],
    ]);
    expect(await warehouse.tableState(tag, "2026-01-01 00:00:00", signal)).toMatchObject({ hasRows: true });
    const error = await refusal(warehouse.load(tag, [await oddFile("k3", ["5", "six"], 3)], signal));
    expect(error.message).toContain('k3 record 2: id is "six", expected integer');
  });
});

describe("an object that is always read in full", () => {
  const key = (end: string, part: number): string =>
    `Campaign/Campaign_api_19000101T000000Z_${end}_${part}2345678abcd.csv`;
  const whole = async (end: string, part: number, ids: readonly number[], readAt: number): Promise<LoadFile> => {
    const name = key(end, part);
    const file = await fileOf(`${end}-${part}`, ids.map((id) => `${id},${end},,,,\n`).join(""), ids.length, { readAt });
    return { ...file, key: name };
  };

  test("loses the rows that the newest complete reading lacks, and none of an unfinished reading", async () => {
    await rowsOf("CREATE TABLE PARDOT_THING (id BIGINT, name VARCHAR)");
    await rowsOf("INSERT INTO PARDOT_THING VALUES (90, 'of an earlier version')");
    await warehouse.load(tag, [await whole("20260301T000000Z", 1, [1, 2, 3], 1)], signal);
    await warehouse.settle(tag, { files: 1, wholeUntil: "20260301T000000Z" }, signal);
    expect(await rowsOf("SELECT id FROM PARDOT_THING ORDER BY id")).toEqual([["1"], ["2"], ["3"]]);
    const second = [await whole("20260302T000000Z", 1, [1], 2), await whole("20260302T000000Z", 2, [3], 2)];
    await warehouse.load(tag, [...second, await whole("20260303T000000Z", 1, [4], 3)], signal);
    expect(await warehouse.settle(tag, { files: 4, wholeUntil: "20260302T000000Z" }, signal)).toBe(3);
    expect(await rowsOf("SELECT id FROM PARDOT_THING ORDER BY id")).toEqual([["1"], ["3"], ["4"]]);
    expect(await warehouse.settled(tag, signal)).toBe(4);
  });
});

test("a view in place of the table is reported, and does not stop other tables", async () => {
  await rowsOf("CREATE VIEW PARDOT_THING AS SELECT 1 AS id");
  expect(await refusal(warehouse.load(tag, [await read("a", 1)], signal))).toMatchObject({
    code: "warehouse.not-a-table",
  });
  expect(await warehouse.load({ ...tag, table: "PARDOT_OTHER" }, [await read("b", 1)], signal)).toMatchObject({
    rows: 1,
  });
});
