import type { CatalogObject, QueriedObject } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import { warn } from "../events.ts";
import type { About, OnEvent } from "../events.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Page, Pardot, WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { queryBounds } from "./bounds.ts";

export interface PagesRequest {
  readonly object: QueriedObject;
  readonly window: Window;
  /** IANA name of the API user's zone. */
  readonly zone: string;
  /** Named by events. */
  readonly about?: About;
  /** Go on after this id; null: from the first. */
  readonly cursor: string | null;
  /** Aborted on a stop request: no further page is requested. */
  readonly drain: AbortSignal;
  /** Aborted when requests in flight are cut, too. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
}

/** Smallest limit that is requested after pages that took too long. */
const LIMIT_MIN = 25;

/**
 * The records of a window, page by page, by ascending id. The window is fixed and the id moves on, so records that share
 * a second are never lost, however many (a time as cursor loses those that do not fit its page). Reads one page ahead.
 *
 * A short page proves nothing: records may be hidden, and a server may cap its pages. The window ends with an empty page.
 * An empty page right after a full one, or as the very first, is requested once more, because empty pages in mid-run have
 * been reported (pardot/api-docs issue 151); so is one whose total counts records. A page that takes too long is requested
 * with half the limit. Records at or below the cursor are dropped: stale ones come back (singer-io/tap-pardot). Throws
 * DataError (exit 6) when a page is unsorted or repeats the one before it, or when records are counted and not returned,
 * unless one more request, from the end, shows that no visible record follows: then they are hidden.
 */
export async function* readPages(pardot: Pardot, request: PagesRequest): AsyncGenerator<readonly WireRecord[]> {
  const { object, drain, onEvent } = request;
  const totals = new Totals();
  const resumed = request.cursor !== null;
  let { cursor } = request;
  let { limit } = object.v4.query;
  let isAfterFull = true;
  let isRepeated = false;
  const next = (): Promise<Page> => {
    const page = readPage(pardot, request, limit, cursor === null ? {} : { id_greater_than: cursor });
    // The page read ahead may fail while nothing awaits it.
    page.catch(() => undefined);
    return page;
  };
  let ahead = next();
  try {
    for (;;) {
      let page: Page;
      try {
        page = await ahead;
      } catch (error) {
        if (!isTooLong(error) || limit <= LIMIT_MIN) throw error;
        drain.throwIfAborted();
        const less = Math.max(LIMIT_MIN, Math.floor(limit / 2));
        announceSmallerPages(request, limit, less);
        limit = less;
        ahead = next();
        continue;
      }
      const { records, total } = page;
      const fresh = newRecords(records, cursor, object);
      const last = fresh.at(-1);
      if (last === undefined) {
        const unread = totals.unread(total, resumed);
        if (!isRepeated && (isAfterFull || unread > 0)) {
          isRepeated = true;
          drain.throwIfAborted();
          ahead = next();
          continue;
        }
        // After a short page, counted records that do not come are hidden from this user.
        let hidden = 0;
        if (unread > 0 && isAfterFull) {
          drain.throwIfAborted();
          const end = cursor === null ? null : await readEnd(pardot, request, limit);
          if (cursor === null || end === null || end.id > BigInt(cursor)) {
            throw missingError(object.name, unread, cursor);
          }
          // A total that is the whole window's counts the records up to the cursor too.
          hidden = end.total === unread ? 0 : unread;
        }
        totals.warn(total, resumed, hidden, object.name, onEvent);
        return;
      }
      isRepeated = false;
      isAfterFull = records.length >= limit;
      totals.add(total, fresh.length);
      cursor = recordId(last, object);
      const isStopped = drain.aborted;
      if (!isStopped) ahead = next();
      yield fresh;
      if (isStopped) drain.throwIfAborted();
    }
  } finally {
    // Pardot counts every call: this one has to end before the run adds up its calls.
    await ahead.catch(() => undefined);
  }
}

/** Calls that `readPages` makes: the pages with records, an empty one, and one more if the last page was full or none came. */
export function pagesOf(records: number, limit: number): number {
  return Math.floor(records / limit) + 2;
}

function announceSmallerPages({ object, about, onEvent }: PagesRequest, limit: number, less: number): void {
  onEvent({
    type: "retrying",
    kind: `${object.v4.urlName} query`,
    call: null,
    object: about?.object ?? object.name,
    window: about?.window ?? null,
    attempt: 1,
    pauseMs: 0,
    reason: `a page of ${limit} records takes too long: requesting ${less} at a time`,
  });
}

/**
 * The greatest id of the window that this user may see, and the window's total: whether counted records are hidden or
 * still to come. Null when no record comes, or when the page is not sorted as requested.
 */
async function readEnd(
  pardot: Pardot,
  request: PagesRequest,
  limit: number,
): Promise<{ readonly id: bigint; readonly total: number | null } | null> {
  const { records, total } = await readPage(pardot, request, limit, { sort_order: "descending" });
  const ids = records.map((record) => idOf(record, request.object));
  const [id] = ids;
  const isSorted = ids.every((each, i) => i === 0 || each < (ids[i - 1] ?? each));
  return id === undefined || !isSorted ? null : { id, total };
}

async function readPage(
  pardot: Pardot,
  { object, window, zone, abort, about }: PagesRequest,
  limit: number,
  place: Readonly<Record<string, string>>,
): Promise<Page> {
  const { urlName, dataKey, query } = object.v4;
  const bounds = queryBounds(object, window, zone);
  const parameters = { sort_by: "id", sort_order: "ascending", limit: String(limit), ...bounds, ...place };
  return pardot.queryPage({ urlName, dataKey, query, parameters, ...(about === undefined ? {} : { about }) }, abort);
}

/** Records after the cursor. None of a page with only the one at the cursor: a server may take the bound as inclusive. */
function newRecords(page: readonly WireRecord[], cursor: string | null, object: CatalogObject): readonly WireRecord[] {
  let previous = cursor === null ? null : BigInt(cursor);
  const fresh: WireRecord[] = [];
  let highest: bigint | null = null;
  if (page.length === 1 && page[0] !== undefined && idOf(page[0], object) === previous) return [];
  for (const record of page) {
    const id = idOf(record, object);
    if (highest !== null && id <= highest) {
      throw new DataError(`read ${object.name}: record ${id} follows ${highest} on a page sorted by id`, {
        code: "data.page-unsorted",
        hint: "Pardot did not sort the page as requested, so going on could lose records. Run again; if it happens again, open an issue with the page's parameters.",
      });
    }
    highest = id;
    if (previous !== null && id <= previous) continue;
    previous = id;
    fresh.push(record);
  }
  if (page.length > 0 && fresh.length === 0) {
    throw new DataError(`read ${object.name}: the page after id ${cursor} contains only records from before it`, {
      code: "data.page-repeats",
      hint: "Pardot ignored id_greater_than. Run again; if it happens again, open an issue with the page's parameters.",
    });
  }
  return fresh;
}

/** The id of a record as digits. Throws DataError when it has none. */
export function recordId(record: WireRecord, object: CatalogObject): string {
  return String(idOf(record, object));
}

function idOf(record: WireRecord, object: CatalogObject): bigint {
  const value = record[object.key];
  if ((typeof value === "string" || typeof value === "number") && /^\d+$/.test(String(value))) return BigInt(value);
  throw new DataError(`read ${object.name}: a record without a numeric ${object.key}`, {
    code: "data.record-without-id",
  });
}

/**
 * Compares the records of all pages with `total_results`, which full responses have. The total counts all records that
 * the filter selects (pardot/api-docs issue 187). Whether `id_greater_than` is part of that filter, so that the total
 * counts down from page to page, is not documented: both are understood. Records may change while they are read, so a
 * difference is a warning; records that are counted and not returned are an error.
 */
class Totals {
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

