import type { CatalogObject, QueryV4 } from "../catalog/catalog.ts";
import { assert, DataError } from "../errors.ts";
import type { About, OnEvent } from "../events.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Page, Pardot, WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { queryBounds } from "./bounds.ts";
import { Totals } from "./totals.ts";

export interface PagesRequest {
  readonly object: CatalogObject;
  readonly window: Window;
  /** IANA name of the API user's zone. */
  readonly zone: string;
  /** What events name. */
  readonly about?: About;
  /** Go on after this id; null: from the first. */
  readonly cursor: string | null;
  /** Aborted when nothing new may be begun. */
  readonly stop: AbortSignal;
  /** Aborted when what is under way is cut too. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/** Least records of a page that are requested after pages that took too long. */
const LIMIT_MIN = 25;

/**
 * The records of a window, page by page, by ascending id. Because the window is fixed and the id moves on, no number of
 * records that share a second can be lost (a time as cursor loses what does not fit its page). One page is read ahead.
 *
 * A short page proves nothing: records may be hidden, and a server may cap its pages. The window ends with an empty page.
 * One right after a full page, or as the very first, is requested once more, because empty pages in mid-run have been
 * reported (pardot/api-docs issue 151); so is one whose total counts records. A page that takes too long is requested
 * with half the limit. Records at or below the cursor are dropped: stale ones come back (singer-io/tap-pardot). Throws
 * DataError (exit 6) when a page is unsorted or repeats the one before it, or when records are counted and not returned.
 */
export async function* readPages(pardot: Pardot, request: PagesRequest): AsyncGenerator<readonly WireRecord[]> {
  const { object, stop, onEvent } = request;
  const { query } = object.v4;
  assert(query !== undefined, `${object.name} has a query`);
  const totals = new Totals();
  const resumed = request.cursor !== null;
  let { cursor } = request;
  let { limit } = query;
  let isAfterFull = true;
  let isRepeated = false;
  const ask = async (): Promise<Outcome> => readPage(pardot, request, query, { cursor, limit });
  /** Whether the total of a reading that goes on from a cursor counts the records up to the cursor too. */
  const countsAll = async (total: number): Promise<boolean> => {
    const whole = await readPage(pardot, request, query, { cursor: null, limit: LIMIT_MIN });
    if ("error" in whole) throw whole.error;
    return whole.page.total === total;
  };
  let ahead = ask();
  try {
    for (;;) {
      const outcome = await ahead;
      if ("error" in outcome) {
        if (!isTooLong(outcome.error) || limit <= LIMIT_MIN) throw outcome.error;
        stop.throwIfAborted();
        const less = Math.max(LIMIT_MIN, Math.floor(limit / 2));
        announceLess(request, limit, less);
        limit = less;
        ahead = ask();
        continue;
      }
      const { records, total } = outcome.page;
      const fresh = newRecords(records, cursor, object);
      const last = fresh.at(-1);
      if (last === undefined) {
        const unread = totals.unread(total, resumed);
        if (!isRepeated && (isAfterFull || unread > 0)) {
          isRepeated = true;
          stop.throwIfAborted();
          ahead = ask();
          continue;
        }
        // After a short page, what is counted and does not come is hidden from this user.
        if (unread > 0 && isAfterFull && !(resumed && cursor === request.cursor && (await countsAll(unread)))) {
          throw Totals.missing(object.name, unread, cursor);
        }
        totals.warn(total, resumed, object.name, onEvent);
        return;
      }
      isRepeated = false;
      isAfterFull = records.length >= limit;
      totals.add(total, fresh.length);
      cursor = recordId(last, object);
      const isStopped = stop.aborted;
      if (!isStopped) ahead = ask();
      yield fresh;
      if (isStopped) stop.throwIfAborted();
    }
  } finally {
    // A call that was made is counted by Pardot: it has to be over before the run adds up its calls.
    await ahead;
  }
}

/** Calls that `readPages` makes: the pages with records, an empty one, and one more where the last page was full or there was none. */
export function pagesOf(records: number, limit: number): number {
  return Math.floor(records / limit) + 2;
}

function announceLess({ object, about, onEvent }: PagesRequest, limit: number, less: number): void {
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

type Outcome = { readonly page: Page } | { readonly error: unknown };

/** Never rejects: the page read ahead may fail while nobody waits for it. */
async function readPage(
  pardot: Pardot,
  request: PagesRequest,
  query: QueryV4,
  { cursor, limit }: { readonly cursor: string | null; readonly limit: number },
): Promise<Outcome> {
  const { object, window, zone, signal, about } = request;
  try {
    const page = await pardot.queryPage(
      {
        urlName: object.v4.urlName,
        dataKey: object.v4.dataKey,
        query,
        parameters: {
          sort_by: "id",
          sort_order: "ascending",
          limit: String(limit),
          ...queryBounds(object, window, zone),
          ...(cursor === null ? {} : { id_greater_than: cursor }),
        },
        ...(about === undefined ? {} : { about }),
      },
      signal,
    );
    return { page };
  } catch (error) {
    return { error };
  }
}

/** Records after the cursor. None, too, of a page with only the one at the cursor: a server may take the bound as inclusive. */
function newRecords(page: readonly WireRecord[], cursor: string | null, object: CatalogObject): readonly WireRecord[] {
  let previous = cursor === null ? null : BigInt(cursor);
  const fresh: WireRecord[] = [];
  let highest: bigint | null = null;
  if (page.length === 1 && page[0] !== undefined && idOf(page[0], object) === previous) return [];
  for (const record of page) {
    const id = idOf(record, object);
    if (highest !== null && id <= highest) {
      throw new DataError(`read ${object.name}: record ${id} stands after ${highest} on a page sorted by id`, {
        code: "data.page-unsorted",
        hint: "Pardot did not sort the page as asked, so going on could lose records. Run again; if it happens again, open an issue with the page's parameters.",
      });
    }
    highest = id;
    if (previous !== null && id <= previous) continue;
    previous = id;
    fresh.push(record);
  }
  if (page.length > 0 && fresh.length === 0) {
    throw new DataError(`read ${object.name}: the page after id ${cursor} brought only records from before it`, {
      code: "data.page-repeats",
      hint: "Pardot ignored id_greater_than. Run again; if it happens again, open an issue with the page's parameters.",
    });
  }
  return fresh;
}

/** The id of a record as text of digits. Throws DataError when it has none. */
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
