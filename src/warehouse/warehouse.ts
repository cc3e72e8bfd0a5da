import type { CatalogObject, Column } from "../catalog/catalog.ts";

/** Code of the error that a table is missing which nobody will create for us. */
export const TABLE_MISSING = "warehouse.table-missing";

/** What a table says of itself. */
export interface TableState {
  /** False when the warehouse has no such table. */
  readonly exists: boolean;
  /** Whether at least one row is there; false when the table does not exist. */
  readonly hasRows: boolean;
  /** MAX of the watermark column as `YYYY-MM-DD HH:MM:SS`, null when there is none or the object has no watermark. */
  readonly watermark: string | null;
  /** Why the watermark may be off, as a sentence for a warning; missing when there is nothing to doubt. */
  readonly doubt?: string;
}

/** A committed file to be loaded, already copied to a local path. */
export interface LoadFile {
  /** The key in the destination: a file is loaded once, however often it is offered. */
  readonly key: string;
  readonly path: string;
  readonly compression: "none" | "gzip" | "zstd";
  /** Records in the file, as the manifest says: another number read is a failure. */
  readonly rows: number;
  /** Columns in file order. */
  readonly columns: readonly Column[];
}

/** A list e-mail and the smallest id of its e-mails; both digits. */
export interface EmailPair {
  readonly listEmailId: string;
  readonly emailId: string;
}

/**
 * The warehouse whose tables give the start of an incremental range. Table and column names come from the catalogue.
 * Failures are `WarehouseError` (exit 7) that name the table.
 */
export interface Warehouse {
  /** For people: `duckdb:PATH`, `snowflake`, `none`. */
  readonly name: string;
  /**
   * True when this tool loads the files itself (the embedded warehouse); false when something else does (Snowpipe).
   */
  readonly loads: boolean;
  /** Fails when the warehouse cannot be reached or opened. */
  check(signal: AbortSignal): Promise<void>;
  /** Throws with the code `TABLE_MISSING` when there is no such table and nothing here would create it (Snowflake). */
  tableState(object: CatalogObject, signal: AbortSignal): Promise<TableState>;
  /**
   * Loads files of one object in the given order in one transaction, creating the table when there is none. A row
   * replaces the one with the same key. Answers how many rows the table holds afterwards.
   */
  load(object: CatalogObject, files: readonly LoadFile[], signal: AbortSignal): Promise<{ readonly rows: number }>;
  /** Every list e-mail of PARDOT_VISITORACTIVITY with its smallest e-mail id; nothing when there is no such table. */
  emailPairs(signal: AbortSignal): AsyncIterable<EmailPair>;
  /** The list e-mails that stand in PARDOT_EMAIL; nothing when there is no such table. */
  knownEmails(signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}
