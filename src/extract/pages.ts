import type { CatalogObject, QueryV4 } from "../catalog/catalog.ts";
import { assert, DataError } from "../errors.ts";
import type { About } from "../events.ts";
import type { Pardot, WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { windowBounds } from "./bounds.ts";

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
}

/**
 * The records of a window, page by page, by ascending id. Because the window is fixed and the id moves on, no number of
 * records that share a second can be lost (a time as cursor loses what does not fit its page). One page is read ahead.
 *
 * A page shorter than the limit is the last; an empty one is asked for once more, because empty pages in mid-run have
 * been reported (pardot/api-docs issue 151). Records at or below the cursor are dropped: stale ones come back
 * (singer-io/tap-pardot). Throws DataError (exit 6) when a page is unsorted or brings nothing new.
 */
export async function* readPages(pardot: Pardot, request: PagesRequest): AsyncGenerator<readonly WireRecord[]> {
  const query = request.object.v4.query;
  assert(query !== undefined, `${request.object.name} has a query`);
  let cursor = request.cursor;
  let ahead = readPage(pardot, request, query, cursor);
  try {
    for (;;) {
      let page = await settled(ahead);
      if (page.length === 0) {
        request.stop.throwIfAborted();
        ahead = readPage(pardot, request, query, cursor);
        page = await settled(ahead);
      }
      const fresh = newRecords(page, cursor, request.object);
      const last = fresh.at(-1);
      if (last !== undefined) cursor = recordId(last, request.object);
      const isLast = page.length < query.limit;
      if (!isLast) {
        request.stop.throwIfAborted();
        ahead = readPage(pardot, request, query, cursor);
      }
      if (fresh.length > 0) yield fresh;
      if (isLast) return;
    }
  } finally {
    // A call that was made is counted by Pardot: it has to be over before the run adds up its calls.
    await ahead;
  }
}

/** Calls that `readPages` makes: full pages, and the short one that ends them; where a full one is the last, two empty ones. */
export function pagesOf(records: number, limit: number): number {
  const full = Math.floor(records / limit);
  return records % limit === 0 ? full + 2 : full + 1;
}

type Outcome = { readonly page: readonly WireRecord[] } | { readonly error: unknown };

/** Never rejects: the page read ahead may fail while nobody waits for it. */
async function readPage(
  pardot: Pardot,
  request: PagesRequest,
  query: QueryV4,
  cursor: string | null,
): Promise<Outcome> {
  const { object, window, zone, signal, about } = request;
  const filter = window.field === null ? undefined : query.filters[window.field];
  try {
    const page = await pardot.queryPage(
      {
        urlName: object.v4.urlName,
        dataKey: object.v4.dataKey,
        query,
        parameters: {
          sort_by: "id",
          sort_order: "ascending",
          limit: String(query.limit),
          ...(filter === undefined ? {} : windowBounds(window, filter, zone)),
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

async function settled(outcome: Promise<Outcome>): Promise<readonly WireRecord[]> {
  const result = await outcome;
  if ("error" in result) throw result.error;
  return result.page;
}

function newRecords(page: readonly WireRecord[], cursor: string | null, object: CatalogObject): readonly WireRecord[] {
  let previous = cursor === null ? null : BigInt(cursor);
  const fresh: WireRecord[] = [];
  let highest: bigint | null = null;
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
      hint: "Pardot did not honour id_greater_than. Run again; if it happens again, open an issue with the page's parameters.",
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
