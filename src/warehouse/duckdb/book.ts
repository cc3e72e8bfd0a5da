import type { Database } from "./database.ts";
import type { Input, Owner } from "./protocol.ts";
import { FILE_COLUMN, identifier, literal, LOADS, TABLES, timestampLiteral, UNIT } from "./sql.ts";
import type { LoadFile } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

const UTC_NOW = "now() AT TIME ZONE 'UTC'";

/** Creates the tables of our own records. */
export async function prepareBook(database: Database, unit: string | null): Promise<void> {
  await database.run(
    `CREATE TABLE IF NOT EXISTS ${LOADS} (file_key VARCHAR PRIMARY KEY, table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL, read_at TIMESTAMP, run_id VARCHAR)`,
  );
  await database.run(
    `CREATE TABLE IF NOT EXISTS ${TABLES} (table_name VARCHAR PRIMARY KEY, rows BIGINT NOT NULL, files BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)`,
  );
  // Tables of earlier versions lack it.
  await database.run(`ALTER TABLE ${TABLES} ADD COLUMN IF NOT EXISTS loads BIGINT`);
  if (unit === null) return;
  await database.run(`CREATE TABLE IF NOT EXISTS ${UNIT} (business_unit VARCHAR NOT NULL)`);
  // Another business unit may have written to it since `claim`.
  const { owner } = await ownerOf(database);
  if (owner === null) await database.run(`INSERT INTO ${UNIT} VALUES (${literal(unit)})`);
  else if (owner !== unit)
    throw new Refusal({ code: "warehouse.unit-foreign", message: `it holds the tables of ${owner}` });
}

export async function ownerOf(database: Database): Promise<Owner> {
  const [unit] = (await database.has(UNIT)) ? await database.query(`SELECT business_unit FROM ${UNIT}`) : [];
  const [load] = (await database.has(LOADS)) ? await database.query(`SELECT 1 FROM ${LOADS} LIMIT 1`) : [];
  return { owner: (unit?.[0] ?? null) as string | null, hasLoads: load !== undefined };
}

/** The keys of files that are not in the table, in the same order: all of them when there is no table. */
export async function unloaded(database: Database, { table, keys }: Input<"unloaded">): Promise<readonly string[]> {
  if (keys.length === 0 || !(await database.has(table)) || !(await database.has(LOADS))) return keys;
  const rows = await database.query(
    `SELECT file_key FROM ${LOADS} WHERE lower(table_name) = lower(${literal(table)}) AND file_key IN (${keys.map(literal).join(", ")})`,
  );
  const loaded = new Set(rows.map(([key]) => key));
  return keys.filter((key) => !loaded.has(key));
}

/** Forgets the files of a dropped table, so that they are loaded again. */
export async function forgetTable(database: Database, table: string): Promise<void> {
  for (const book of [LOADS, TABLES]) {
    await database.run(`DELETE FROM ${book} WHERE lower(table_name) = lower(${literal(table)})`);
  }
}

/** A file that another table has, too, because the object had that table before, is from now on one of this table. */
export async function recordLoads(database: Database, table: string, files: readonly LoadFile[]): Promise<void> {
  const rows = files.map((file) => {
    const run = file.runId === null ? "NULL" : literal(file.runId);
    return `(${literal(file.key)}, ${literal(table)}, ${file.rows}, ${UTC_NOW}, ${timestampLiteral(file.readAt)}, ${run})`;
  });
  await database.run(
    `INSERT INTO ${LOADS} (file_key, table_name, rows, loaded_at, read_at, run_id) VALUES ${rows.join(", ")} ON CONFLICT (file_key) DO UPDATE SET table_name = excluded.table_name, rows = excluded.rows, loaded_at = excluded.loaded_at, read_at = excluded.read_at, run_id = excluded.run_id`,
  );
}

/**
 * Rows that another program has added to a table since this one last changed it, less those it has removed; 0 when
 * that is unknown.
 */
export async function foreignRows(database: Database, table: string): Promise<number> {
  const kept = await keptRows(database, table);
  return kept === null ? 0 : (await database.countRows(table)) - kept;
}

/** The rows that a table should have; null when none were recorded. */
export async function keptRows(database: Database, table: string): Promise<number | null> {
  if (!(await database.has(TABLES))) return null;
  const [row] = await database.query(`SELECT rows FROM ${TABLES} WHERE lower(table_name) = lower(${literal(table)})`);
  return row === undefined ? null : Number(row[0]);
}

/**
 * Records the rows that a table should have, and returns those that it has. `foreign`: the result of `foreignRows` before
 * the change. It stays a difference, because a load must not hide that rows are missing. `files`: committed files that
 * the table accounts for; null: as before.
 */
export async function recordRows(
  database: Database,
  table: string,
  foreign: number,
  files: number | null,
): Promise<number> {
  const rows = await database.countRows(table);
  const loads = `(SELECT COUNT(*) FROM ${LOADS} WHERE table_name = ${literal(table)})`;
  // Its name may have been written in another case, which DuckDB takes for the same table.
  await database.run(
    `DELETE FROM ${TABLES} WHERE lower(table_name) = lower(${literal(table)}) AND table_name <> ${literal(table)}`,
  );
  const known = files === null ? "" : ", files = excluded.files, loads = excluded.loads";
  await database.run(
    `INSERT INTO ${TABLES} (table_name, rows, files, loads, loaded_at) VALUES (${literal(table)}, ${rows - foreign}, ${files ?? 0}, ${files === null ? "NULL" : loads}, ${UTC_NOW}) ON CONFLICT (table_name) DO UPDATE SET rows = excluded.rows, loaded_at = excluded.loaded_at${known}`,
  );
  return rows;
}

/**
 * Number of committed files that a table accounts for; 0 when it was never settled or is gone, or when the log of its
 * loads has lost files since.
 */
export async function settledFiles(database: Database, { table }: Input<"settled">): Promise<number> {
  if (!(await database.has(table)) || !(await database.has(TABLES)) || !(await database.has(LOADS))) return 0;
  const hasLoads = (await database.columnTypes(TABLES)).has("loads");
  const [row = []] = await database.query(
    `SELECT files, ${hasLoads ? "loads" : "NULL"}, (SELECT COUNT(*) FROM ${LOADS} WHERE table_name = ${literal(table)}) FROM ${TABLES} WHERE table_name = ${literal(table)}`,
  );
  const [files, loads, logged] = row;
  return Number(logged ?? 0) < Number(loads ?? 0) ? 0 : Number(files ?? 0);
}

/** The end of the window in the name of a landed file: `…_<from>_<to>_<rest>`. */
const WINDOW_END = String.raw`_(\d{8}T\d{6}Z)_[^/_]*$`;

/** Records that the table accounts for every committed file, and removes rows older than the last complete reading. */
export async function settle(
  database: Database,
  { table, files, wholeUntil }: Input<"settle">,
): Promise<number | null> {
  return database.inTransaction(async () => {
    await prepareBook(database, null);
    if (!(await database.has(table))) return null;
    const foreign = await foreignRows(database, table);
    if (wholeUntil !== null) {
      const end = `regexp_extract(coalesce(${FILE_COLUMN}, ''), ${literal(WINDOW_END)}, 1)`;
      await database.run(`DELETE FROM ${identifier(table)} WHERE ${end} < ${literal(wholeUntil)}`);
    }
    return recordRows(database, table, foreign, files);
  });
}
