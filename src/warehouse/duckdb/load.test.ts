import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import {
  columns,
  database,
  fileOf,
  folder,
  refusal,
  rowsOf,
  signal,
  tag,
  useDatabase,
  warehouse,
} from "../../../test/kit/duckdb-rig.ts";
import { Database } from "./database.ts";
import { load } from "./load.ts";
import type { LoadFile } from "../warehouse.ts";

useDatabase();

describe("files of every kind in one load", () => {
  const row = (id: number, name: string): string => JSON.stringify({ ...nulls, id, name });
  const nulls = Object.fromEntries(columns.map(({ name }) => [name, null]));

  async function mixed(last: string): Promise<readonly LoadFile[]> {
    const narrow = columns.slice(0, 1);
    return [
      await fileOf("a", "1,a,,,,\n2,a,,,,\n", 2, { readAt: 1, runId: "r1" }),
      await fileOf("b", "3,b,,,,\n2,b,,,,\n", 2, { readAt: 2, runId: null }),
      await fileOf("c", "4,c,,,,\n", 1, { readAt: 3, compression: "gzip" }),
      await fileOf("d", "5\n1\n", 2, { readAt: 4, columns: narrow }),
      await textOf("e", `${row(6, "e")}\n${row(3, "e")}\n`, 2),
      await fileOf("f", `7,f,,,,\n${last},f,,,,\n`, 2, { readAt: 6 }),
      await fileOf("g", "9,g,,,,\n", 1, { readAt: 7 }),
    ];
  }

  async function textOf(key: string, records: string, rows: number): Promise<LoadFile> {
    const path = join(folder, key);
    await writeFile(path, records);
    return { key, path, format: "jsonl", compression: "none", rows, columns, runId: "r5", readAt: 5 };
  }

  test("each row has the values, the file, the run and the time of its newest version", async () => {
    expect(await warehouse.load(tag, await mixed("8"), signal)).toEqual({ rows: 9, added: 9, changed: 0 });
    const own = "_pardot_etl_file, _pardot_etl_run_id, epoch_ms(_pardot_etl_landed_at)::INTEGER";
    expect(await rowsOf(`SELECT id::INTEGER, name, ${own} FROM PARDOT_THING ORDER BY id`)).toEqual([
      [1, null, "d", "run", 4],
      [2, "b", "b", null, 2],
      [3, "e", "e", "r5", 5],
      [4, "c", "c", "run", 3],
      [5, null, "d", "run", 4],
      [6, "e", "e", "r5", 5],
      [7, "f", "f", "run", 6],
      [8, "f", "f", "run", 6],
      [9, "g", "g", "run", 7],
    ]);
  });

  test("a value that does not fit is named by its file and record", async () => {
    const error = await refusal(warehouse.load(tag, await mixed("x"), signal));
    expect(error.message).toContain(': f record 2: id is "x", expected integer');
  });

  test("a file without the column of the key is refused", async () => {
    const keyless = await fileOf("b", "x\n", 1, { columns: columns.slice(1, 2) });
    const error = await refusal(warehouse.load(tag, [await fileOf("a", "1,,,,,\n", 1), keyless], signal));
    expect(error.message).toContain(": b record 1: id is null, expected integer");
  });

  test("hundreds of files take few statements, and none more on the table than one file", async () => {
    const statements = async (files: readonly LoadFile[]): Promise<readonly string[]> => {
      const instance = await DuckDBInstance.create(database);
      const connection = await instance.connect();
      const sqls: string[] = [];
      class Noted extends Database {
        override async run(sql: string): Promise<void> {
          sqls.push(sql);
          await super.run(sql);
        }
        override async query(sql: string): Promise<readonly (readonly unknown[])[]> {
          sqls.push(sql);
          return super.query(sql);
        }
      }
      await load(new Noted(connection), { ...tag, unit: null, files });
      connection.closeSync();
      instance.closeSync();
      return sqls;
    };
    await statements([await fileOf("first", "1,,,,,\n", 1)]);
    const one = await statements([await fileOf("one", "1,,,,,\n", 1)]);
    const files: LoadFile[] = [];
    for (let n = 0; n < 400; n += 1) files.push(await fileOf(`many-${n}`, `${n},,,,,\n`, 1));
    const many = await statements(files);
    expect(many.length).toBe(one.length + 1);
    expect(many.filter((sql) => sql.includes("read_csv"))).toHaveLength(2);
    expect(
      await rowsOf("SELECT COUNT(*)::INTEGER, COUNT(DISTINCT _pardot_etl_file)::INTEGER FROM PARDOT_THING"),
    ).toEqual([[400, 400]]);
  });
});
