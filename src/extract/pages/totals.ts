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
export interface End {
  readonly id: Id | null;
  readonly total: number | null;
}

/**
 * Reads the end of a window by descending id: a few records, or a page where those are hidden or none has been read yet.
 * Null if the end is not known, because Pardot refuses or ignores this order, or returns nothing although the window has
 * had records.
 */
export async function readEnd(request: PagesRequest, limit: number, cursor: string | null): Promise<End | null> {
  for (const count of cursor === null ? [limit] : [Math.min(LAST_RECORDS, limit), limit]) {
    request.drain.throwIfAborted();
    const end = await readLast(request, count);
    if (end === null || end.id !== null || cursor === null) return end;
  }
  return null;
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

/** Whether the end is known and no visible record of the window follows the cursor. */
export function isAtEnd(end: End | null | undefined, cursor: string | null): boolean {
  return end != null && (end.id === null || (cursor !== null && end.id <= parseId(cursor)));
}

/**
 * Whether an empty page ends the window; otherwise the page is requested once more. `counted`: records that a total counts
 * and no page has returned; those after the last visible one are hidden, and those after a short page may be. Throws
 * DataError when a record is visible or counted that no page returns.
 */
export function endsAtEmpty(
  object: string,
  end: End | null,
  cursor: string | null,
  { counted, isRepeated, expectsMore }: { counted: number; isRepeated: boolean; expectsMore: boolean },
): boolean {
  const isCounted = counted > 0;
  const isMissing = end === null ? isCounted && expectsMore : !isAtEnd(end, cursor) || (isCounted && cursor === null);
  const isDoubtful = isMissing || (end === null && (isCounted || expectsMore));
  if (!isDoubtful || (isRepeated && !isMissing)) return true;
  if (!isRepeated) return false;
  const where = cursor === null ? "" : ` after id ${cursor}`;
  const but = end?.id == null ? `total_results counts ${counted}` : `the record ${end.id} follows`;
  throw new DataError(`read ${object}: no record came${where}, but ${but}`, {
    code: "data.total-without-rows",
    hint: "Pardot has records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see all of these records: Pardot may return nothing for a page whose records are all hidden.",
  });
}

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
