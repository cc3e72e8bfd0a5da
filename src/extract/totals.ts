import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";

/**
 * Compares what a reading by pages returned with `total_results`, which full responses have. The total counts all
 * records that the filter selects (pardot/api-docs issue 187). Whether `id_greater_than` is part of that filter, so that
 * the total counts down from page to page, is not documented: both are understood. Records may change while they are
 * read, so a difference is a warning; records that are counted and not returned are an error.
 */
export class Totals {
  #read = 0;
  #first: number | null = null;
  #last: { readonly total: number; readonly records: number } | null = null;
  #countsDown: boolean | null = null;

  /** Notes a page with records. */
  add(total: number | null, records: number): void {
    if (total !== null) {
      this.#countsDown ??= this.#isCountedDown(total);
      if (this.#read === 0) this.#first = total;
      this.#last = { total, records };
    }
    this.#read += records;
  }

  /** Records that the total of an empty page counts and no page returned; `resumed`: the reading began at a cursor. */
  unread(total: number | null, resumed: boolean): number {
    if (total === null) return 0;
    if (this.#read === 0 || this.#isCountedDown(total) === true) return total;
    return resumed ? 0 : total - this.#read;
  }

  /** Warns when the first page counted other records than came in all. */
  warn(total: number | null, resumed: boolean, object: string, onEvent: OnEvent): void {
    const countsDown = this.#countsDown ?? (total === null ? null : this.#isCountedDown(total));
    if (this.#first === null || this.#first === this.#read || (resumed && countsDown !== true)) return;
    onEvent({
      type: "warning",
      code: "data.total-differs",
      object,
      message: `${this.#read} records were read, total_results was ${this.#first}: records changed while they were read, or Pardot hides some from this user`,
    });
  }

  /** Throws when records are counted, and a repeated request returned none of them. */
  static missing(object: string, unread: number, cursor: string | null): DataError {
    const where = cursor === null ? "" : ` after id ${cursor}`;
    return new DataError(`read ${object}: no record came${where}, but total_results counts ${unread}`, {
      code: "data.total-without-rows",
      hint: "Pardot counts records that it does not return, so the window stays open. Run again; if it stays, look whether the API user may see these records.",
    });
  }

  /** Whether the total is nearer to what was left after the last page than to what it counted; null when none was counted. */
  #isCountedDown(total: number): boolean | null {
    if (this.#last === null) return null;
    const left = this.#last.total - this.#last.records;
    return Math.abs(total - left) <= Math.abs(total - this.#last.total);
  }
}
