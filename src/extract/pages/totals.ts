import { DataError } from "../../errors.ts";
import { warn } from "../../events.ts";
import type { OnEvent } from "../../events.ts";
import { parseId } from "../../state/cursor.ts";
import type { Id } from "../../state/cursor.ts";
import { idOf, readPage } from "./page.ts";
import type { PagesRequest } from "./page.ts";

/**
 * Compares the records of all pages with `total_results`, which full responses have. The total counts all records that
 * the filter selects (pardot/api-docs issue 187). Whether `id_greater_than` is part of that filter, so that the total
 * counts down from page to page, is not documented: both are understood. Records may change while they are read, so a
 * difference is a warning; records that are counted and not returned are an error.
 */
export class Totals {
  /** That of the first page with records. */
  first: number | null = null;
  #read = 0;
  #last: { readonly total: number; readonly records: number } | null = null;
  #countsDown: boolean | null = null;

  /** Notes a page with records. */
  add(total: number | null, records: number): void {
    if (total !== null) {
      this.#countsDown ??= this.#isCountedDown(total);
      if (this.#read === 0) this.first = total;
      this.#last = { total, records };
    }
    this.#read += records;
  }

  /** Records that the first total counts and no page has returned so far; null if unknown. */
  get left(): number | null {
    return this.first === null ? null : this.first - this.#read;
  }

  /** Records that the total of an empty page counts and no page returned; `resumed`: the reading began at a cursor. */
  unread(total: number | null, resumed: boolean): number {
    if (total === null) return 0;
    if (this.#read === 0 || this.#isCountedDown(total) === true) return total;
    return resumed ? 0 : total - this.#read;
  }

  /**
   * Warns when the first total differs from the number of records read; `hidden`: counted after the last visible
   * record.
   */
  warn(total: number | null, resumed: boolean, hidden: number, object: string, onEvent: OnEvent): void {
    const countsDown = this.#countsDown ?? (total === null ? null : this.#isCountedDown(total));
    const isComparable = !resumed || countsDown === true;
    const first = this.first !== null && isComparable ? this.first : this.#read + hidden;
    if (first !== this.#read) warnOfTotal(object, this.#read, first, onEvent);
  }

  /**
   * Whether the total is closer to the rest after the last page than to that page's own total; null without an earlier
   * total.
   */
  #isCountedDown(total: number): boolean | null {
    if (this.#last === null) return null;
    const left = this.#last.total - this.#last.records;
    return Math.abs(total - left) <= Math.abs(total - this.#last.total);
  }
}

export function warnOfTotal(object: string, read: number, total: number, onEvent: OnEvent): void {
  const message = `${read} records were read, total_results was ${total}: records changed while they were read, or Pardot hides some from this user`;
  warn(onEvent, "data.total-differs", message, object);
}

/**
 * The greatest id of the window that this user may see, and the window's total: whether counted records are hidden or
 * not read yet. Null when no record is returned, or when the page is not sorted as requested.
 */
export async function readEnd(
  request: PagesRequest,
  limit: number,
): Promise<{ readonly id: Id; readonly total: number | null } | null> {
  const { records, total } = await readPage(request, { limit, sort: { field: "id", isDescending: true } });
  const ids = records.map((record) => idOf(record, request.object));
  const [id] = ids;
  const isSorted = ids.every((each, i) => i === 0 || each < (ids[i - 1] ?? each));
  return id === undefined || !isSorted ? null : { id, total };
}

/**
 * Throws DataError if the last visible record of the window follows the cursor: no page has returned it. Otherwise the
 * records that are counted and not returned are hidden. `unread`: how many are counted, null if unknown. Returns the total.
 */
export async function assertAtEnd(
  request: PagesRequest,
  limit: number,
  cursor: string | null,
  unread: number | null,
): Promise<number | null> {
  request.drain.throwIfAborted();
  const tail = cursor === null ? null : await readEnd(request, limit);
  if (cursor !== null && tail !== null && tail.id <= parseId(cursor)) return tail.total;
  if (cursor !== null && tail === null && unread === null) return null;
  const where = cursor === null ? "" : ` after id ${cursor}`;
  const but = unread === null ? `the record ${tail?.id} follows` : `total_results counts ${unread}`;
  throw new DataError(`read ${request.object.name}: no record came${where}, but ${but}`, {
    code: "data.total-without-rows",
    hint: "Pardot counts records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see these records.",
  });
}