  /** Warns when the first total differs from the number of records read; `hidden`: counted after the last visible record. */
  warn(total: number | null, resumed: boolean, hidden: number, object: string, onEvent: OnEvent): void {
    const countsDown = this.#countsDown ?? (total === null ? null : this.#isCountedDown(total));
    const isComparable = !resumed || countsDown === true;
    const first = this.#first !== null && isComparable ? this.#first : this.#read + hidden;
    if (first === this.#read) return;
    const message = `${this.#read} records were read, total_results was ${first}: records changed while they were read, or Pardot hides some from this user`;
    warn(onEvent, "data.total-differs", message, object);
  }

  /** Whether the total is closer to the rest after the last page than to that page's own total; null without an earlier total. */
  #isCountedDown(total: number): boolean | null {
    if (this.#last === null) return null;
    const left = this.#last.total - this.#last.records;
    return Math.abs(total - left) <= Math.abs(total - this.#last.total);
  }
}

/** The error of records that are counted while a repeated request returned none of them. */
function missingError(object: string, unread: number, cursor: string | null): DataError {
  const where = cursor === null ? "" : ` after id ${cursor}`;
  return new DataError(`read ${object}: no record came${where}, but total_results counts ${unread}`, {
    code: "data.total-without-rows",
    hint: "Pardot counts records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see these records.",
  });
}
