import type { CatalogObject, QueryV4, QueryV5 } from "../../catalog/catalog.ts";
import { DataError } from "../../errors.ts";
import { isTooLong } from "../../pardot/failure.ts";
import type { Page, WireRecord } from "../../pardot/pardot.ts";
import { cursorText, parseCursor, parseId } from "../../state/cursor.ts";
import type { Id } from "../../state/cursor.ts";
import {
  BARREN_MAX,
  idOf,
  isTokenRefusal,
  LIMIT_MIN,
  narrower,
  newTo,
  readPage,
  recordId,
  repeatedTokenError,
} from "./page.ts";
import type { PagesRequest, Step } from "./page.ts";
import { cutsAfter, PAGES_PER_PAIR, pagesLeft } from "./ranges.ts";
import { Totals } from "./totals.ts";
import { endsAtEmpty, isAtEnd, readEnd } from "./window-end.ts";
import type { End } from "./window-end.ts";

/**
 * The records of a window, page by page, by ascending id. The window is fixed and the id advances, so records that
 * share a second are never lost, however many (a cursor by time loses those that do not fit on its page). Reads one
 * page ahead.
 *
 * In v5 a page without token and without warning 203 is the last; a page with a token may be empty, because its records
 * are hidden. In v3/v4 a short page proves nothing, because records may be hidden and a server may cap its pages. An empty
 * page proves nothing either: all of its records may be hidden, and empty pages in mid-run have been reported
 * (pardot/api-docs issue 151). So the first short or empty page leads to one request from the end, and the window ends
 * at its last visible record. An empty page before that is requested once more. If the end is not known, because Pardot
 * does not sort by descending id or hides a whole page there, an empty page is the end; after a full one, as the very
 * first, or if records are counted, it is requested once more.
 * A page that takes too long is requested with half the limit. Records at or below the cursor are dropped: stale ones
 * are returned again (singer-io/tap-pardot). Throws DataError (exit 6) when a page is unsorted or repeats the one
 * before it, and when records are visible or counted that no page returns.
 *
 * A range of ids ends with the first page that reaches its end; Pardot need not filter by it.
 */
export async function* readPages(request: PagesRequest): AsyncGenerator<Step> {
  const { object, drain, onEvent } = request;
  const totals = new Totals();
  const resumed = request.cursor !== null;
  const tokens = new Set<string>();
  const landed = parseCursor(request.cursor);
  const isNew = newTo({ ...landed, id: null, ranges: [] }, object);
  const { range } = request;
  const through = range?.through == null ? null : parseId(range.through);
  let cursor = range === undefined ? landed.id : range.after;
  let { limit } = object.way.query;
  let expectsMore = true;
  let isRepeated = false;
  // Undefined: not requested; null: not known.
  let end: End | null | undefined;
  let ending: Promise<End | null> = Promise.resolve(null);
  let expired = 0;
  // Of the pages with records.
  let first: Id | null = null;
  let pages = 0;
  const next = (token: string | null = null): Promise<Page> => {
    const page = readPage(request, token === null ? { limit, afterId: cursor } : { token, limit });
    // The page read ahead may fail while nothing awaits it.
    page.catch(() => undefined);
    return page;
  };
  // The records of all ranges are compared with the total at their end.
  const finish = (total: number | null): void =>
    totals.warn(range === undefined ? (end?.total ?? total) : null, resumed, object.name, onEvent);
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
      const { records, total, end: pageEnd, token, hidesValues } = page;
      const fresh = newRecords(records, cursor, object);
      const last = fresh.at(-1);
      if (last === undefined) {
        if (pageEnd === "end") return;
        if (pageEnd === "more") {
          if (token === null || tokens.has(token)) throw repeatedTokenError(object.name);
          tokens.add(token);
          drain.throwIfAborted();
          ahead = next(token);
          continue;
        }
        // The last record may have left the window since its end was read.
        if (end === undefined || (end !== null && isRepeated)) end = await readEnd(request, limit, cursor);
        const counted = totals.read === 0 ? (total ?? 0) : resumed ? 0 : (totals.left ?? 0);
        if (endsAtEmpty(object.name, end, cursor, { counted, isRepeated, expectsMore })) {
          if (totals.read === 0) totals.add(total, 0);
          finish(total);
          return;
        }
        isRepeated = true;
        drain.throwIfAborted();
        ahead = next();
        continue;
      }
      isRepeated = false;
      expired = 0;
      expectsMore = records.length >= limit || through !== null;
      if (total !== null && cursor === null) announceTotal(total, request);
      totals.add(total, fresh.length);
      cursor = recordId(last, object);
      const reached = parseId(cursor);
      first ??= idOf(fresh[0] ?? last, object);
      pages += 1;
      const isPast = through !== null && reached >= through;
      const isShort = pageEnd === "unknown" && !expectsMore;
      const isOver = drain.aborted || pageEnd === "end" || isPast || (isShort && isAtEnd(end, cursor));
      const mayCut = request.mayCut === true && pages === PAGES_BEFORE_CUT && !isOver;
      const looksBack =
        !isOver && end === undefined && ((mayCut && pagesLeft(totals.left, object) >= PAGES_PER_PAIR) || isShort);
      if (looksBack) (ending = readEnd(request, limit, cursor)).catch(() => undefined);
      else if (!isOver && !mayCut) ahead = next();
      const beyond = isPast ? fresh.findIndex((record) => idOf(record, object) > through) : -1;
      const inRange = beyond === -1 ? fresh : fresh.slice(0, beyond);
      const wanted = inRange.filter(isNew);
      const cursorAt = (i: number): string | null => {
        const id = recordId(wanted[i] ?? last, object);
        return range === undefined ? cursorText({ ...landed, id }) : id;
      };
      yield { type: "records", records: wanted, cursorAt, hidesValues };
      const behind = fresh[beyond];
      if (behind !== undefined) range?.onPassed(idOf(behind, object));
      if (pageEnd === "end" || isPast) return;
      if (looksBack) end = await ending;
      if (isShort && isAtEnd(end, cursor)) {
        finish(total);
        return;
      }
      if (isOver) drain.throwIfAborted();
      if (!looksBack && !mayCut) continue;
      const greatest = mayCut ? end?.id : null;
      if (greatest != null) {
        const after = cutsAfter(object, { first, reached, greatest, pages, unread: totals.left });
        if (after.length > 0) yield { type: "cut", after, total: resumed ? null : totals.first };
      }
      drain.throwIfAborted();
      ahead = next();
    }
  } finally {
    // Pardot counts every call, so this one must end before the run adds up its calls.
    await Promise.allSettled([ahead, ending]);
  }
}

/** Pages of records after which the rest of a window may be read in ranges. Shorter windows need no further call. */
const PAGES_BEFORE_CUT = 12;

/** The first page of a window counts all of its records; parents of the records are not counted with them. */
function announceTotal(records: number, { object, about, onEvent }: PagesRequest): void {
  if (typeof about?.window !== "string" || about.object !== object.name) return;
  onEvent({ type: "records-counted", object: about.object, window: about.window, records });
}

/**
 * Calls needed to read this many records. In v3/v4: the pages with records, one from the end, and an empty one if the
 * last page was full or none came. In v5: the pages with records, at least one.
 */
export function pagesOf(records: number, { api, limit }: QueryV4 | QueryV5): number {
  return api === "v5" ? Math.max(1, Math.ceil(records / limit)) : Math.floor(records / limit) + 2;
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
