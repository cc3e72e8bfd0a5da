import type { Column, RangeField } from "../catalog/catalog.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import { CsvWriter } from "../encode/csv-write.ts";
import type { Row } from "../encode/row.ts";
import type { OnEvent } from "../events.ts";
import type { Random } from "../platform/random.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { queryFileKey } from "./names.ts";
import type { Compression } from "./names.ts";

export interface RowFilesOptions {
  readonly object: string;
  readonly columns: readonly Column[];
  readonly watermark: RangeField | null;
  readonly span: Pick<OpenWindow, "id" | "from" | "to">;
  readonly compression: Compression;
  /** Rows and encoded bytes (before compression) after which a file is full. */
  readonly rowsPerFile: number;
  readonly bytesPerFile: number;
  /** Pardot's time. */
  readonly pardotNow: () => Instant;
  readonly tmpDir: string;
  readonly random: Random;
  readonly storage: Storage;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/**
 * Turns rows into files, one at a time: encoded, spooled, checked, published. Holds one chunk of encoded text and one
 * open temporary file, whatever the number of rows.
 */
export class RowFiles {
  readonly #options: RowFilesOptions;
  readonly #watermark: number;
  #spool: Spool | null = null;
  #writer: CsvWriter | null = null;
  #rows = 0;
  #min: string | null = null;
  #max: string | null = null;
  #readAt: Instant = 0;

  constructor(options: RowFilesOptions) {
    this.#options = options;
    this.#watermark = options.columns.findIndex((column) => column.name === options.watermark);
  }

  /** Whether the current file has reached its limit and should be landed before the next row. */
  get isFull(): boolean {
    const { rowsPerFile, bytesPerFile } = this.#options;
    return this.#rows >= rowsPerFile || (this.#writer?.bytes ?? 0) >= bytesPerFile;
  }

  async add(row: Row): Promise<void> {
    if (this.#rows === 0) this.#readAt = this.#options.pardotNow();
    this.#writer ??= new CsvWriter(this.#options.columns);
    const { tmpDir, compression, random, signal } = this.#options;
    this.#spool ??= await openSpool({ dir: tmpDir, compression, random, signal });
    this.#writer.add(row);
    this.#rows += 1;
    const mark = row[this.#watermark] ?? null;
    if (mark !== null) {
      if (this.#min === null || mark < this.#min) this.#min = mark;
      if (this.#max === null || mark > this.#max) this.#max = mark;
    }
    const chunk = this.#writer.takeFull();
    if (chunk !== null) await this.#spool.write(chunk);
  }

  /** Lands what has come together; null when there is nothing. */
  async land(): Promise<LandedFile | null> {
    const { object, span, compression, storage, columns, onEvent, signal } = this.#options;
    const spool = this.#spool;
    const writer = this.#writer;
    if (spool === null || writer === null) return null;
    const [rows, min, max] = [this.#rows, this.#min, this.#max];
    this.#spool = null;
    this.#writer = null;
    this.#rows = 0;
    this.#min = null;
    this.#max = null;
    try {
      const rest = writer.takeRest();
      if (rest.length > 0) await spool.write(rest);
      const file = await spool.finish();
      const key = queryFileKey(object, span, file.sha256, compression);
      const outcome = await storage.publish(key, file, signal);
      onEvent({ type: "file-landed", object, window: span.id, key, rows, bytes: file.bytes, outcome });
      return {
        key,
        rows,
        bytes: file.bytes,
        sha256: file.sha256,
        minWatermark: min,
        maxWatermark: max,
        exportId: null,
        readAt: this.#readAt,
        columns: columns.map((column) => column.name),
      };
    } finally {
      await spool.discard();
    }
  }

  /** Drops what has not been landed. Safe to call at any time, also twice. */
  async discard(): Promise<void> {
    const spool = this.#spool;
    this.#spool = null;
    this.#writer = null;
    await spool?.discard();
  }
}
