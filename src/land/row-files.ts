import type { RangeField } from "../catalog/catalog.ts";
import type { Row } from "../encode/canonical.ts";
import type { LandedFile } from "../state/state.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { Instant } from "../time/instant.ts";
import { EncodedRows, publish } from "./land.ts";
import type { FileFacts, Landing } from "./land.ts";
import { queryFileName } from "./names.ts";

export interface RowFilesOptions extends Omit<FileFacts, "readAt"> {
  readonly watermark: RangeField | null;
  /** Rows and encoded bytes (before compression) of a full file. */
  readonly rowsPerFile: number;
  readonly bytesPerFile: number;
  readonly pardotNow: () => Instant;
}

interface OpenFile {
  readonly spool: Spool;
  readonly rows: EncodedRows;
  readonly readAt: Instant;
  incompleteRows: number;
}

/**
 * Turns rows into files, one at a time: encoded, spooled, checked, published. Memory: one chunk of encoded text, for any
 * number of rows.
 */
export class RowFiles {
  readonly #options: RowFilesOptions;
  readonly #landing: Landing;
  #file: OpenFile | null = null;

  constructor(options: RowFilesOptions, landing: Landing) {
    this.#options = options;
    this.#landing = landing;
  }

  /** Whether the current file has reached its limit and should be landed before the next row. */
  get isFull(): boolean {
    const { rowsPerFile, bytesPerFile } = this.#options;
    const rows = this.#file?.rows;
    return rows !== undefined && (rows.rows >= rowsPerFile || rows.bytes >= bytesPerFile);
  }

  /**
   * Adds a row; null: there is nothing to wait for. `isIncomplete`: the row lacks the values of some group of fields, and
   * is counted.
   */
  add(row: Row, isIncomplete = false): Promise<void> | null {
    const file = this.#file;
    if (file === null) return this.#addFirst(row, isIncomplete);
    if (isIncomplete) file.incompleteRows += 1;
    return file.rows.add(row);
  }

  async #addFirst(row: Row, isIncomplete: boolean): Promise<void> {
    this.#file = await this.#open();
    await this.add(row, isIncomplete);
  }

  /** Lands the rows added since the last file; null when there are none. */
  async land(): Promise<LandedFile | null> {
    if (this.#file === null) return null;
    const { spool, rows, readAt, incompleteRows } = this.#file;
    this.#file = null;
    const { object, span } = this.#options;
    const nameOf = (sha256: string): string => queryFileName(object, span, sha256);
    try {
      const incomplete = incompleteRows === 0 ? {} : { incompleteRows };
      const filled = { ...(await rows.end()), ...incomplete, exportId: null, nameOf };
      return await publish(spool, filled, { ...this.#options, readAt }, this.#landing);
    } finally {
      await spool.discard();
    }
  }

  /** Drops the rows that have not been landed. Safe to call at any time, also twice. */
  async discard(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.spool.discard();
  }

  async #open(): Promise<OpenFile> {
    const { format, spool: options } = this.#landing;
    const readAt = this.#options.pardotNow();
    const spool = await openSpool(options);
    return { spool, rows: new EncodedRows(spool, format, { ...this.#options, tap: null }), readAt, incompleteRows: 0 };
  }
}
