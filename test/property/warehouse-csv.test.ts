import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CatalogObject, Column } from "../../src/catalog/catalog.ts";
import { FORMATS } from "../../src/encode/formats.ts";
import type { Cell } from "../../src/encode/canonical.ts";
import { DuckdbWarehouse } from "../../src/warehouse/duckdb/duckdb.ts";
import { ParquetConverter } from "../../src/warehouse/duckdb/parquet.ts";
import type { LoadFile } from "../../src/warehouse/warehouse.ts";

const columns: readonly Column[] = [
  { name: "id", type: "integer" },
  { name: "a", type: "string" },
  { name: "b", type: "string" },
  { name: "c", type: "json" },
];
const object: CatalogObject = {
  name: "Hard",
  table: "PARDOT_HARD",
  core: false,
  columns,
  key: "id",
  watermark: null,
  deletes: false,
  way: { api: "v4", urlName: "hard", dataKey: "hard", process: "read", readFormat: "xml" },
  notes: [],
};

const pieces = [",", '"', "\n", "\r", "\r\n", " ", "\\", "a", "é", "😀", "\uFEFF", "\u0000", "NULL", "\t", "'", "#"];
const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
);
/** Records of one file; DuckDB guesses the line end from the first one. */
const records = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 });

function hex(value: Cell | undefined): string | null {
  return value === null || value === undefined ? null : Buffer.from(value, "utf8").toString("hex").toUpperCase();
}

test.each(["csv", "jsonl", "parquet"] as const)(
  "the embedded warehouse loads any text of our %s byte by byte",
  async (format) => {
    const folder = await mkdtemp(join(tmpdir(), "warehouse-csv-"));
    try {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { signal } = new AbortController();
      const database = join(folder, "warehouse.duckdb");
      const warehouse = new DuckdbWarehouse(database, { tmpDir: folder });
      const converter = new ParquetConverter({ tmpDir: folder });
      const files: LoadFile[] = [];
      const expected: (string | null)[][] = [];
      for (const [number, rows] of fc.sample(records, { numRuns: 300, seed }).entries()) {
        const writer = FORMATS[format].encoder(columns);
        for (const [a, b] of rows) {
          const id = String(expected.length);
          const json = a === null ? null : JSON.stringify([a]);
          writer.add([id, a, b, json]);
          expected.push([id, hex(a), hex(b), json]);
        }
        const path = join(folder, `${number}.${format}`);
        await writeFile(path, writer.takeRest());
        if (format === "parquet") {
          const source = { object: "Hard", columns, path, rows: rows.length };
          const parts: Uint8Array[] = [];
          await converter.convert(source, async (part) => void parts.push(part), signal);
          await writeFile(path, Buffer.concat(parts));
        }
        files.push({
          key: `${number}`,
          path,
          format,
          compression: "none",
          rows: rows.length,
          columns,
          runId: null,
          readAt: null,
        });
      }
      await converter.close();
      await warehouse.load(object, files, signal);
      await warehouse.close();

      const instance = await DuckDBInstance.create(database);
      const connection = await instance.connect();
      const result = await connection.runAndReadAll("SELECT id, hex(a), hex(b), c FROM PARDOT_HARD ORDER BY id");
      // DuckDB writes JSON anew from a JSON Lines file, with other escapes.
      const values = (row: readonly unknown[]): unknown[] =>
        row.map((value, place) => (place === 3 && typeof value === "string" ? JSON.parse(value) : value) as unknown);
      expect(result.getRowsJson().map(values), `seed ${seed}`).toEqual(expected.map(values));
      connection.closeSync();
      instance.closeSync();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
