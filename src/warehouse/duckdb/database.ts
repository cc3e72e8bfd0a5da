import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal } from "./sql.ts";

/** An open database. */
export class Database {
  readonly #connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  async query(sql: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.#connection.runAndReadAll(sql)).getRowsJS();
  }

  /** The number that a query of one row and column returns. */
  async count(sql: string): Promise<number> {
    return Number((await this.query(sql))[0]?.[0]);
  }

  async countRows(table: string): Promise<number> {
    return this.count(`SELECT COUNT(*) FROM ${identifier(table)}`);
  }

  /** Types of a table's columns by their names in lower case, in order; empty when there is no such table. */
  async columnTypes(table: string): Promise<ReadonlyMap<string, string>> {
    const rows = await this.query(
      `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = current_database() AND schema_name = 'main' AND lower(table_name) = ${literal(lowerCase(table))} ORDER BY column_index`,
    );
    return new Map(rows.map(([name, type]) => [lowerCase(String(name)), String(type)]));
  }

  async has(table: string): Promise<boolean> {
    return (await this.columnTypes(table)).size > 0;
  }

  /** Runs `work` in one transaction: all or nothing. */
  async inTransaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run("BEGIN TRANSACTION");
    try {
      const result = await work();
      await this.run("COMMIT");
      return result;
    } catch (error) {
      // Some errors have already ended the transaction; the first error counts.
      await this.run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }
}

/** DuckDB compares names without regard to case. */
export function lowerCase(name: string): string {
  return name.toLowerCase();
}
