import { warn } from "../../events.ts";
import type { OnEvent } from "../../events.ts";

/**
 * Compares the records of all pages with `total_results`, which full responses have. The total counts all records that
 * the filter selects (pardot/api-docs issue 187). Whether `id_greater_than` is part of that filter, so that the total
 * counts down from page to page, is not documented: both are understood. Records may change while they are read, and some
 * may be hidden from this user, so a difference is a warning.
 */
export class Totals {
  /** That of the first page with records, or of an empty one at the end. */
  first: number | null = null;
  read = 0;

  add(total: number | null, records: number): void {
    if (this.read === 0) this.first = total;
    this.read += records;
  }

  /** Records that the first total counts and no page has returned so far; null if unknown. */
  get left(): number | null {
    return this.first === null ? null : this.first - this.read;
  }

  /** `whole`: the total of the whole window; null if unknown. `resumed`: the reading began at a cursor. */
  warn(whole: number | null, resumed: boolean, object: string, onEvent: OnEvent): void {
    const { first, read } = this;
    if (first === null || first === read) return;
    // At a cursor, a total that is not the window's counts the records after the cursor.
    if (!resumed || (whole !== null && first !== whole)) warnOfTotal(object, read, first, onEvent);
  }
}

export function warnOfTotal(object: string, read: number, total: number, onEvent: OnEvent): void {
  const message = `${read} records were read, total_results was ${total}: records changed while they were read, or Pardot hides some from this user`;
  warn(onEvent, "data.total-differs", message, object);
}
