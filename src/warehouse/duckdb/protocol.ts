import type { Column } from "../../catalog/catalog.ts";
import type { LoadedFile, LoadedRows, LoadFile, SettledTable, TableProblem, TableState } from "../warehouse.ts";

/** The operations of the DuckDB process: their inputs and results. */
export interface DuckdbOperations {
  /** `path`: the database; null: none, for `writeParquet` and `readParquet` only. */
  readonly open: (input: { readonly path: string | null; readonly tempDir: string }) => null;
  readonly tableState: (input: TableInput & { readonly watermark: string | null; readonly now: string }) => TableState;
  readonly load: (input: LoadInput) => Required<LoadedRows>;
  readonly owner: (input: null) => Owner;
  readonly settled: (input: TableInput) => number;
  readonly unloaded: (input: TableInput & { readonly keys: readonly string[] }) => readonly string[];
  readonly settle: (input: TableInput & SettledTable) => number | null;
  /** The next page of `Warehouse.loadedFiles`; `after`: the last file of the page before, null at first. */
  readonly loadedFiles: (input: TableInput & { readonly after: string | null }) => readonly LoadedFile[];
  /** Null when there is no table. */
  readonly checkTable: (input: TableInput & { readonly key: string }) => CheckedTable | null;
  readonly leastBy: (input: IdsInput) => readonly (readonly [string, string])[];
  /** Writes a Parquet file into the process's folder and returns its path. */
  readonly writeParquet: (input: ParquetInput) => string;
  /** Writes the rows of a Parquet file as CSV of ours into the process's folder and returns its path. */
  readonly readParquet: (input: { readonly path: string }) => string;
  readonly close: (input: null) => null;
}

export type Input<Op extends keyof DuckdbOperations> = Parameters<DuckdbOperations[Op]>[0];

/** The rows of a table, and what is wrong with it whatever was committed. */
export interface CheckedTable {
  readonly rows: number;
  readonly problems: readonly TableProblem[];
}

interface TableInput {
  readonly table: string;
}

/** The next page of `Warehouse.leastBy`. */
interface IdsInput extends TableInput {
  readonly group: string;
  readonly value: string;
  /** The last id of the page before; null at first. */
  readonly after: string | null;
}

/** The business unit of the database, null when it is unmarked; and whether it has loaded any file. */
export interface Owner {
  readonly owner: string | null;
  readonly hasLoads: boolean;
}

/** Files, and the table to load them into as the catalog describes it. */
export interface LoadInput extends TableInput {
  /** The business unit that owns the database, or takes it with this load; null when unknown. */
  readonly unit: string | null;
  readonly key: string;
  readonly columns: readonly Column[];
  readonly watermark: string | null;
  readonly files: readonly LoadFile[];
}

/** An uncompressed CSV file of ours, and the size of the row groups. */
export interface ParquetInput extends Pick<LoadFile, "path" | "rows" | "columns"> {
  readonly groupRows: number;
  readonly groupBytes: number;
}
