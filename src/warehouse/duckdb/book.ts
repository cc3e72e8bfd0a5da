import type { DuckDBConnection } from "@duckdb/node-api";
import type { LoadTarget } from "./protocol.ts";
import { FILE_COLUMN, identifier, literal, LOADS, TABLES, timestampLiteral, UNIT } from "./sql.ts";
import { columnTypes, inTransaction, lowerCase, query } from "./table.ts";
import type { LoadFile, SettledTable } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

const UTC_NOW = "now() AT TIME ZONE 'UTC'";

/** Creates the tables of our own records, or upgrades those of an earlier version. */
export async function prepareBook(connection: DuckDBConnection, unit: string | null): Promise<void> {
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${LOADS} (file_key VARCHAR PRIMARY KEY, table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL, read_at TIMESTAMP, run_id VARCHAR)`,
  );
  for (const column of ["read_at TIMESTAMP", "run_id VARCHAR"]) {
    await connection.run(`ALTER TABLE ${LOADS} ADD COLUMN IF NOT EXISTS ${column}`);
  }
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${TABLES} (table_name VARCHAR PRIMARY KEY, rows BIGINT NOT NULL, files BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)`,
  );
  if (unit === null) return;
  await connection.run(`CREATE TABLE IF NOT EXISTS ${UNIT} (business_unit VARCHAR NOT NULL)`);
  const { owner } = await ownerOf(connection);
  if (owner === null) await connection.run(`INSERT INTO ${UNIT} VALUES (${literal(unit)})`);
  else if (owner !== unit) throw new Refusal({ code: UNIT_FOREIGN, message: `it holds the tables of ${owner}` });
}

/** Error code: another business unit has written to the database since `claim`. */
export const UNIT_FOREIGN = "warehouse.unit-foreign";

/** The business unit of the database, null when it is unmarked; and whether it has loaded any file. */
export async function ownerOf(
  connection: DuckDBConnection,
): Promise<{ readonly owner: string | null; readonly hasLoads: boolean }> {
  const [unit] = (await exists(connection, UNIT)) ? await query(connection, `SELECT business_unit FROM ${UNIT}`) : [];
  const [load] = (await exists(connection, LOADS)) ? await query(connection, `SELECT 1 FROM ${LOADS} LIMIT 1`) : [];
  return { owner: (unit?.[0] ?? null) as string | null, hasLoads: load !== undefined };
}

/** The keys of files that are not in the table, in the same order: all of them when there is no table. */
export async function unloaded(
  connection: DuckDBConnection,
  table: string,
  keys: readonly string[],
): Promise<readonly string[]> {
  if (keys.length === 0 || !(await exists(connection, table)) || !(await exists(connection, LOADS))) return keys;
  const rows = await query(
    connection,
    `SELECT file_key FROM ${LOADS} WHERE file_key IN (${keys.map(literal).join(", ")})`,
  );
  const loaded = new Set(rows.map(([key]) => key));
  return keys.filter((key) => !loaded.has(key));
}

/** Forgets the files of a dropped table, so that they are loaded again. */
export async function forgetTable(connection: DuckDBConnection, table: string): Promise<void> {
  for (const book of [LOADS, TABLES]) {
    await connection.run(`DELETE FROM ${book} WHERE table_name = ${literal(table)}`);
  }
}

export async function recordLoads(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<void> {
  const rows = files.map((file) => {
    const run = file.runId === null ? "NULL" : literal(file.runId);
    return `(${literal(file.key)}, ${literal(target.table)}, ${file.rows}, ${UTC_NOW}, ${timestampLiteral(file.readAt)}, ${run})`;
  });
  await connection.run(
    `INSERT INTO ${LOADS} (file_key, table_name, rows, loaded_at, read_at, run_id) VALUES ${rows.join(", ")}`,
  );
}

/** Records a table's row count. `files`: committed files that it accounts for; null: as before. */
export async function countRows(connection: DuckDBConnection, table: string, files: number | null): Promise<number> {
  const [row] = await query(connection, `SELECT COUNT(*) FROM ${identifier(table)}`);
  const rows = Number(row?.[0]);
  const known = files === null ? "" : ", files = excluded.files";
  await connection.run(
    `INSERT INTO ${TABLES} (table_name, rows, files, loaded_at) VALUES (${literal(table)}, ${rows}, ${files ?? 0}, ${UTC_NOW}) ON CONFLICT (table_name) DO UPDATE SET rows = excluded.rows, loaded_at = excluded.loaded_at${known}`,
  );
  return rows;
}

/** Number of committed files that a table accounts for; 0 when it was never settled or is gone. */
export async function settledFiles(connection: DuckDBConnection, table: string): Promise<number> {
  if (!(await exists(connection, table)) || !(await exists(connection, TABLES))) return 0;
  const [row] = await query(connection, `SELECT files FROM ${TABLES} WHERE table_name = ${literal(table)}`);
  return Number(row?.[0] ?? 0);
}

/** The end of the window in the name of a landed file: `…_<from>_<to>_<rest>`. */
const WINDOW_END = String.raw`_(\d{8}T\d{6}Z)_[^/_]*$`;

/** Records that the table accounts for every committed file, and removes rows older than the last complete reading. */
export async function settle(
  connection: DuckDBConnection,
  table: string,
  { files, wholeUntil }: SettledTable,
): Promise<null> {
  return inTransaction(connection, async () => {
    await prepareBook(connection, null);
    if (!(await exists(connection, table))) return null;
    if (wholeUntil !== null) {
      const end = `regexp_extract(coalesce(${FILE_COLUMN}, ''), ${literal(WINDOW_END)}, 1)`;
      await connection.run(`DELETE FROM ${identifier(table)} WHERE ${end} < ${literal(wholeUntil)}`);
    }
    await countRows(connection, table, files);
    return null;
  });
}

async function exists(connection: DuckDBConnection, table: string): Promise<boolean> {
  return (await columnTypes(connection, lowerCase(table))).size > 0;
}
