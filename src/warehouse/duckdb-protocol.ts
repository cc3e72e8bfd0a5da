import type { Column } from "../catalog/catalog.ts";
import type { EmailPair, LoadFile, TableState } from "./warehouse.ts";

/**
 * What the embedded warehouse and its process say to each other: one request and one answer at a time, each a line of
 * JSON, over the process's stdin and stdout.
 */
export type DuckdbRequest =
  | { readonly op: "open"; readonly path: string; readonly tempDir: string }
  | { readonly op: "table-state"; readonly table: string; readonly watermark: string | null }
  | { readonly op: "load"; readonly target: LoadTarget; readonly files: readonly LoadFile[] }
  /** The next list e-mails after one, by number, each with its smallest e-mail id; null: from the start. */
  | { readonly op: "email-pairs"; readonly after: string | null }
  /** The next list e-mails after one that stand in the table of e-mails. */
  | { readonly op: "known-emails"; readonly after: string | null }
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
  readonly "email-pairs": readonly EmailPair[];
  readonly "known-emails": readonly string[];
  readonly close: null;
}
