import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetMetadata } from "hyparquet";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readParquet } from "../../../test/kit/records.ts";
import type { Column } from "../../catalog/catalog.ts";
import { readCsv } from "../../encode/csv-scan.ts";
import { csvEncoder } from "../../encode/csv-write.ts";
import type { Row } from "../../encode/canonical.ts";
import { scanParquet } from "../../encode/parquet.ts";
import { DataError, WarehouseError } from "../../errors.ts";
import { ParquetConverter } from "./parquet.ts";

// Holds G6 (same input, same bytes) and G7 (DuckDB runs apart) for Parquet.

const columns: readonly Column[] = [
  { name: "id", type: "integer" },
  { name: "order", type: "string" },
  { name: 'sc"ore', type: "number" },
  { name: "is_public", type: "boolean" },
  { name: "updated_at", type: "datetime" },
  { name: "payload", type: "json" },
];
const signal = new AbortController().signal;

let folder: string;
let converter: ParquetConverter;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parquet-test-"));
  converter = new ParquetConverter({ tmpDir: folder });
});

afterEach(async () => {
  await converter.close();
  expect((await readdir(folder)).filter((name) => name !== "rows.csv")).toEqual([]);
  await rm(folder, { recursive: true });
});

async function convert(rows: Iterable<Row>, more: { readonly rows?: number; readonly signal?: AbortSignal } = {}) {
  const encoder = csvEncoder(columns);
  const parts: Uint8Array[] = [];
  for (const row of rows) {
    encoder.add(row);
    const part = encoder.takeFull();
    if (part !== null) parts.push(part);
  }
  const path = join(folder, "rows.csv");
  await writeFile(path, [...parts, encoder.takeRest()]);
  const file: Uint8Array[] = [];
  const source = { object: "Thing", columns, path, rows: more.rows ?? encoder.rows };
  await converter.convert(source, async (part) => void file.push(part), more.signal ?? signal);
  return Buffer.concat(file);
}

/** Waits until DuckDB has begun to write a file. */
async function isWriting(): Promise<void> {
  await vi.waitUntil(
    async () => (await readdir(folder, { recursive: true })).some((name) => name.endsWith(".parquet")),
    {
      interval: 5,
      timeout: 60_000,
    },
  );
}

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

function* rowsOf(count: number, text = ""): Generator<Row> {
  for (let id = 0; id < count; id += 1) {
    yield [
      String(id),
      id % 7 === 0 ? null : `${id}${text}`,
      `${id}.5`,
      String(id % 2 === 0),
      "2024-01-02 03:04:05",
      null,
    ];
  }
}

