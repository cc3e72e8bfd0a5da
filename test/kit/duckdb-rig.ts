import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, expect } from "vitest";
import type { CatalogObject, Column } from "../../src/catalog/catalog.ts";
import { WarehouseError } from "../../src/errors.ts";
import { DuckdbWarehouse } from "../../src/warehouse/duckdb/duckdb.ts";
import type { LoadFile } from "../../src/warehouse/warehouse.ts";

export const columns: readonly Column[] = [
  { name: "id", type: "integer" },
  { name: "name", type: "string" },
  { name: "score", type: "number" },
  { name: "is_public", type: "boolean" },
  { name: "payload", type: "json" },
  { name: "updated_at", type: "datetime" },
];
/** A table like any other. */
export const tag: CatalogObject = {
  name: "Thing",
  table: "PARDOT_THING",
  core: false,
  columns,
  key: "id",
  watermark: "updated_at",
  deletes: false,
  way: { api: "v4", urlName: "thing", dataKey: "thing", process: "read", readFormat: "xml" },
  notes: [],
};
export const header = "id,name,score,is_public,payload,updated_at\n";
export const signal: AbortSignal = new AbortController().signal;

export let folder: string;
export let database: string;
export let warehouse: DuckdbWarehouse;

/** Gives each test of a file a database of its own, and sees that nothing temporary is left. */
export function useDatabase(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "duckdb-test-"));
    await mkdir(join(folder, "tmp"));
    database = join(folder, "warehouse.duckdb");
    warehouse = new DuckdbWarehouse(database, { tmpDir: join(folder, "tmp") });
  });

  afterEach(async () => {
    await warehouse.close();
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });
}

/** A file to load; the key is its name. */
export async function fileOf(
  key: string,
  records: string,
  rows: number,
  more: Partial<LoadFile> = {},
): Promise<LoadFile> {
  const path = join(folder, key);
  const text = (more.columns === undefined ? header : `${more.columns.map(({ name }) => name).join(",")}\n`) + records;
  const compress = { none: (bytes: Buffer) => bytes, gzip: gzipSync, zstd: zstdCompressSync };
  await writeFile(path, compress[more.compression ?? "none"](Buffer.from(text)));
  return { key, path, format: "csv", compression: "none", rows, columns, runId: "run", readAt: null, ...more };
}

/** Rows of the table as text, by id; the database is free for it because the warehouse was closed. */
export async function rowsOf(sql = "SELECT COLUMNS('^[^_].*') FROM PARDOT_THING ORDER BY id"): Promise<unknown[][]> {
  await warehouse.close();
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The failure of the warehouse that the work has to end with. */
export async function refusal(work: Promise<unknown>): Promise<WarehouseError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WarehouseError)) throw new Error(`no WarehouseError: ${String(error)}`);
  expect(error.exitCode).toBe(7);
  return error;
}
