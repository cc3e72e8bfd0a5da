import type { CatalogObject } from "../../catalog/catalog.ts";
import { pluralize } from "../../text.ts";
import type { Database } from "./database.ts";
import type { CheckedTable, Input } from "./protocol.ts";
import { keptRows } from "./book.ts";
import { FILE_COLUMN, identifier, literal, LOADS, TABLES } from "./sql.ts";
import { problemsOf } from "../loaded-files.ts";
import type { FileFault } from "../loaded-files.ts";
import type { Comparison, LoadedFile, TableProblem } from "../warehouse.ts";

/** Files in one page. */
const PAGE = 5000;

/** How to repair a table whose rows are not those of its files. */
function loadAgain(table: string): string {
  return `Run \`DROP TABLE ${identifier(table)}\` in the database: the next run loads its files again.`;
}

/** The next files of the log of a table's loads, by their keys. */
export async function loadedFiles(
  database: Database,
  { table, after }: Input<"loadedFiles">,
): Promise<readonly LoadedFile[]> {
  if (!(await database.has(table)) || !(await database.has(LOADS))) return [];
  const above = after === null ? "" : ` AND file_key > ${literal(after)}`;
  const rows = await database.query(
    `SELECT file_key, rows, strftime(loaded_at, '%Y-%m-%d %H:%M:%S') FROM ${LOADS} WHERE lower(table_name) = lower(${literal(table)})${above} ORDER BY file_key LIMIT ${PAGE}`,
  );
  return rows.map(([file, count, at]) => ({ file: String(file), rows: Number(count), loadedAt: String(at) }));
}

/** Checks that a table still has the rows that its loads left, each key once. Returns null if the table does not exist. */
export async function checkTable(
  database: Database,
  { table, key }: Input<"checkTable">,
): Promise<CheckedTable | null> {
  if (!(await database.has(table))) return null;
  const rows = await database.countRows(table);
  const problems = [...(await compareCounts(database, table, key, rows)), ...(await compareFiles(database, table))];
  return { rows, problems };
}

/** What repairs a file that is not loaded exactly once. */
export function repairHint({ name, table }: Pick<CatalogObject, "name" | "table">, { state }: FileFault): string {
  if (state === "missing") return `Run \`pardot-etl run ${name}\`: it loads the file, or reports why it cannot.`;
  if (state !== "not committed yet") return loadAgain(table);
  return `Its rows are valid if it was committed to another destination. Otherwise: ${loadAgain(table)}`;
}

/** The comparison of a table that does not exist with this many files. */
export function withoutTable(
  { table, name }: Pick<CatalogObject, "table" | "name">,
  files: number,
  problem: string,
): Comparison {
  if (files === 0) return { compared: "", problems: [] };
  const whole = `${problem} although ${pluralize(files, "file")} ${files === 1 ? "was" : "were"} committed for it`;
  const hint = `Run \`pardot-etl run ${name}\`: it creates the table and loads its files.`;
  return { compared: `${pluralize(files, "file")} of ${table}`, problems: [{ key: table, problem: whole, hint }] };
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

/** Files of which the table holds rows that were not loaded. */
async function compareFiles(database: Database, table: string): Promise<readonly TableProblem[]> {
  if (!(await database.columnTypes(table)).has(FILE_COLUMN) || !(await database.has(LOADS))) return [];
  const rows = await database.query(
    `SELECT t.file, t.n, coalesce(l.rows, 0) FROM (SELECT ${FILE_COLUMN} AS file, COUNT(*) AS n FROM ${identifier(table)} WHERE ${FILE_COLUMN} IS NOT NULL GROUP BY 1) t LEFT JOIN ${LOADS} l ON l.file_key = t.file WHERE l.rows IS NULL OR t.n > l.rows ORDER BY 1`,
  );
  const faults = rows.map(([file, found, loaded]): FileFault => ({
    key: String(file),
    state: "differs",
    problem: `${table} holds ${String(found)} rows of it, ${String(loaded)} were loaded`,
  }));
  return problemsOf(table, faults, () => loadAgain(table));
}
