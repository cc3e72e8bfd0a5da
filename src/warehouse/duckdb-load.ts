import type { DuckDBConnection } from "@duckdb/node-api";
import type { Column } from "../catalog/catalog.ts";
import { LoadRefusal } from "./duckdb-failure.ts";
import type { LoadTarget } from "./duckdb-protocol.ts";
import {
  LOADS,
  STAGING,
  castText,
  columnDefinition,
  identifier,
  invalidValue,
  literal,
  readCsv,
} from "./duckdb-sql.ts";
import type { LoadFile, TableState } from "./warehouse.ts";

/** What a table says of itself; the watermark as text, so that no session zone moves it. */
export async function tableState(
  connection: DuckDBConnection,
  table: string,
  watermark: string | null,
): Promise<TableState> {
  if ((await columnNames(connection, table)).length === 0) return { exists: false, hasRows: false, watermark: null };
  const max = watermark === null ? "NULL" : `strftime(MAX(${identifier(watermark)})::TIMESTAMP, '%Y-%m-%d %H:%M:%S')`;
  const [row] = await query(connection, `SELECT COUNT(*) > 0, ${max} FROM ${identifier(table)}`);
  return { exists: true, hasRows: row?.[0] === true, watermark: (row?.[1] ?? null) as string | null };
}

/**
 * Loads files in one transaction: all of them or nothing. A row replaces the one with the same key; the later file,
 * and in a file the later record, wins. The order of reading decides and not the watermark: local time runs backwards
 * when summer ends. Files that the database knows are left out.
 */
export async function load(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<{ readonly rows: number }> {
  await connection.run("BEGIN TRANSACTION");
  try {
    const present = await columnNames(connection, target.table);
    const pending = await notLoaded(connection, present, files);
    const columns = allColumns(target, pending);
    await prepareTable(connection, target, present, columns);
    for (const group of groupsOf(pending)) {
      const ends = await stage(connection, columns, group);
      await checkValues(connection, { target, columns, files: group, ends });
      await replaceRows(connection, target, columns);
      await recordLoads(connection, target, group);
      await connection.run(`DROP TABLE temp.${STAGING}`);
    }
    await connection.run("COMMIT");
  } catch (error) {
    // Some errors have ended the transaction already; the first error is what counts.
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
  const [row] = await query(connection, `SELECT COUNT(*) FROM ${identifier(target.table)}`);
  return { rows: Number(row?.[0]) };
}

/** Records that are staged together: many small files in one go, large ones one by one, so that memory stays bounded. */
const GROUP_ROWS = 200_000;

function groupsOf(files: readonly LoadFile[]): readonly (readonly LoadFile[])[] {
  const groups: LoadFile[][] = [];
  let rows = Infinity;
  for (const file of files) {
    if (rows + file.rows > GROUP_ROWS) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)?.push(file);
    rows += file.rows;
  }
  return groups;
}

/** Creates the table, which has the columns `present`, as the catalogue has it, or adds the columns that are new. */
async function prepareTable(
  connection: DuckDBConnection,
  target: LoadTarget,
  present: readonly string[],
  columns: readonly Column[],
): Promise<void> {
  await connection.run(
    `CREATE TABLE IF NOT EXISTS ${LOADS} (file_key VARCHAR PRIMARY KEY, table_name VARCHAR NOT NULL, rows BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)`,
  );
  const table = identifier(target.table);
  if (present.length === 0) {
    await connection.run(`CREATE TABLE ${table} (${columns.map(columnDefinition).join(", ")})`);
    // Whoever dropped the table wants its files again.
    await connection.run(`DELETE FROM ${LOADS} WHERE table_name = ${literal(target.table)}`);
    return;
  }
  const known = new Set(present.map(lowerCase));
  for (const column of columns) {
    if (known.has(lowerCase(column.name))) continue;
    await connection.run(`ALTER TABLE ${table} ADD COLUMN ${columnDefinition(column)}`);
  }
}

/** The catalogue's columns, then those that only files have, in the order in which they are seen. */
function allColumns(target: LoadTarget, files: readonly LoadFile[]): readonly Column[] {
  const columns = new Map<string, Column>();
  for (const column of [...target.columns, ...files.flatMap((file) => file.columns)]) {
    if (!columns.has(lowerCase(column.name))) columns.set(lowerCase(column.name), column);
  }
  return [...columns.values()];
}

/** The files that the table, which has the columns `present`, does not hold yet. */
async function notLoaded(
  connection: DuckDBConnection,
  present: readonly string[],
  files: readonly LoadFile[],
): Promise<readonly LoadFile[]> {
  const hasLoads = present.length > 0 && (await columnNames(connection, LOADS)).length > 0;
  const loaded = new Set(
    (hasLoads ? await query(connection, `SELECT file_key FROM ${LOADS}`) : []).map(([key]) => key),
  );
  return [...new Map(files.map((file) => [file.key, file])).values()].filter((file) => !loaded.has(file.key));
}

/** Reads files into the staging table as text. Answers the staged rows after each file. */
async function stage(
  connection: DuckDBConnection,
  columns: readonly Column[],
  files: readonly LoadFile[],
): Promise<readonly number[]> {
  const definitions = columns.map((column) => `${identifier(column.name)} VARCHAR`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${STAGING} (${definitions.join(", ")})`);
  const ends: number[] = [];
  for (const file of files) {
    await checkHeader(connection, file);
    const names = file.columns.map(({ name }) => identifier(name));
    const insert = `INSERT INTO temp.${STAGING} (${names.join(", ")}) SELECT * FROM ${readCsv(file, { header: true })}`;
    const [row] = await query(connection, insert);
    const rows = Number(row?.[0]);
    if (rows !== file.rows) {
      throw new LoadRefusal({
        code: "warehouse.rows-differ",
        message: `DuckDB reads ${rows} records in ${file.key}, its manifest says ${file.rows}`,
        hint: "Nothing was loaded. Report it with the file: DuckDB and this tool read it differently.",
      });
    }
    ends.push((ends.at(-1) ?? 0) + rows);
  }
  return ends;
}

async function checkHeader(connection: DuckDBConnection, file: LoadFile): Promise<void> {
  const [header = []] = await query(connection, `SELECT * FROM ${readCsv(file, { header: false })} LIMIT 1`);
  const names = file.columns.map(({ name }) => name);
  if (header.length === names.length && header.every((name, index) => name === names[index])) return;
  throw new LoadRefusal({
    code: "warehouse.header-differs",
    message: `${file.key} has the columns ${header.join(", ")}, expected ${names.join(", ")}`,
    hint: "Nothing was loaded. The file is not the one that was committed under this name.",
  });
}

interface Staged {
  readonly target: LoadTarget;
  readonly columns: readonly Column[];
  readonly files: readonly LoadFile[];
  readonly ends: readonly number[];
}

/** Refuses the first staged value that is not what its column's type takes, and a record without a key. */
async function checkValues(connection: DuckDBConnection, { target, columns, files, ends }: Staged): Promise<void> {
  const faults = columns.flatMap((column) => {
    const invalid = invalidValue(column);
    const name = identifier(column.name);
    const checks = invalid === null ? [] : [{ column, condition: invalid }];
    if (column.name === target.key) checks.push({ column, condition: `coalesce(trim(${name}), '') = ''` });
    return checks;
  });
  const cases = faults.map(({ condition }, index) => `WHEN ${condition} THEN ${index}`);
  const [first] = await query(
    connection,
    // Inside a transaction the ids of new rows begin somewhere high up.
    `SELECT rowid, rowid - (SELECT MIN(rowid) FROM temp.${STAGING}), CASE ${cases.join(" ")} END AS fault FROM temp.${STAGING} WHERE fault IS NOT NULL ORDER BY rowid LIMIT 1`,
  );
  if (first === undefined) return;
  const row = Number(first[1]);
  const column = faults[Number(first[2])]?.column ?? { name: target.key, type: "integer" };
  const file = ends.findIndex((end) => row < end);
  const record = row - (ends[file - 1] ?? 0) + 1;
  const [value] = await query(
    connection,
    `SELECT left(${identifier(column.name)}, 60) FROM temp.${STAGING} WHERE rowid = ${String(first[0])}`,
  );
  const found = value?.[0] ?? null;
  throw new LoadRefusal({
    code: "warehouse.value-invalid",
    message: `${files[file]?.key ?? target.table} record ${record}: ${column.name} is ${JSON.stringify(found)}, expected ${column.type}`,
    hint: `Nothing was loaded. If Pardot really sends this, override the column's type in the catalogue (${column.name}: string).`,
  });
}

