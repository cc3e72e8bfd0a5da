import { DataError, RemoteError } from "../../errors.ts";
import { warn } from "../../events.ts";
import type { OnEvent } from "../../events.ts";
import { isTooLong } from "../../pardot/failure.ts";
import { parseId } from "../../state/cursor.ts";
import type { Id } from "../../state/cursor.ts";
import { idOf, readPage } from "./page.ts";
import type { PagesRequest } from "./page.ts";

/** Records that are requested first to find the last one: some may be hidden. */
const LAST_RECORDS = 20;

/** The greatest id of a window that this user may see, null if none was returned; and the window's total, null if unknown. */
interface End {
  readonly id: Id | null;
  readonly total: number | null;
}

/**
 * What is known of a window's end while it is read by ascending id: its last visible record, which one request by
 * descending id finds, and `total_results`, which full responses have. The total counts all records that the filter selects
 * (pardot/api-docs issue 187). Whether `id_greater_than` is part of that filter, so that the total counts down from page to
 * page, is not documented: both are understood.
 */
export class WindowEnd {
  /** Undefined: not requested; null: not known. */
  last: End | null | undefined;
  /** The total of the first page with records. */
  total: number | null = null;
  /** Resolves when the last record that `look` requested is known. */
  looked: Promise<void> = Promise.resolve();
  readonly #request: PagesRequest;
  #read = 0;
  /** Whether the last page was an empty one. */
  #isRepeated = false;

  constructor(request: PagesRequest) {
    this.#request = request;
  }

  /** Counts a page with records. */
  add(total: number | null, records: number): void {
    if (this.#read === 0) this.total = total;
    this.#read += records;
    this.#isRepeated = false;
  }

  /** Records that the first total counts and no page has returned so far; null if unknown. */
  get left(): number | null {
    return this.total === null ? null : this.total - this.#read;
  }

  /** Requests the last record, beside other work. */
  look(limit: number, cursor: string | null): void {
    this.looked = this.#readLast(limit, cursor);
    this.looked.catch(() => undefined);
  }

  /** Whether the end is known and no visible record of the window follows the cursor. */
  isAt(cursor: string | null): boolean {
    return this.last != null && (this.last.id === null || (cursor !== null && this.last.id <= parseId(cursor)));
  }

  /**
   * Whether an empty page ends the window; otherwise the page is requested once more. Throws DataError when a record is
   * visible or counted that no page returns. `expectsMore`: the page before was full, or there was none.
   */
  async isAtEmpty(total: number | null, limit: number, cursor: string | null, expectsMore: boolean): Promise<boolean> {
    // The last record may have left the window since it was looked up.
    if (this.last === undefined || (this.last !== null && this.#isRepeated)) await this.#readLast(limit, cursor);
    // Records after the last visible one are hidden, and those after a short page may be.
    const counted = this.#read === 0 ? (total ?? 0) : this.#request.cursor !== null ? 0 : (this.left ?? 0);
    const isKnown = this.last !== null;
    const isMissing = isKnown ? !this.isAt(cursor) || (counted > 0 && cursor === null) : counted > 0 && expectsMore;
    const isDoubtful = isMissing || (!isKnown && (counted > 0 || expectsMore));
    if (!isDoubtful || (this.#isRepeated && !isMissing)) {
      if (this.#read === 0) this.total = total;
      return true;
    }
    const isRepeated = this.#isRepeated;
    this.#isRepeated = true;
    if (!isRepeated) return false;
    const where = cursor === null ? "" : ` after id ${cursor}`;
    const but = this.last?.id == null ? `total_results counts ${counted}` : `the record ${this.last.id} follows`;
    throw new DataError(`read ${this.#request.object.name}: no record came${where}, but ${but}`, {
      code: "data.total-without-rows",
      hint: "Pardot has records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see all of these records: Pardot may return nothing for a page whose records are all hidden.",
    });
  }

  /**
   * Compares the records that were read with their total. They may change while they are read, and some may be hidden from
   * this user, so a difference is a warning. `total`: that of the last page.
   */
  warn(total: number | null): void {
    const { object, cursor, range, onEvent } = this.#request;
    // The records of all ranges are compared at their end.
    const whole = range === undefined ? (this.last?.total ?? total) : null;
    if (this.total === null || this.total === this.#read) return;
    // At a cursor, a total that is not the window's counts the records after the cursor.
    if (cursor === null || (whole !== null && this.total !== whole))
      warnOfTotal(object.name, this.#read, this.total, onEvent);
  }

  /**
   * Reads the end by descending id: a few records, or a page where those are hidden or none has been read yet. It is not
   * known if Pardot refuses or ignores this order, takes too long for it, or returns nothing although the window has had
   * records.
   */
  async #readLast(limit: number, cursor: string | null): Promise<void> {
    let end: End | null = null;
    for (const count of cursor === null ? [limit] : [Math.min(LAST_RECORDS, limit), limit]) {
      this.#request.drain.throwIfAborted();
      end = await readLast(this.#request, count);
      if (end === null || end.id !== null) break;
    }
    this.last = end?.id === null && cursor !== null ? null : end;
  }
}

async function readLast(request: PagesRequest, limit: number): Promise<End | null> {
  try {
    const { records, total } = await readPage(request, { limit, sort: { field: "id", isDescending: true } });
    const ids = records.map((record) => idOf(record, request.object));
    return ids.every((id, i) => i === 0 || id < (ids[i - 1] ?? id)) ? { id: ids[0] ?? null, total } : null;
  } catch (error) {
    // Pages by ascending id need no such order.
    if (isTooLong(error) || (error instanceof RemoteError && !error.retryable)) return null;
    throw error;
  }
}

export function warnOfTotal(object: string, read: number, total: number, onEvent: OnEvent): void {
  const message = `${read} records were read, total_results was ${total}: records changed while they were read, or Pardot hides some from this user`;
  warn(onEvent, "data.total-differs", message, object);
}
