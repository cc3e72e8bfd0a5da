import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal, ZERO_DATE } from "./sql.ts";
import type { TableState } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

const MISSING: TableState = { exists: false, hasRows: false, watermark: null, future: null };

/**
 * State of a table, with the watermark as text, so that no session zone moves it. A DuckDB timestamp may be infinite,
 * before the year 1 or after 9999, which a watermark cannot be: such values are left out and reported.
 */
export async function tableState(
  connection: DuckDBConnection,
  { table, watermark, now }: { readonly table: string; readonly watermark: string | null; readonly now: string },
): Promise<TableState> {
  const columns = await columnTypes(connection, table);
  if (columns.size === 0) return MISSING;
  const name = identifier(table);
  if (watermark === null) {
    const [row] = await query(connection, `SELECT COUNT(*) > 0 FROM ${name}`);
    return { exists: true, hasRows: row?.[0] === true, watermark: null, future: null };
  }
  const column = identifier(watermark);
  const isText = columns.get(lowerCase(watermark)) === "VARCHAR";
  const time = isText
    ? `CASE WHEN trim(${column}) = '' OR ${column} LIKE ${literal(ZERO_DATE)} THEN NULL ELSE ${column}::TIMESTAMP END`
    : `${column}::TIMESTAMP`;
  const limit = `TIMESTAMP ${literal(now)} + INTERVAL '999 milliseconds'`;
  const sql = [
    "SELECT COUNT(*) > 0,",
    `strftime(MAX(time) FILTER (WHERE time >= TIMESTAMP '0001-01-01' AND time <= ${limit}), '%Y-%m-%d %H:%M:%S'),`,
    `(MAX(time) FILTER (WHERE time > ${limit}))::VARCHAR,`,
    "COUNT(*) FILTER (WHERE time < TIMESTAMP '0001-01-01')",
    `FROM (SELECT ${time} AS time FROM ${name})`,
  ];
  const [row = []] = await query(connection, sql.join(" ")).catch((error: unknown) => {
    throw isConversion(error) ? unreadable(table, watermark) : error;
  });
  const [hasRows, newest, future, ancient] = row;
  const state = {
    exists: true,
    hasRows: hasRows === true,
    watermark: (newest ?? null) as string | null,
    future: (future ?? null) as string | null,
  };
  if (Number(ancient) === 0) return state;
  return {
    ...state,
    warning: {
      code: "warehouse.watermark-ancient",
      message: `${watermark} of ${table} is before the year 1 in ${String(ancient)} rows, which do not count for the start of the range`,
    },
  };
}

function isConversion(error: unknown): boolean {
  return error instanceof Error && /^(?:Conversion|Invalid Input) Error/.test(error.message);
}

function unreadable(table: string, watermark: string): Refusal {
  return new Refusal({
    // DuckDB's own message quotes a value of the table.
    code: "warehouse.watermark-unreadable",
    message: `${watermark} of ${table} contains text that is not a time`,
    hint: `Correct the rows whose ${watermark} is not a time, or make the column TIMESTAMP.`,
  });
}

/** Types of a table's columns by their names in lower case, in order; empty when there is no such table. */
export async function columnTypes(connection: DuckDBConnection, table: string): Promise<ReadonlyMap<string, string>> {
  const rows = await query(
    connection,
    `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' AND lower(table_name) = ${literal(lowerCase(table))} ORDER BY column_index`,
  );
  return new Map(rows.map(([name, type]) => [lowerCase(String(name)), String(type)]));
}

/** DuckDB compares names without regard to case. */
export function lowerCase(name: string): string {
  return name.toLowerCase();
}

export async function query(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

/** Runs `work` in one transaction: all or nothing. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run("BEGIN TRANSACTION");
  try {
    const result = await work();
    await connection.run("COMMIT");
    return result;
  } catch (error) {
    // Some errors have already ended the transaction; the first error counts.
    await connection.run("ROLLBACK").catch(() => undefined);
    throw error;
  }
}