async function replaceRows(
  connection: DuckDBConnection,
  target: LoadTarget,
  columns: readonly Column[],
): Promise<void> {
  const key = identifier(target.key);
  const keyColumn = columns.find(({ name }) => name === target.key);
  const stagedKey = keyColumn === undefined ? key : castText(keyColumn);
  const names = columns.map(({ name }) => identifier(name));
  await connection.run(
    `DELETE FROM ${identifier(target.table)} WHERE ${key} IN (SELECT ${stagedKey} FROM temp.${STAGING})`,
  );
  await connection.run(
    `INSERT INTO ${identifier(target.table)} (${names.join(", ")}) SELECT ${columns.map(castText).join(", ")} FROM temp.${STAGING} WHERE rowid IN (SELECT MAX(rowid) FROM temp.${STAGING} GROUP BY ${stagedKey})`,
  );
}

async function recordLoads(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<void> {
  const rows = files.map(
    (file) => `(${literal(file.key)}, ${literal(target.table)}, ${file.rows}, now() AT TIME ZONE 'UTC')`,
  );
  await connection.run(`INSERT INTO ${LOADS} VALUES ${rows.join(", ")}`);
}

async function columnNames(connection: DuckDBConnection, table: string): Promise<readonly string[]> {
  const rows = await query(
    connection,
    `SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' AND lower(table_name) = ${literal(lowerCase(table))} ORDER BY column_index`,
  );
  return rows.map(([name]) => String(name));
}

/** DuckDB compares names without regard to case. */
function lowerCase(name: string): string {
  return name.toLowerCase();
}

async function query(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}
