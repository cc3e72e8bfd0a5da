import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal } from "./sql.ts";
import { columnTypes, lowerCase } from "./table.ts";

/** Ids in one page. */
const PAGE = 5000;

/** Each id in `group` above `after` with the least id in `value`, least group first. */
export async function leastBy(
  connection: DuckDBConnection,
  options: {
    readonly table: string;
    readonly group: string;
    readonly value: string;
    readonly after: string | null;
  },
): Promise<readonly (readonly [string, string])[]> {
  const { table, after } = options;
  if (!(await hasColumns(connection, table, [options.group, options.value]))) return [];
  const [group, value] = [idNumber(options.group), idNumber(options.value)];
  return (await textRows(
    connection,
    `SELECT ${group}::VARCHAR, MIN(${value})::VARCHAR FROM ${identifier(table)} WHERE ${value} IS NOT NULL AND ${above(group, after)} GROUP BY ${group} ORDER BY ${group} LIMIT ${PAGE}`,
  )) as readonly (readonly [string, string])[];
}

/** The ids in a column above `after`, each once, least first. */
export async function keys(
  connection: DuckDBConnection,
  { table, column, after }: { readonly table: string; readonly column: string; readonly after: string | null },
): Promise<readonly string[]> {
  if (!(await hasColumns(connection, table, [column]))) return [];
  const id = idNumber(column);
  const rows = await textRows(
    connection,
    `SELECT DISTINCT ${id}::VARCHAR, ${id} FROM ${identifier(table)} WHERE ${above(id, after)} ORDER BY ${id} LIMIT ${PAGE}`,
  );
  return rows.map(([key = ""]) => key);
}

/** An id as a number, also where an operator made the column text: as text, 9 would be greater than 10. */
function idNumber(column: string): string {
  return `TRY_CAST(${identifier(column)} AS BIGINT)`;
}

function above(id: string, after: string | null): string {
  return after === null ? `${id} IS NOT NULL` : `${id} > ${literal(after)}::BIGINT`;
}

async function hasColumns(connection: DuckDBConnection, table: string, columns: readonly string[]): Promise<boolean> {
  const types = await columnTypes(connection, table);
  return columns.every((name) => types.has(lowerCase(name)));
}

async function textRows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly string[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJson() as readonly (readonly string[])[];
}
