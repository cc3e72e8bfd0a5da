import { DuckDBInstance } from "@duckdb/node-api";
import { catalog } from "../../src/catalog/index.ts";
import type { Cells } from "../kit/records.ts";

/** The tables of a DuckDB file that no process has open, as text, by object and key. */
export async function tablesIn(path: string, objects: readonly string[]): Promise<Map<string, Map<string, Cells>>> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    const tables = new Map<string, Map<string, Cells>>();
    const { table_name: names } = (
      await connection.runAndReadAll("SELECT table_name FROM duckdb_tables()")
    ).getColumnsObject();
    const known = new Set((names ?? []).map(String));
    for (const object of objects) {
      const { table = object, columns = [] } = catalog.find(({ name }) => name === object) ?? {};
      // An object without records has no table.
      if (!known.has(table)) continue;
      const numbers = columns.filter(({ type }) => type === "number").map(({ name }) => name);
      const reader = await connection.runAndReadAll(
        `SELECT COLUMNS(c -> NOT starts_with(lower(c), '_pardot_etl'))::VARCHAR FROM ${table}`,
      );
      const records = reader.getRowObjects() as Cells[];
      tables.set(object, new Map(records.map((record) => [String(record["id"]), withPlain(record, numbers)])));
    }
    return tables;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Numbers as in files: DuckDB writes 12.0 for 12. */
function withPlain(record: Cells, numbers: readonly string[]): Cells {
  const plain = numbers
    .filter((name) => record[name] !== null && record[name] !== undefined)
    .map((name) => [name, String(Number(record[name]))]);
  return { ...record, ...(Object.fromEntries(plain) as Cells) };
}
