import { DataError, RemoteError } from "../../errors.ts";
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
 * Null if the end is not known, because Pardot refuses or ignores this order, takes too long for it, or returns nothing
 * although the window has had records.
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
