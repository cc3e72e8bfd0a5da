import type { CatalogObject, QueryV4, QueryV5 } from "../../catalog/catalog.ts";
import { DataError } from "../../errors.ts";
import { Turn } from "../../http/gate.ts";
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
import { WindowEnd } from "./window-end.ts";

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
  const { object, drain } = request;
  const end = new WindowEnd(request);
  const tokens = new Set<string>();
  const landed = parseCursor(request.cursor);
  const isNew = newTo({ ...landed, id: null, ranges: [] }, object);
  const { range } = request;
  const through = range?.through == null ? null : parseId(range.through);
  let cursor = range === undefined ? landed.id : range.after;
  let { limit } = object.way.query;
  let expectsMore = true;
  let expired = 0;
  // Of the pages with records.
  let first: Id | null = null;
  let pages = 0;
  // Of the page in hand and of the one read ahead.
  let [turn, turnAhead] = [new Turn(), new Turn()];
  const next = (token: string | null = null): Promise<Page> => {
    const place = token === null ? { afterId: cursor } : { token };
    const page = readPage(request, { ...place, limit, turn: turnAhead });
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
        [turn, turnAhead] = [turnAhead, turn];
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
        turn.end();
        if (pageEnd === "end") return;
        if (pageEnd === "more") {
          if (token === null || tokens.has(token)) throw repeatedTokenError(object.name);
          tokens.add(token);
          drain.throwIfAborted();
          ahead = next(token);
          continue;
        }
        if (await end.isAtEmpty(total, limit, cursor, expectsMore)) {
          end.warn(total);
          return;
        }
        drain.throwIfAborted();
        ahead = next();
        continue;
      }
      expired = 0;
      expectsMore = records.length >= limit || through !== null;
      if (total !== null && cursor === null) announceTotal(total, request);
      end.add(total, fresh.length);
      cursor = recordId(last, object);
      const reached = parseId(cursor);
      first ??= idOf(fresh[0] ?? last, object);
      pages += 1;
      const isPast = through !== null && reached >= through;
      const isShort = pageEnd === "unknown" && !expectsMore;
      const isOver = drain.aborted || pageEnd === "end" || isPast || (isShort && end.isAt(cursor));
      const mayCut = request.mayCut === true && pages === PAGES_BEFORE_CUT && !isOver;
      const looksBack =
        !isOver && end.last === undefined && ((mayCut && pagesLeft(end.left, object) >= PAGES_PER_PAIR) || isShort);
      if (looksBack) end.look(limit, cursor);
      else if (!isOver && !mayCut) ahead = next();
      const beyond = isPast ? fresh.findIndex((record) => idOf(record, object) > through) : -1;
      const inRange = beyond === -1 ? fresh : fresh.slice(0, beyond);
      const wanted = inRange.every(isNew) ? inRange : inRange.filter(isNew);
      const cursorAt = (i: number): string | null => {
        const id = recordId(wanted[i] ?? last, object);
        return range === undefined ? cursorText({ ...landed, id }) : id;
      };
      yield { type: "records", records: wanted, cursorAt, hidesValues };
      turn.end();
      const behind = fresh[beyond];
      if (behind !== undefined) range?.onPassed(idOf(behind, object));
      if (pageEnd === "end" || isPast) return;
      if (looksBack) await end.looked;
      if (isShort && end.isAt(cursor)) {
        end.warn(total);
        return;
      }
      if (isOver) drain.throwIfAborted();
      if (!looksBack && !mayCut) continue;
      if (mayCut && end.last?.id != null) {
        const after = cutsAfter(object, { first, reached, greatest: end.last.id, pages, unread: end.left });
        if (after.length > 0) yield { type: "cut", after, total: request.cursor === null ? end.total : null };
      }
      drain.throwIfAborted();
      ahead = next();
    }
  } finally {
    // Pardot counts every call, so this one must end before the run adds up its calls.
    turn.end();
    await Promise.allSettled([ahead, end.looked]);
    turnAhead.end();
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
function newRecords(page: WireRecord[], cursor: string | null, object: CatalogObject): WireRecord[] {
  const after = cursor === null ? null : parseId(cursor);
  let stale = 0;
  let highest: Id | null = null;
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
    if (after !== null && id <= after) stale += 1;
  }
  if (page.length > 0 && page.length === stale && !(page.length === 1 && highest === after)) {
    throw new DataError(`read ${object.name}: the page after id ${cursor} contains only records from before it`, {
      code: "data.page-repeats",
      context: { parameter: "idGreaterThan" },
      hint: "Pardot ignored id_greater_than. Run again; if it happens again, open an issue with the page's parameters.",
    });
  }
  return stale === 0 ? page : page.slice(stale);
}
