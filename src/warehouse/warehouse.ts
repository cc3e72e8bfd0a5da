import type { CatalogObject, Column } from "../catalog/catalog.ts";
import type { FormatName } from "../encode/encoder.ts";
import type { Instant, LocalText } from "../time/instant.ts";

/** Error code: the table is missing, and nothing here creates it. */
export const TABLE_MISSING = "warehouse.table-missing";
/** Error code: the table lacks a column. */
export const COLUMN_MISSING = "warehouse.column-missing";

/** State of a table. */
export interface TableState {
  /** False when the warehouse has no such table. */
  readonly exists: boolean;
  /** Whether the table has a row. */
  readonly hasRows: boolean;
  /** The greatest watermark not later than the given time, as `YYYY-MM-DD HH:MM:SS`; null when there is none. */
  readonly watermark: string | null;
  /** The greatest watermark later than that time, as the warehouse writes it; null when there is none. */
  readonly future: string | null;
  /** Why the watermark may be off. */
  readonly warning?: { readonly code: string; readonly message: string };
}

/** State of a table that the warehouse does not have. */
export const NO_TABLE: TableState = { exists: false, hasRows: false, watermark: null, future: null };

/** Names of columns by the name of their table or view. */
export type Schema = ReadonlyMap<string, ReadonlySet<string>>;

/** A committed file to load, already copied to a local path. */
export interface LoadFile {
  /** Key in the destination: a file is loaded once, however often it is offered. */
  readonly key: string;
  /** The run whose manifest names it; null when unknown. */
  readonly runId: string | null;
  /** Pardot's time when its content was read; null when unknown, which counts as older than any other. */
  readonly readAt: Instant | null;
  readonly path: string;
  readonly format: FormatName;
  readonly compression: "none" | "gzip" | "zstd";
  /** Records in the file according to its manifest: reading another number is a failure. */
  readonly rows: number;
  /** Columns in file order. */
  readonly columns: readonly Column[];
}

/** A committed file to compare a table with. */
export interface CommittedFile {
  readonly key: string;
  readonly rows: number;
  /** Greatest watermark in the file; null when there is none. */
  readonly maxWatermark: string | null;
  /** The table may lack it: it was abandoned, has expired, or was read again since. Default false. */
  readonly isOptional?: boolean;
  /** Pardot's time when its content was read; null or missing when unknown. */
  readonly readAt?: Instant | null;
}

/** The rows of one landed file in a table. */
export interface LoadedFile {
  /** Its key in the destination; null: rows that were loaded before their files were recorded. */
  readonly file: string | null;
  readonly rows: number;
  /** UTC, `YYYY-MM-DD HH:MM:SS`: when its last rows were loaded; null when unknown. */
  readonly loadedAt: string | null;
}

/** A file that the loader of a table did not take. */
export interface RefusedFile {
  readonly file: string;
  readonly reason: string;
  /** UTC, `YYYY-MM-DD HH:MM:SS`. */
  readonly at: string;
}

/** Result of a comparison of a table with its committed files. */
export interface Comparison {
  /** What was compared, as a clause: `42 files and 1,204 rows of PARDOT_TAG`; empty when there were none. */
  readonly compared: string;
  /** Whether the loading of every file was looked up; missing or false: of some, only the newest watermark was. */
  readonly isByFile?: boolean;
  readonly problems: readonly TableProblem[];
}

/** One difference between a table and its committed files. */
export interface TableProblem {
  /** The key of the file at fault, or the name of the table. */
  readonly key: string;
  /** How a file is loaded; missing for other problems of the table. */
  readonly state?: "missing" | "loaded again" | "differs" | "not committed yet";
  readonly problem: string;
  /** What to do, as a sentence; null when the problem is clear enough. */
  readonly hint: string | null;
}

/** Facts about a table after every committed file of its object is loaded or abandoned. */
export interface SettledTable {
  /** Committed files that the table accounts for. */
  readonly files: number;
  /**
   * End of the newest complete reading of an object that is always read in full, as in the names of its files
   * (`YYYYMMDDTHHMMSSZ`): rows of earlier readings no longer exist at Pardot. Null: keep all rows.
   */
  readonly wholeUntil: string | null;
}

