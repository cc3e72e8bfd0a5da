import type { Column, RangeField } from "../catalog/catalog.ts";
import { CsvWriter } from "../encode/csv-write.ts";
import type { Row } from "../encode/row.ts";
import type { Spool } from "../storage/spool.ts";
import type { Tap } from "./export-file.ts";

/** Rows on their way into a spool, encoded, counted and looked at. Holds one chunk of encoded text. */
export class EncodedRows {
  readonly #spool: Spool;
  readonly #writer: CsvWriter;
  readonly #watermark: number;
  readonly #tap: Tap | null;
  readonly #tapped: readonly number[];
  #min: string | null = null;
  #max: string | null = null;

  constructor(
    spool: Spool,
    options: { readonly columns: readonly Column[]; readonly watermark: RangeField | null; readonly tap: Tap | null },
  ) {
    const { columns, watermark, tap } = options;
    const place = (name: string | null): number => columns.findIndex((column) => column.name === name);
    this.#spool = spool;
    this.#writer = new CsvWriter(columns);
    this.#watermark = place(watermark);
    this.#tap = tap;
    this.#tapped = tap === null ? [] : tap.columns.map(place);
  }

  async add(row: Row): Promise<void> {
    this.#writer.add(row);
    if (this.#tap !== null) this.#tap.onRecord(this.#tapped.map((place) => row[place] ?? null));
    const mark = row[this.#watermark] ?? null;
    if (mark !== null && (this.#min === null || mark < this.#min)) this.#min = mark;
    if (mark !== null && (this.#max === null || mark > this.#max)) this.#max = mark;
    const chunk = this.#writer.takeFull();
    if (chunk !== null) await this.#spool.write(chunk);
  }

  /** Writes the rest, and tells what was written: rows, and the least and greatest watermark. */
  async end(): Promise<{ readonly rows: number; readonly min: string | null; readonly max: string | null }> {
    const rest = this.#writer.takeRest();
    if (rest.length > 0) await this.#spool.write(rest);
    return { rows: this.#writer.rows, min: this.#min, max: this.#max };
  }
}
