import type { SnowflakeAuth } from "../../config/config.ts";

/** Requests to the Snowflake process. */
export type SnowflakeRequest =
  | { readonly op: "open"; readonly login: SnowflakeLogin }
  /** Runs a query with exactly one row. */
  | { readonly op: "row"; readonly sql: string }
  /** Starts a query of many rows; the result is the cursor for its pages. */
  | { readonly op: "start"; readonly sql: string }
  /** The next rows of a started query, at most `PAGE_ROWS`. An empty page ends the query and its cursor. */
  | { readonly op: "page"; readonly cursor: number }
  /** Abandons a started query. */
  | { readonly op: "stop"; readonly cursor: number }
  | { readonly op: "close" };

/** The columns of a row as text. */
export type Row = readonly (string | null)[];

/** Rows in one page: with two ids each, some tens of kilobytes. */
export const PAGE_ROWS = 2000;

/** Result of each request, by its `op`. */
export interface SnowflakeResults {
  readonly open: null;
  /** The row, and the SQL types of its columns in lower case, such as `timestamp_ltz`. */
  readonly row: { readonly values: Row; readonly types: readonly string[] };
  readonly start: number;
  readonly page: readonly Row[];
  readonly stop: null;
  readonly close: null;
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