describe("a Parquet file", () => {
  test("has typed columns with the values of every row, by a reader that is not DuckDB", async () => {
    const rows: Row[] = [
      ["9223372036854775807", 'a, "b"\r\n\u0000é😀', "7250.50", "true", "2024-02-29 23:59:59", '[{"id":1.50}]'],
      ["-9223372036854775808", "", "-0.1", "false", "0001-01-01 00:00:00", "null"],
      ["0", null, null, null, null, null],
      ["9007199254740993", "NULL", "123456789012345678901234567890", null, "9999-12-31 23:59:59", '"\\ud83d"'],
    ];
    const bytes = await convert(rows);
    expect((await readParquet(bytes)).records.map((record) => Object.values(record))).toEqual(
      rows.map((row) => row.map((cell, place) => (place === 2 && cell !== null ? String(Number(cell)) : cell))),
    );
    const { schema } = parquetMetadata(Uint8Array.from(bytes).buffer);
    expect(schema.slice(1).map(({ name, type, logical_type: logical }) => [name, type, logical?.type])).toEqual([
      ["id", "INT64", undefined],
      ["order", "BYTE_ARRAY", undefined],
      ['sc"ore', "DOUBLE", undefined],
      ["is_public", "BOOLEAN", undefined],
      ["updated_at", "INT64", "TIMESTAMP"],
      ["payload", "BYTE_ARRAY", undefined],
    ]);
  });

  test("is read as the same values in the same order", async () => {
    const rows: Row[] = [
      ["9223372036854775807", 'a, "b"\r\n\u0000é😀', "7250.5", "true", "2024-02-29 23:59:59", '[{"id":1.50}]'],
      ["-9223372036854775808", "", "-0.1", "false", "0001-01-01 00:00:00", "null"],
      ["0", null, null, null, null, null],
      ["9007199254740993", "NULL", "1e+29", null, "9999-12-31 23:59:59", '"\\ud83d"'],
      ...Array.from(rowsOf(30_000), (row) => [...row.slice(0, 2), "0.5", ...row.slice(3)]),
    ];
    const path = join(folder, "rows.parquet");
    await writeFile(path, await convert(rows));
    const chunks = converter.read("Thing/1.parquet", path, signal);
    const found: Row[] = [];
    for await (const cells of readCsv(chunks, { subject: "", columns: columns.length, hasHeader: true }))
      found.push(cells);
    await rm(path);
    expect(found).toEqual(rows);
  });

  test("G6 has the rows in their order, in groups of 20,480, and the same bytes from another process", async () => {
    const bytes = await convert(rowsOf(50_000));
    expect((await readParquet(bytes)).records.map(({ id }) => Number(id))).toEqual(
      Array.from({ length: 50_000 }, (_, id) => id),
    );
    const { row_groups: groups } = parquetMetadata(Uint8Array.from(bytes).buffer);
    expect(groups.map(({ num_rows: rows }) => Number(rows))).toEqual([20_480, 20_480, 9_040]);
    expect(groups[0]?.columns.every(({ meta_data: about }) => about?.codec === "ZSTD")).toBe(true);
    await converter.close();
    expect((await convert(rowsOf(50_000))).equals(bytes)).toBe(true);
  });

  test("G7 of long texts ends its row groups early, so that 250 MB of text fit into the process", async () => {
    const bytes = await convert(rowsOf(8_000, "x".repeat(32_000)));
    expect(await scanParquet(chunked(bytes, 65_536), "F")).toMatchObject({ rows: 8_000 });
    expect(parquetMetadata(Uint8Array.from(bytes).buffer).row_groups.length).toBeGreaterThan(2);
  });

  test("is counted by its footer, however it is cut, and refused when a part is missing", async () => {
    const bytes = await convert(rowsOf(30_000));
    for (const size of [1000, 4097, bytes.length]) {
      expect(await scanParquet(chunked(bytes, size), "F")).toEqual({
        rows: 30_000,
        columns: columns.map(({ name }) => name),
      });
    }
    for (const length of [0, 3, 11, 100, bytes.length - 1, bytes.length - 8]) {
      const error: unknown = await scanParquet(chunked(bytes.subarray(0, length), 1000), "F").catch((e: unknown) => e);
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ code: "data.parquet-broken" });
    }
    const longer = Buffer.concat([bytes.subarray(0, -8), Buffer.from([255, 255, 255, 127]), bytes.subarray(-4)]);
    await expect(scanParquet(chunked(longer, 1000), "F")).rejects.toThrow("its footer should have 2147483647 bytes");
  });
});

describe("the converter", () => {
  test("fails when DuckDB reads another number of rows, and when a value is not its type", async () => {
    await expect(convert(rowsOf(3), { rows: 4 })).rejects.toMatchObject({
      code: "warehouse.rows-differ",
      message: "write Thing as Parquet with DuckDB: DuckDB reads 3 of the 4 records",
    });
    const error: unknown = await convert([["x", "secret", null, null, null, null]]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WarehouseError);
    expect((error as Error).message).not.toContain("secret");
    expect(await convert(rowsOf(3))).toHaveLength((await convert(rowsOf(3))).length);
  });

  test("reports a process that died, and starts another for the next file", async () => {
    await convert(rowsOf(1));
    const { processId } = converter;
    const converting = convert(rowsOf(200_000));
    const died = expect(converting).rejects.toMatchObject({ code: "warehouse.process-died", retryable: true });
    await isWriting();
    process.kill(processId ?? 0, "SIGKILL");
    await died;
    expect(await scanParquet(chunked(await convert(rowsOf(10)), 100), "F")).toMatchObject({ rows: 10 });
    expect(converter.processId).not.toBe(processId);
  });

  test("goes on when its process gets the signals that ask the run to stop", async () => {
    await convert(rowsOf(1));
    const processId = converter.processId ?? 0;
    const converting = convert(rowsOf(200_000));
    await isWriting();
    process.kill(processId, "SIGINT");
    process.kill(processId, "SIGTERM");
    expect(await scanParquet(chunked(await converting, 100_000), "F")).toMatchObject({ rows: 200_000 });
    expect(converter.processId).toBe(processId);
    // Ctrl-C reaches every process of the terminal's group, and may come before the process can ignore it.
    expect(() => process.kill(-processId, 0)).not.toThrow();
  });

  test("ends its process when it is aborted, and leaves nothing behind", async () => {
    await convert(rowsOf(1));
    const stop = new AbortController();
    const stopped = expect(convert(rowsOf(200_000), { signal: stop.signal })).rejects.toThrow("stopped");
    await isWriting();
    stop.abort(new Error("stopped"));
    await stopped;
    expect(converter.processId).toBeNull();
  });
});
