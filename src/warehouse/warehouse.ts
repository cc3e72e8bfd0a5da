import type { CatalogObject, Column } from "../catalog/catalog.ts";
import type { Instant, LocalText } from "../time/instant.ts";

/** Code of the error that a table is missing which nobody will create for us. */
export const TABLE_MISSING = "warehouse.table-missing";

/** What a table says of itself. */
export interface TableState {
  /** False when the warehouse has no such table. */
  readonly exists: boolean;
  /** Whether at least one row is there; false when the table does not exist. */
  readonly hasRows: boolean;
  /**
   * The greatest watermark that is not later than the given time, as `YYYY-MM-DD HH:MM:SS`; null when there is none or
   * the object has no watermark.
   */
  readonly watermark: string | null;
  /** The greatest watermark that is later than that time, as the warehouse writes it; null when there is none. */
  readonly future: string | null;
  /** Why the watermark may be off, as a warning; missing when there is nothing to doubt. */
  readonly doubt?: { readonly code: string; readonly message: string };
}

/** A committed file to be loaded, already copied to a local path. */
export interface LoadFile {
  /** The key in the destination: a file is loaded once, however often it is offered. */
  readonly key: string;
  /** The run whose manifest names it, null when that is not known. */
  readonly runId: string | null;
  /** Pardot's time at which its content was read, null when that is not known: then it is older than any other. */
  readonly readAt: Instant | null;
  readonly path: string;
  readonly compression: "none" | "gzip" | "zstd";
  /** Records in the file, as the manifest says: another number read is a failure. */
  readonly rows: number;
  /** Columns in file order. */
  readonly columns: readonly Column[];
}

/** A committed file to compare a table with. */
export interface CommittedFile {
  readonly key: string;
  readonly rows: number;
  /** Greatest watermark in the file, null when it has none. */
  readonly maxWatermark: string | null;
  /** The table may lack it: it was given up, has expired, or was read again since. Default false. */
  readonly isOptional?: boolean;
}

/** What a comparison of a table with its committed files found. */
export interface Comparison {
  /** What was compared, as a clause: `42 files and 1,204 rows of PARDOT_TAG`; empty when nothing was. */
  readonly compared: string;
  readonly problems: readonly TableProblem[];
}

/** One difference between a table and its committed files. */
export interface TableProblem {
  /** The key of the file at fault, or the name of the table. */
  readonly key: string;
  readonly problem: string;
  /** What to do, as a sentence; null when the problem says it all. */
  readonly hint: string | null;
}

/** What is known once every committed file of an object is loaded, or was given up. */
export interface SettledTable {
  /** Committed files that the table accounts for. */
  readonly files: number;
  /**
   * End of the newest whole reading of an object that is always read whole, as in the names of its files
   * (`YYYYMMDDTHHMMSSZ`): rows of earlier readings are gone at Pardot. Null: no row is to be removed.
   */
  readonly wholeUntil: string | null;
}

/** A list e-mail and the smallest id of its e-mails; both digits. */
export interface EmailPair {
  readonly listEmailId: string;
  readonly emailId: string;
}

/** How committed files come into the tables, for a warehouse that this tool loads itself. */
export interface Loader {
  /** How many committed files the table is known to account for; 0 when it is gone. */
  settled(object: CatalogObject, signal: AbortSignal): Promise<number>;
  /** Those of the keys that the table does not hold, in the same order. */
  unloaded(object: CatalogObject, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Loads files of one object in one transaction, creating the table when there is none. Of two rows with the same key
   * the one that was read later stays, and of two read at the same time the one that is loaded later. Returns the
   * table's row count after the load.
   */
  load(object: CatalogObject, files: readonly LoadFile[], signal: AbortSignal): Promise<{ readonly rows: number }>;
  /** Notes that every committed file is loaded or was given up, and removes rows that are gone at Pardot. */
  settle(object: CatalogObject, settled: SettledTable, signal: AbortSignal): Promise<void>;
}

/**
 * The warehouse whose tables give the start of an incremental range. Table and column names come from the catalogue.
 * Failures are `WarehouseError` (exit 7) that name the table.
 */
export interface Warehouse {
  /** For people: `duckdb:PATH`, `snowflake`, `none`. */
  readonly name: string;
  /** Null when something else loads the files (Snowpipe), or nothing does. */
  readonly loader: Loader | null;
  /** Fails when the warehouse cannot be reached or opened. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * Refuses a database that holds another business unit's tables, with `ConfigError`; the first load marks one that holds
   * none. `hasCommitted`: whether this unit has committed files, which those of a database without a mark may be.
   */
  claim(unit: string, hasCommitted: boolean, signal: AbortSignal): Promise<void>;
  /**
   * What a table says of itself. `now`: local time as `YYYY-MM-DD HH:MM:SS`; later watermarks are left out of the maximum
   * and named. Throws with the code `TABLE_MISSING` when there is no such table and nothing here would create it
   * (Snowflake).
   */
  tableState(object: CatalogObject, now: LocalText, signal: AbortSignal): Promise<TableState>;
  /**
   * Compares a table with the committed files of its object: every file that a manifest names, but for those that an
   * earlier run left.
   */
  compare(object: CatalogObject, files: AsyncIterable<CommittedFile>, signal: AbortSignal): Promise<Comparison>;
  /** Every list e-mail of PARDOT_VISITORACTIVITY with its smallest e-mail id; nothing when there is no such table. */
  emailPairs(signal: AbortSignal): AsyncIterable<EmailPair>;
  /** The list e-mails that stand in PARDOT_EMAIL; nothing when there is no such table. */
  knownEmails(signal: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}
