import type { Column } from "../../catalog/catalog.ts";
import type { Comparison, EmailPair, LoadFile, SettledTable, TableState } from "../warehouse.ts";

/**
 * What the embedded warehouse and its process say to each other: one request and one answer at a time, each a line of
 * JSON, over the process's stdin and stdout.
 */
export type DuckdbRequest =
  | { readonly op: "open"; readonly path: string; readonly tempDir: string }
  | { readonly op: "table-state"; readonly table: string; readonly watermark: string | null; readonly now: string }
  | { readonly op: "load"; readonly target: LoadTarget; readonly files: readonly LoadFile[] }
  | { readonly op: "owner" }
  | { readonly op: "settled"; readonly table: string }
  | { readonly op: "unloaded"; readonly table: string; readonly keys: readonly string[] }
  | { readonly op: "settle"; readonly table: string; readonly settled: SettledTable }
  /** Takes down some committed files; `isFirst`: of a comparison, which `compare` then makes. */
  | {
      readonly op: "note";
      readonly files: readonly NotedFile[];
      readonly isFirst: boolean;
    }
  | { readonly op: "compare"; readonly table: string; readonly key: string }
  /** The next list e-mails after one, by number, each with its smallest e-mail id; null: from the start. */
  | { readonly op: "email-pairs"; readonly after: string | null }
  /** The next list e-mails after one that stand in the table of e-mails. */
  | { readonly op: "known-emails"; readonly after: string | null }
  | { readonly op: "close" };

/** A committed file that a table is compared with; `isOptional`: the table may lack it. */
export type NotedFile = readonly [key: string, rows: number, isOptional: boolean];

/** The table that files are loaded into, as the catalog describes it. */
export interface LoadTarget {
  /** The business unit that the database becomes or is; null when that is not known. */
  readonly unit: string | null;
  readonly table: string;
  readonly key: string;
  readonly columns: readonly Column[];
}

/** What each request is answered with. */
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
  readonly "email-pairs": readonly EmailPair[];
  readonly "known-emails": readonly string[];
  readonly close: null;
}
