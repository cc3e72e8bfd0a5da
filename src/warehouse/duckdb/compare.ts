import type { DuckDBConnection } from "@duckdb/node-api";
import type { NotedFile } from "./protocol.ts";
import { FILE_COLUMN, identifier, literal, LOADS, TABLES } from "./sql.ts";
import { columnTypes, query } from "./table.ts";
import type { Comparison, TableProblem } from "../warehouse.ts";

/** Temporary table of the committed files to compare a table with. */
const COMMITTED = "_pardot_etl_committed";

/** Most problems of one kind that are named; the rest is counted. */
const NAMED_MAX = 100;

const LOAD_AGAIN = "Drop the table: the next run loads its files again.";

/** Notes committed files; `isFirst`: the first ones of a comparison. */
export async function noteCommitted(
  connection: DuckDBConnection,
  files: readonly NotedFile[],
  isFirst: boolean,
): Promise<null> {
  if (isFirst) {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE ${COMMITTED} (file_key VARCHAR, rows BIGINT, is_optional BOOLEAN)`,
    );
  }
  if (files.length === 0) return null;
  const values = files.map(([key, rows, isOptional]) => `(${literal(key)}, ${rows}, ${String(isOptional)})`);
  await connection.run(`INSERT INTO temp.${COMMITTED} VALUES ${values.join(", ")}`);
  return null;
}

/**
 * Compares a table with the noted files: each was loaded once and completely, no other was, and the table still has the
 * rows of the last load, each key once.
 */
export async function compareTable(
  connection: DuckDBConnection,
  { table, key }: { readonly table: string; readonly key: string },
): Promise<Comparison> {
  const files = await countOf(
    connection,
    `SELECT COUNT(DISTINCT file_key) FROM temp.${COMMITTED} WHERE NOT is_optional`,
  );
  const columns = await columnTypes(connection, table);
  if (columns.size === 0) {
    if (files === 0) return { compared: "", problems: [] };
    const problem = `it does not exist although ${files} files were committed for it`;
    const hint = "The next run creates it and loads its files.";
    return { compared: `${files} files of ${table}`, problems: [{ key: table, problem, hint }] };
  }
  const rows = await countOf(connection, `SELECT COUNT(*) FROM ${identifier(table)}`);
  const problems = [
    ...((await columnTypes(connection, LOADS)).size === 0 ? [] : await compareLoads(connection, table)),
    ...(await compareRows(connection, { table, key, rows, hasFiles: columns.has(FILE_COLUMN) })),
  ];
  const compared = `${files.toLocaleString("en-US")} files and ${rows.toLocaleString("en-US")} rows of ${table}`;
  return { compared, problems };
}

async function compareLoads(connection: DuckDBConnection, table: string): Promise<readonly TableProblem[]> {
  const committed = `(SELECT DISTINCT file_key, rows FROM temp.${COMMITTED})`;
  const loads = `(SELECT file_key, rows FROM ${LOADS} WHERE lower(table_name) = lower(${literal(table)}))`;
  const missing = await query(
    connection,
    `SELECT c.file_key FROM (SELECT DISTINCT file_key FROM temp.${COMMITTED} WHERE NOT is_optional) c ANTI JOIN ${LOADS} l USING (file_key) ORDER BY 1`,
  );
  const others = await query(
    connection,
    `SELECT c.file_key, l.rows, c.rows FROM ${committed} c JOIN ${LOADS} l USING (file_key) WHERE l.rows <> c.rows ORDER BY 1`,
  );
  const unknown = await query(
    connection,
    `SELECT l.file_key FROM ${loads} l ANTI JOIN ${committed} c USING (file_key) ORDER BY 1`,
  );
  return [
    ...named(
      table,
      missing,
      () => `it is not loaded into ${table}`,
      "The next run loads it, or reports why it cannot.",
    ),
    ...named(
      table,
      others,
      ([, loaded, wanted]) => `${table} has loaded ${String(loaded)} rows from it, ${String(wanted)} were committed`,
      LOAD_AGAIN,
    ),
    ...named(
      table,
      unknown,
      () => `it is loaded into ${table}, but no manifest names it`,
      `Its rows are real if it was committed to another destination. Otherwise: ${LOAD_AGAIN}`,
    ),
  ];
}

interface Rows {
  readonly table: string;
  readonly key: string;
  readonly rows: number;
  /** Whether rows name their file. */
  readonly hasFiles: boolean;
}

async function compareRows(
  connection: DuckDBConnection,
  { table, key, rows, hasFiles }: Rows,
): Promise<readonly TableProblem[]> {
  const problems: TableProblem[] = [];
  const name = identifier(table);
  if ((await columnTypes(connection, TABLES)).size > 0) {
    const [kept] = await query(
      connection,
      `SELECT rows FROM ${TABLES} WHERE lower(table_name) = lower(${literal(table)})`,
    );
    if (kept !== undefined && Number(kept[0]) !== rows) {
      const problem = `it holds ${rows} rows, the last load left ${String(kept[0])}: something else has changed it`;
      problems.push({ key: table, problem, hint: LOAD_AGAIN });
    }
  }
  const distinct = await countOf(connection, `SELECT COUNT(DISTINCT ${identifier(key)}) FROM ${name}`);
  if (distinct !== rows) {
    const problem = `it holds ${rows} rows for ${distinct} values of ${key}`;
    problems.push({ key: table, problem, hint: LOAD_AGAIN });
  }
  if (!hasFiles || (await columnTypes(connection, LOADS)).size === 0) return problems;
  const foreign = await query(
    connection,
    `SELECT t.file, t.n, coalesce(l.rows, 0) FROM (SELECT ${FILE_COLUMN} AS file, COUNT(*) AS n FROM ${name} WHERE ${FILE_COLUMN} IS NOT NULL GROUP BY 1) t LEFT JOIN ${LOADS} l ON l.file_key = t.file WHERE l.rows IS NULL OR t.n > l.rows ORDER BY 1`,
  );
  return [
    ...problems,
    ...named(
      table,
      foreign,
      ([, found, loaded]) => `${table} holds ${String(found)} rows of it, ${String(loaded)} were loaded`,
      LOAD_AGAIN,
    ),
  ];
}

/** One problem for each row, whose first value is the key, and one for all beyond `NAMED_MAX`. */
function named(
  table: string,
  rows: readonly (readonly unknown[])[],
  problemOf: (row: readonly unknown[]) => string,
  hint: string,
): readonly TableProblem[] {
  const problems = rows.slice(0, NAMED_MAX).map((row) => ({ key: String(row[0]), problem: problemOf(row), hint }));
  const [next] = rows.slice(NAMED_MAX);
  if (next === undefined) return problems;
  const problem = `${rows.length - NAMED_MAX} more files like ${String(next[0])}: ${problemOf(next)}`;
  return [...problems, { key: table, problem, hint }];
}

async function countOf(connection: DuckDBConnection, sql: string): Promise<number> {
  const [row] = await query(connection, sql);
  return Number(row?.[0]);
}
