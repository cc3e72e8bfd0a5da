import type { DuckDBConnection } from "@duckdb/node-api";
import type { Column } from "../../catalog/catalog.ts";
import { countRows, forgetTable, prepareBook, recordLoads, unloaded } from "./book.ts";
import type { LoadTarget } from "./protocol.ts";
import { castText, identifier, LANDED_COLUMN, literal, LOADS, OWN_COLUMNS, sqlType } from "./sql.ts";
import { checkValues, stage, STAGING } from "./stage.ts";
import type { StagedColumn } from "./stage.ts";
import { columnTypes, inTransaction, lowerCase, query } from "./table.ts";
import type { LoadFile } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

/**
 * Loads files in one transaction: all or nothing. A row replaces the one with the same key unless that one was read later;
 * of two read at the same time the later file, and in a file the later record, wins. The time of reading decides, not the
 * watermark: local time runs backwards when summer ends. Skips files that the database already has.
 */
export async function load(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<{ readonly rows: number }> {
  return inTransaction(connection, async () => {
    await prepareBook(connection, target.unit);
    const present = await columnTypes(connection, target.table);
    const pending = await notLoaded(connection, target, files);
    const columns = allColumns(target, pending);
    await prepareTable(connection, target, present, columns);
    for (const group of groupsOf(pending)) {
      const ends = await stage(connection, columns, group);
      await checkValues(connection, { target, columns, files: group, ends });
      await replaceRows(connection, target, columns, group);
      await recordLoads(connection, target, group);
      await connection.run(`DROP TABLE temp.${STAGING}`);
    }
    return { rows: await countRows(connection, target.table, null) };
  });
}

/** Most records staged together: many small files at once, large ones one by one, so that memory stays bounded. */
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

/** Creates the table, or adds the columns that are not `present`. */
async function prepareTable(
  connection: DuckDBConnection,
  target: LoadTarget,
  present: ReadonlyMap<string, string>,
  columns: readonly StagedColumn[],
): Promise<void> {
  const table = identifier(target.table);
  const wanted = [...columns.map(({ name, type }) => [name, sqlType(type)] as const), ...OWN_COLUMNS];
  if (present.size === 0) {
    const definitions = wanted.map(([name, type]) => `${identifier(name)} ${type}`);
    await connection.run(`CREATE TABLE ${table} (${definitions.join(", ")})`);
    await forgetTable(connection, target.table);
    return;
  }
  const views = `SELECT 1 FROM duckdb_views() WHERE schema_name = 'main' AND lower(view_name) = ${literal(lowerCase(target.table))}`;
  if ((await query(connection, views)).length > 0) {
    throw new Refusal({
      code: "warehouse.not-a-table",
      message: `${target.table} is a view`,
      hint: "Give the view another name: the next run creates the table and loads its files.",
    });
  }
  for (const [name, type] of wanted) {
    if (present.has(lowerCase(name))) continue;
    await connection.run(`ALTER TABLE ${table} ADD COLUMN ${identifier(name)} ${type}`);
  }
}

/**
 * The catalog's columns, then those that only files have, in the order of their first file. A field with the name of a
 * column of our own gets another name.
 */
function allColumns(target: LoadTarget, files: readonly LoadFile[]): readonly StagedColumn[] {
  const columns = new Map<string, Column>();
  for (const column of [...target.columns, ...files.flatMap((file) => file.columns)]) {
    if (!columns.has(lowerCase(column.name))) columns.set(lowerCase(column.name), column);
  }
  const own = new Set(OWN_COLUMNS.map(([name]) => name));
  return [...columns.values()].map(({ name, type }, index) => ({
    source: name,
    name: own.has(lowerCase(name)) ? `${name}_field` : name,
    type,
    staged: `c${index}`,
  }));
}

/** The files that are not in the table yet, each once, in the order of their reading. */
async function notLoaded(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<readonly LoadFile[]> {
  const offered = new Map(files.map((file) => [file.key, file]));
  const keys = new Set(await unloaded(connection, target.table, [...offered.keys()]));
  return [...offered.values()]
    .filter(({ key }) => keys.has(key))
    .toSorted((a, b) => (a.readAt ?? -Infinity) - (b.readAt ?? -Infinity) || 0);
}

/** Replaces the rows with the staged keys by the staged rows, except where they were read later. */
async function replaceRows(
  connection: DuckDBConnection,
  target: LoadTarget,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<void> {
  const table = identifier(target.table);
  const key = identifier(target.key);
  const keyColumn = columns.find(({ source }) => source === target.key);
  const stagedKey = keyColumn === undefined ? "NULL" : castText(keyColumn.type, keyColumn.staged);
  // The first load of a table has nothing to replace, so it need not scan the rows for each group.
  const isEmpty = (await query(connection, `SELECT 1 FROM ${table} LIMIT 1`)).length === 0;
  if (!isEmpty) {
    // Bounds let DuckDB skip the blocks of the table without any of the keys.
    const [bounds = []] = await query(
      connection,
      `SELECT MIN(${stagedKey})::VARCHAR, MAX(${stagedKey})::VARCHAR FROM temp.${STAGING}`,
    );
    const within =
      bounds[0] === null ? "" : ` AND t.${key} BETWEEN ${bounds.map((text) => literal(String(text))).join(" AND ")}`;
    if (await mayBeOlder(connection, target, files)) {
      const isOlder = `t.${LANDED_COLUMN} > coalesce(s.landed, '-infinity'::TIMESTAMP)`;
      const staged = stagedKey.replaceAll(keyColumn?.staged ?? "", `s.${keyColumn?.staged ?? ""}`);
      await connection.run(
        `DELETE FROM temp.${STAGING} s USING ${table} t WHERE t.${key} = ${staged}${within} AND ${isOlder}`,
      );
    }
    await connection.run(
      `DELETE FROM ${table} t WHERE t.${key} IN (SELECT ${stagedKey} FROM temp.${STAGING})${within}`,
    );
  }
  const names = [...columns.map(({ name }) => name), ...OWN_COLUMNS.map(([name]) => name)].map(identifier);
  const values = [...columns.map(({ type, staged }) => castText(type, staged)), "file", "run", "landed"];
  await connection.run(
    `INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")} FROM temp.${STAGING} WHERE rowid IN (SELECT MAX(rowid) FROM temp.${STAGING} GROUP BY ${stagedKey})`,
  );
}

/** Whether the table may have rows that were read later than one of these files. */
async function mayBeOlder(
  connection: DuckDBConnection,
  target: LoadTarget,
  files: readonly LoadFile[],
): Promise<boolean> {
  const oldest = Math.min(...files.map(({ readAt }) => readAt ?? -Infinity));
  const [row] = await query(
    connection,
    `SELECT epoch_ms(MAX(read_at)) FROM ${LOADS} WHERE table_name = ${literal(target.table)}`,
  );
  const newest = row?.[0] ?? null;
  return newest !== null && Number(newest) > oldest;
}
