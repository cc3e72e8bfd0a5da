import type { Column } from "../catalog/catalog.ts";
import type { LoadFile, TableState } from "./warehouse.ts";

/**
 * What the embedded warehouse and its process say to each other: one request and one answer at a time, each a line of
 * JSON, over the process's stdin and stdout.
 */
export type DuckdbRequest =
  | { readonly op: "open"; readonly path: string; readonly tempDir: string }
  | { readonly op: "table-state"; readonly table: string; readonly watermark: string | null }
  | { readonly op: "load"; readonly target: LoadTarget; readonly files: readonly LoadFile[] }
  | { readonly op: "close" };

/** The table that files are loaded into, as the catalogue describes it. */
export interface LoadTarget {
  readonly table: string;
  readonly key: string;
  readonly columns: readonly Column[];
}

/** What each request is answered with. */
export interface DuckdbResults {
  readonly open: null;
  readonly "table-state": TableState;
  readonly load: { readonly rows: number };
  readonly close: null;
}

export type DuckdbAnswer =
  | { readonly ok: true; readonly value: DuckdbResults[keyof DuckdbResults] }
  | { readonly ok: false; readonly failure: DuckdbFailure };

/** A failure on its way between processes; it becomes a `WarehouseError`. */
export interface DuckdbFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}
