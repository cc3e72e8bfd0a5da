import type { SnowflakeAuth } from "../../config/config.ts";

/** The operations of the Snowflake process: their inputs and results. */
export interface SnowflakeOperations {
  readonly open: (login: SnowflakeLogin) => null;
  /** Runs a query with exactly one row. */
  readonly row: (sql: string) => TypedRow;
  /** Starts a query of many rows; the result is the cursor for its pages. */
  readonly start: (sql: string) => number;
  /** The next rows of a started query, at most `PAGE_ROWS`. An empty page ends the query and its cursor. */
  readonly page: (cursor: number) => readonly Row[];
  /** Abandons a started query. */
  readonly stop: (cursor: number) => null;
  readonly close: (input: null) => null;
}

/** The columns of a row as text. */
export type Row = readonly (string | null)[];

/** Rows in one page: with two ids each, some tens of kilobytes. */
export const PAGE_ROWS = 2000;

/** A row, and the SQL types of its columns in lower case, such as `timestamp_ltz`. */
export interface TypedRow {
  readonly values: Row;
  readonly types: readonly string[];
}

/** Everything needed to log in, with the secret in clear text: it only passes through the IPC channel. */
export interface SnowflakeLogin {
  readonly account: string;
  /** Without a trailing slash; null: derived from the account. */
  readonly accessUrl: string | null;
  readonly authenticator: SnowflakeAuth["authenticator"];
  readonly user: string | null;
  /** Private key (PKCS#8, PEM), password or token. */
  readonly secret: string;
  readonly role: string | null;
  readonly warehouse: string | null;
  readonly database: string;
  readonly schema: string;
}
