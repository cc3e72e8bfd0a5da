import type { CatalogObject, QueryV4, QueryV5 } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import { warn } from "../events.ts";
import type { OnEvent } from "../events.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Page, WireRecord } from "../pardot/pardot.ts";
import { cursorText, parseCursor } from "../state/cursor.ts";
import {
  BARREN_MAX,
  idOf,
  isTokenRefusal,
  LIMIT_MIN,
  narrower,
  newTo,
  parseId,
  readPage,
  recordId,
  repeatedTokenError,
} from "./page.ts";
import type { Id, PagesRequest, Step } from "./page.ts";

/**
 * The records of a window, page by page, by ascending id. The window is fixed and the id advances, so records that
 * share a second are never lost, however many (a cursor by time loses those that do not fit on its page). Reads one
 * page ahead.
 *
 * In v5 a page without token and without warning 203 is the last; a page with a token may be empty, because its records
 * are hidden. In v3/v4 a short page proves nothing: records may be hidden, and a server may cap its pages. There the
 * window ends with an empty page. An empty page right after a full one, or as the very first, is requested once more,
 * because empty pages in mid-run have been reported (pardot/api-docs issue 151); so is one whose total counts records.
 * A page that takes too long is requested with half the limit. Records at or below the cursor are dropped: stale ones
 * are returned again (singer-io/tap-pardot). Throws DataError (exit 6) when a page is unsorted or repeats the one
 * before it, or when records are counted and not returned, unless one more request, from the end, shows that no visible
 * record follows: then they are hidden.
 */
export async function* readPages(request: PagesRequest): AsyncGenerator<Step> {
  const { object, drain, onEvent } = request;
  const totals = new Totals();
  const resumed = request.cursor !== null;
  const tokens = new Set<string>();
  const landed = parseCursor(request.cursor);
  const isNew = newTo({ ...landed, id: null }, object);
  let cursor = landed.id;
  let { limit } = object.way.query;
  let isAfterFull = true;
  let isRepeated = false;
  let expired = 0;
  const next = (token: string | null = null): Promise<Page> => {
    const page = readPage(request, token === null ? { limit, afterId: cursor } : { token, limit });
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
        // Only pages without a visible record are left by a token; the cursor is where they began.
        const isExpired = tokens.size > 0 && isTokenRefusal(error) && expired < BARREN_MAX;
        if (!isExpired && (!isTooLong(error) || limit <= LIMIT_MIN)) throw error;
        drain.throwIfAborted();
        if (isExpired) expired += 1;
        else limit = narrower(request, limit);
        tokens.clear();
        ahead = next();
        continue;
      }
      const { records, total, end, token, hidesValues } = page;
      const fresh = newRecords(records, cursor, object);
      const last = fresh.at(-1);
      if (last === undefined) {
        if (end === "end") return;
        if (end === "more") {
          if (token === null || tokens.has(token)) throw repeatedTokenError(object.name);
          tokens.add(token);
          drain.throwIfAborted();
          ahead = next(token);
          continue;
        }
        const unread = totals.unread(total, resumed);
        if (!isRepeated && (isAfterFull || unread > 0)) {
          isRepeated = true;
          drain.throwIfAborted();
          ahead = next();
          continue;
        }
        // After a short page, counted records that are not returned are hidden from this user.
        let hidden = 0;
        if (unread > 0 && isAfterFull) {
          drain.throwIfAborted();
          const tail = cursor === null ? null : await readEnd(request, limit);
          if (cursor === null || tail === null || tail.id > parseId(cursor)) {
            throw missingError(object.name, unread, cursor);
          }
          // If the total is that of the whole window, it counts the records up to the cursor too.
          hidden = tail.total === unread ? 0 : unread;
        }
        totals.warn(total, resumed, hidden, object.name, onEvent);
        return;
      }
      isRepeated = false;
      expired = 0;
      isAfterFull = records.length >= limit;
      if (total !== null && cursor === null) announceTotal(total, request);
      totals.add(total, fresh.length);
      cursor = recordId(last, object);
      const isOver = drain.aborted || end === "end";
      if (!isOver) ahead = next();
      const wanted = fresh.filter(isNew);
      const cursorAt = (i: number): string | null => cursorText({ ...landed, id: recordId(wanted[i] ?? last, object) });
      yield { type: "records", records: wanted, cursorAt, hidesValues };
      if (end === "end") return;
      if (isOver) drain.throwIfAborted();
    }
  } finally {
    // Pardot counts every call, so this one must end before the run adds up its calls.
    await ahead.catch(() => undefined);
  }
}

/** The first page of a window counts all of its records; parents of the records are not counted with them. */
function announceTotal(records: number, { object, about, onEvent }: PagesRequest): void {
  if (typeof about?.window !== "string" || about.object !== object.name) return;
  onEvent({ type: "records-counted", object: about.object, window: about.window, records });
}

/**
 * Calls needed to read this many records. In v3/v4: the pages with records, an empty one, and one more if the last page
 * was full or none came. In v5: the pages with records, at least one.
 */
export function pagesOf(records: number, { api, limit }: QueryV4 | QueryV5): number {
  return api === "v5" ? Math.max(1, Math.ceil(records / limit)) : Math.floor(records / limit) + 2;
}

/**
 * The greatest id of the window that this user may see, and the window's total: whether counted records are hidden or
 * not read yet. Null when no record is returned, or when the page is not sorted as requested.
 */
async function readEnd(
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
 * Records after the cursor. None for a page with only the record at the cursor: a server may treat the bound as
 * inclusive.
 */
function newRecords(page: readonly WireRecord[], cursor: string | null, object: CatalogObject): readonly WireRecord[] {
  let previous = cursor === null ? null : parseId(cursor);
  const fresh: WireRecord[] = [];
  let highest: Id | null = null;
  if (page.length === 1 && page[0] !== undefined && idOf(page[0], object) === previous) return [];
  for (const record of page) {
    const id = idOf(record, object);
    if (highest !== null && id <= highest) {
      throw new DataError(`read ${object.name}: record ${id} follows ${highest} on a page sorted by id`, {
        code: "data.page-unsorted",
        context: { parameter: "orderBy" },
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
      context: { parameter: "idGreaterThan" },
      hint: "Pardot ignored id_greater_than. Run again; if it happens again, open an issue with the page's parameters.",
    });
  }
  return fresh;
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

  /**
   * Warns when the first total differs from the number of records read; `hidden`: counted after the last visible
   * record.
   */
  warn(total: number | null, resumed: boolean, hidden: number, object: string, onEvent: OnEvent): void {
    const countsDown = this.#countsDown ?? (total === null ? null : this.#isCountedDown(total));
    const isComparable = !resumed || countsDown === true;
    const first = this.#first !== null && isComparable ? this.#first : this.#read + hidden;
    if (first === this.#read) return;
    const message = `${this.#read} records were read, total_results was ${first}: records changed while they were read, or Pardot hides some from this user`;
    warn(onEvent, "data.total-differs", message, object);
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

/** The error for records that are counted although a repeated request returned none of them. */
function missingError(object: string, unread: number, cursor: string | null): DataError {
  const where = cursor === null ? "" : ` after id ${cursor}`;
  return new DataError(`read ${object}: no record came${where}, but total_results counts ${unread}`, {
    code: "data.total-without-rows",
    hint: "Pardot counts records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see these records.",
  });
}
