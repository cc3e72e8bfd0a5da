import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal } from "./sql.ts";
import { ACTIVITY_TABLE, EMAIL_TABLE } from "../email-tables.ts";
import type { EmailPair } from "../warehouse.ts";

/** List e-mails in one page. */
const PAGE = 5000;

// Numbers even where an operator has made the columns text: as text, 9 would be greater than 10.
const LIST_EMAIL = `TRY_CAST(${identifier("list_email_id")} AS BIGINT)`;
const EMAIL = `TRY_CAST(${identifier("email_id")} AS BIGINT)`;

/** List e-mails of visitor activities after one, each with its smallest e-mail id, smallest list e-mail first. */
export async function emailPairs(connection: DuckDBConnection, after: string | null): Promise<readonly EmailPair[]> {
  if (!(await hasColumns(connection, ACTIVITY_TABLE, ["list_email_id", "email_id"]))) return [];
  const rows = await textRows(
    connection,
    `SELECT ${LIST_EMAIL}::VARCHAR, MIN(${EMAIL})::VARCHAR FROM ${identifier(ACTIVITY_TABLE)} WHERE ${EMAIL} IS NOT NULL AND ${from(after)} GROUP BY ${LIST_EMAIL} ORDER BY ${LIST_EMAIL} LIMIT ${PAGE}`,
  );
  return rows.map(([listEmailId = "", emailId = ""]) => ({ listEmailId, emailId }));
}

/** List e-mails after one that stand in the table of e-mails, smallest first. */
export async function knownEmails(connection: DuckDBConnection, after: string | null): Promise<readonly string[]> {
  if (!(await hasColumns(connection, EMAIL_TABLE, ["list_email_id"]))) return [];
  const rows = await textRows(
    connection,
    `SELECT DISTINCT ${LIST_EMAIL}::VARCHAR, ${LIST_EMAIL} FROM ${identifier(EMAIL_TABLE)} WHERE ${from(after)} ORDER BY ${LIST_EMAIL} LIMIT ${PAGE}`,
  );
  return rows.map(([listEmailId = ""]) => listEmailId);
}

function from(after: string | null): string {
  return after === null ? `${LIST_EMAIL} IS NOT NULL` : `${LIST_EMAIL} > ${literal(after)}::BIGINT`;
}

async function hasColumns(connection: DuckDBConnection, table: string, columns: readonly string[]): Promise<boolean> {
  const rows = await textRows(
    connection,
    `SELECT lower(column_name) FROM duckdb_columns() WHERE schema_name = 'main' AND lower(table_name) = lower(${literal(table)})`,
  );
  const present = new Set(rows.map(([name]) => name));
  return columns.every((name) => present.has(name));
}

async function textRows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly string[])[]> {
  return (await connection.runAndReadAll(sql)).getRowsJson() as readonly (readonly string[])[];
}