/** The result of a load. */
export interface LoadedRows {
  /** Of the table after the load. */
  readonly rows: number;
  /** Rows with a key that the table did not have. */
  readonly added?: number;
  /**
   * Rows that replaced another version: their watermark differs or, for an object without one, any value. A row that is
   * loaded in two versions may count twice.
   */
  readonly changed?: number;
}

/** Loads committed files into the tables of a warehouse that this tool fills. */
export interface Loader {
  /** Number of committed files that the table accounts for; 0 when it is gone. */
  settled(object: CatalogObject, signal: AbortSignal): Promise<number>;
  /** The keys of files that are not in the table, in the same order. */
  unloaded(object: CatalogObject, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Loads files of one object in one transaction, and creates a missing table. Of two rows with the same key the one
   * read later stays, and of two read at the same time the one loaded later. Returns the table's row count after the
   * load, and how many of the loaded rows are new or changed.
   */
  load(object: CatalogObject, files: readonly LoadFile[], signal: AbortSignal): Promise<LoadedRows>;
  /**
   * Records that every committed file is loaded or abandoned, and removes rows that no longer exist at Pardot. Returns the
   * table's row count after that; null without a table.
   */
  settle(object: CatalogObject, settled: SettledTable, signal: AbortSignal): Promise<number | null>;
}

/**
 * The warehouse whose tables determine the start of an incremental range. Callers name tables and columns. Failures are
 * `WarehouseError` (exit 7) and name the table.
 */
export interface Warehouse {
  /** Name in messages: `duckdb:PATH`, `snowflake`, `none`. */
  readonly name: string;
  /** Null when another program loads the files (Snowpipe), or none does. */
  readonly loader: Loader | null;
  /** Fails when the warehouse cannot be reached or opened. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * Throws `ConfigError` for a database with another business unit's tables. The first load marks an unmarked one.
   * `hasCommitted`: this unit has committed files, so the tables of an unmarked database may be its own.
   */
  claim(unit: string, hasCommitted: boolean, signal: AbortSignal): Promise<void>;
  /**
   * State of an object's table. Watermarks later than `now` (local time, `YYYY-MM-DD HH:MM:SS`) are left out of the
   * maximum and returned separately. Throws `TABLE_MISSING` for a missing table that nothing here creates (Snowflake).
   */
  tableState(object: CatalogObject, now: LocalText, signal: AbortSignal): Promise<TableState>;
  /**
   * The columns of every table and view of the schema, names as the warehouse keeps them. Null where nothing has to be
   * created by an operator: this tool makes the tables, or there is no warehouse.
   */
  schema(signal: AbortSignal): Promise<Schema | null>;
  /**
   * The files that a table has loaded, in any order; a file may come in several parts. DuckDB knows them by the log of its
   * loads, Snowflake by the file of each row. Throws `COLUMN_MISSING` when the table does not record its files.
   */
  loadedFiles(object: Pick<CatalogObject, "name" | "table">, signal: AbortSignal): AsyncIterable<LoadedFile>;
  /** The files that the loader has refused, as far as it keeps them, newest first: Snowflake for 14 days, DuckDB never. */
  refusals(object: CatalogObject, signal: AbortSignal): AsyncIterable<RefusedFile>;
  /**
   * Compares a table with the committed files of its object: all that manifests name. Each must be loaded exactly once,
   * and no other file.
   */
  compare(object: CatalogObject, files: AsyncIterable<CommittedFile>, signal: AbortSignal): Promise<Comparison>;
  /**
   * Each id in column `group` of a table with the least id in column `value`. Ids are compared as numbers; rows without
   * either are left out. Empty when the table does not exist.
   */
  leastBy(
    table: string,
    group: string,
    value: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly [group: string, value: string]>;
  /** The ids in a column of a table, each once. Empty when the table does not exist. */
  keys(table: string, column: string, signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}
