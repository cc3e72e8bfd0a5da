import type { SnowflakeAuth } from "../../config/config.ts";

/**
 * What the Snowflake warehouse and its process say to each other, over the process's stdin and stdout. A row is its
 * columns as text, null for null.
 */
export type SnowflakeRequest =
  | { readonly op: "open"; readonly login: SnowflakeLogin }
  /** Runs a query that has one row. */
  | { readonly op: "row"; readonly sql: string }
  /** Starts a query of many rows; answered with the number by which its pages are asked for. */
  | { readonly op: "start"; readonly sql: string }
  /** The next rows of a started query, at most `PAGE_ROWS`; none: that was all, and the number is void. */
  | { readonly op: "page"; readonly cursor: number }
  /** Gives up a started query. */
  | { readonly op: "stop"; readonly cursor: number }
  | { readonly op: "close" };

export type Row = readonly (string | null)[];

/** Rows in one page: two ids each, so some tens of kilobytes. */
export const PAGE_ROWS = 2000;

export interface SnowflakeResults {
  readonly open: null;
  /** The row, and the SQL types of its columns in lower case: `timestamp_ltz`. */
  readonly row: { readonly values: Row; readonly types: readonly string[] };
  readonly start: number;
  readonly page: readonly Row[];
  readonly stop: null;
  readonly close: null;
}

/** Everything needed to log in, the secret in the clear: it goes through a pipe and nowhere else. */
export interface SnowflakeLogin {
  readonly account: string;
  /** Without a slash at the end; null: the one that follows from the account. */
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
