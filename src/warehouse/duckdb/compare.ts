import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Database } from "./database.ts";
import type { Input } from "./protocol.ts";
import { keptRows } from "./book.ts";
import { FILE_COLUMN, identifier, literal, LOADS, TABLES } from "./sql.ts";
import type { Comparison, TableProblem } from "../warehouse.ts";

/** Temporary table of the committed files to compare a table with. */
const COMMITTED = "_pardot_etl_committed";

/** Most problems of one kind that are named; the rest is counted. */
const NAMED_MAX = 100;

/** How to repair a table whose rows are not those of its files. */
function loadAgain(table: string): string {
  return `Run \`DROP TABLE ${identifier(table)}\` in the database: the next run loads its files again.`;
}

/** Notes committed files; `isFirst`: the first ones of a comparison. */
export async function noteCommitted(database: Database, { files, isFirst }: Input<"note">): Promise<null> {
  if (isFirst) {
    await database.run(
      `CREATE OR REPLACE TEMP TABLE ${COMMITTED} (file_key VARCHAR, rows BIGINT, is_optional BOOLEAN)`,
    );
  }
  if (files.length === 0) return null;
  const values = files.map(({ key, rows, isOptional = false }) => `(${literal(key)}, ${rows}, ${String(isOptional)})`);
  await database.run(`INSERT INTO temp.${COMMITTED} VALUES ${values.join(", ")}`);
  return null;
}

/**
 * Compares a table with the noted files: each was loaded once and completely, no other was, and the table still has the
 * rows of the last load, each key once.
 */
export async function compareTable(database: Database, { table, key, object }: Input<"compare">): Promise<Comparison> {
  const files = await database.count(`SELECT COUNT(DISTINCT file_key) FROM temp.${COMMITTED} WHERE NOT is_optional`);
  if (!(await database.has(table))) return withoutTable({ table, name: object }, files, "it does not exist");
  const rows = await database.countRows(table);
  const hasLoads = await database.has(LOADS);
  const problems = [
    ...(hasLoads ? await compareLoads(database, table, object) : []),
    ...(await compareCounts(database, table, key, rows)),
    ...(hasLoads ? await compareFiles(database, table) : []),
  ];
  const compared = `${files.toLocaleString("en-US")} files and ${rows.toLocaleString("en-US")} rows of ${table}`;
  return { compared, problems };
}

/** The comparison of a table that does not exist with this many files. */
export function withoutTable(
  { table, name }: Pick<CatalogObject, "table" | "name">,
  files: number,
  problem: string,
): Comparison {
  if (files === 0) return { compared: "", problems: [] };
  const whole = `${problem} although ${files} files were committed for it`;
  const hint = `Run \`pardot-etl run ${name}\`: it creates the table and loads its files.`;
  return { compared: `${files} files of ${table}`, problems: [{ key: table, problem: whole, hint }] };
}

async function compareLoads(database: Database, table: string, object: string): Promise<readonly TableProblem[]> {
  const committed = `(SELECT DISTINCT file_key, rows FROM temp.${COMMITTED})`;
  const loads = `(SELECT file_key, rows FROM ${LOADS} WHERE lower(table_name) = lower(${literal(table)}))`;
  const missing = await problemsOf(
    database,
    table,
    `SELECT c.file_key FROM (SELECT DISTINCT file_key FROM temp.${COMMITTED} WHERE NOT is_optional) c ANTI JOIN ${LOADS} l USING (file_key) ORDER BY 1`,
    () => `it is not loaded into ${table}`,
    `Run \`pardot-etl run ${object}\`: it loads the file, or reports why it cannot.`,
  );
  const others = await problemsOf(
    database,
    table,
    `SELECT c.file_key, l.rows, c.rows FROM ${committed} c JOIN ${LOADS} l USING (file_key) WHERE l.rows <> c.rows ORDER BY 1`,
    ([, loaded, wanted]) => `${table} has loaded ${String(loaded)} rows from it, ${String(wanted)} were committed`,
  );
  const unknown = await problemsOf(
    database,
    table,
    `SELECT l.file_key FROM ${loads} l ANTI JOIN ${committed} c USING (file_key) ORDER BY 1`,
    () => `it is loaded into ${table}, but no manifest names it`,
    `Its rows are valid if it was committed to another destination. Otherwise: ${loadAgain(table)}`,
  );
  return [...missing, ...others, ...unknown];
}

async function compareCounts(
  database: Database,
  table: string,
  key: string,
  rows: number,
): Promise<readonly TableProblem[]> {
  const problems: TableProblem[] = [];
  const kept = await keptRows(database, table);
  if (kept !== null && kept !== rows) {
    const accept = `UPDATE ${TABLES} SET rows = ${rows} WHERE table_name = ${literal(table)}`;
    problems.push({
      key: table,
      problem: `it holds ${rows} rows, its loads left ${kept}: another program has ${kept > rows ? `removed ${kept - rows}` : `added ${rows - kept}`}`,
      hint: `${loadAgain(table)} Or run \`${accept}\` if the change is to stay.`,
    });
  }
  const distinct = await database.count(`SELECT COUNT(DISTINCT ${identifier(key)}) FROM ${identifier(table)}`);
  if (distinct !== rows) {
    problems.push({
      key: table,
      problem: `it holds ${rows} rows for ${distinct} values of ${key}`,
      hint: loadAgain(table),
    });
  }
  return problems;
}

/** Files of which the table holds rows that were not loaded. `compareLoads` names committed files that the log lacks. */
async function compareFiles(database: Database, table: string): Promise<readonly TableProblem[]> {
  if (!(await database.columnTypes(table)).has(FILE_COLUMN)) return [];
  return problemsOf(
    database,
    table,
    `SELECT t.file, t.n, coalesce(l.rows, 0) FROM (SELECT ${FILE_COLUMN} AS file, COUNT(*) AS n FROM ${identifier(table)} WHERE ${FILE_COLUMN} IS NOT NULL GROUP BY 1) t LEFT JOIN ${LOADS} l ON l.file_key = t.file WHERE t.n > l.rows OR (l.rows IS NULL AND t.file NOT IN (SELECT file_key FROM temp.${COMMITTED})) ORDER BY 1`,
    ([, found, loaded]) => `${table} holds ${String(found)} rows of it, ${String(loaded)} were loaded`,
  );
}

/** One problem for each row of a query, whose first value is the key, and one for all beyond `NAMED_MAX`. */
async function problemsOf(
  database: Database,
  table: string,
  sql: string,
  problemOf: (row: readonly unknown[]) => string,
  hint: string = loadAgain(table),
): Promise<readonly TableProblem[]> {
  const rows = await database.query(sql);
  const problems = rows.slice(0, NAMED_MAX).map((row) => ({ key: String(row[0]), problem: problemOf(row), hint }));
  const next = rows[NAMED_MAX];
  if (next === undefined) return problems;
  const problem = `${rows.length - NAMED_MAX} more files like ${String(next[0])}: ${problemOf(next)}`;
  return [...problems, { key: table, problem, hint }];
}
