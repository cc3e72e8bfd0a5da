import type { Column } from "../../catalog/catalog.ts";
import type { Comparison, LoadFile, SettledTable, TableState } from "../warehouse.ts";

/** Requests to the DuckDB process. */
export type DuckdbRequest =
  | { readonly op: "open"; readonly path: string; readonly tempDir: string }
  | { readonly op: "table-state"; readonly table: string; readonly watermark: string | null; readonly now: string }
  | { readonly op: "load"; readonly target: LoadTarget; readonly files: readonly LoadFile[] }
  | { readonly op: "owner" }
  | { readonly op: "settled"; readonly table: string }
  | { readonly op: "unloaded"; readonly table: string; readonly keys: readonly string[] }
  | { readonly op: "settle"; readonly table: string; readonly settled: SettledTable }
  /** Notes some committed files for the `compare` that follows; `isFirst`: the first ones of a comparison. */
  | { readonly op: "note"; readonly files: readonly NotedFile[]; readonly isFirst: boolean }
  | { readonly op: "compare"; readonly table: string; readonly key: string }
  /** The next page of `Warehouse.leastBy` and `Warehouse.keys`; `after`: the last id of the page before, null at first. */
  | {
      readonly op: "least-by";
      readonly table: string;
      readonly group: string;
      readonly value: string;
      readonly after: string | null;
    }
  | { readonly op: "keys"; readonly table: string; readonly column: string; readonly after: string | null }
  | { readonly op: "close" };

/** A committed file to compare a table with; `isOptional`: the table may lack it. */
export type NotedFile = readonly [key: string, rows: number, isOptional: boolean];

/** The table to load files into, as the catalog describes it. */
export interface LoadTarget {
  /** The business unit that owns the database, or takes it with this load; null when unknown. */
  readonly unit: string | null;
  readonly table: string;
  readonly key: string;
  readonly columns: readonly Column[];
}

/** Result of each request, by its `op`. */
export interface DuckdbResults {
  readonly open: null;
  readonly "table-state": TableState;
  readonly load: { readonly rows: number };
  readonly owner: { readonly owner: string | null; readonly hasLoads: boolean };
  readonly settled: number;
  readonly unloaded: readonly string[];
  readonly settle: null;
  readonly note: null;
  readonly compare: Comparison;
  readonly "least-by": readonly (readonly [string, string])[];
  readonly keys: readonly string[];
  readonly close: null;
}
