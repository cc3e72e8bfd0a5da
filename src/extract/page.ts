import type { CatalogObject, QueriedObject } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import type { About, OnEvent } from "../events.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { pageBounds } from "./bounds.ts";

export interface PagesRequest {
  readonly pardot: Pick<Pardot, "queryPage">;
  readonly object: QueriedObject;
  readonly window: Window;
  /** Names in responses; as in `PageRequest`. */
  readonly fields: readonly string[] | null;
  /** Further filters; as in `PageRequest`. */
  readonly filters?: Readonly<Record<string, string>>;
  /** Named by events. */
  readonly about?: About;
  /** Where to continue; null: from the first record. */
  readonly cursor: string | null;
  /** Aborted on a stop request: no further page is requested. */
  readonly drain: AbortSignal;
  /** Aborted when requests in flight are cut, too. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
}

/** What reading a window returns, in order. */
export type Step =
  | {
      readonly type: "records";
      readonly records: readonly WireRecord[];
      /** Where to continue after the record with this index; null: nothing may land before the end of the part. */
      readonly cursorAt: (index: number) => string | null;
      readonly hidesValues: boolean;
    }
  /** Records since the last `reached` will be returned again. */
  | { readonly type: "again" }
  /** Records so far may land, and reading may continue from this cursor. */
  | { readonly type: "reached"; readonly cursor: string };

/** Smallest limit that is requested after pages that took too long. */
export const LIMIT_MIN = 25;

/** One page of a window, with its bounds unless `place` has others. */
export function readPage(
  { pardot, object, window, fields, filters = {}, abort, about }: PagesRequest,
  place: Pick<PageRequest, "bounds" | "sort" | "afterId" | "limit" | "token">,
): Promise<Page> {
  const bounds = pageBounds(object, window);
  const request = { way: object.way, fields, filters, bounds, ...place };
  return pardot.queryPage({ ...request, ...(about === undefined ? {} : { about }) }, abort);
}

/** The error for a page token that appears a second time, or for a sequence that does not end. */
export function repeatedTokenError(object: string): DataError {
  return new DataError(`read ${object}: a page has no records, and its page token leads nowhere new`, {
    code: "data.page-repeats",
    hint: "Going on would read the same pages again. Run again; if it happens again, open an issue.",
  });
}

/** Half the limit, after an event. */
export function narrower({ object, about, onEvent }: PagesRequest, limit: number): number {
  const less = Math.max(LIMIT_MIN, Math.floor(limit / 2));
  onEvent({
    type: "retrying",
    kind: `${object.way.urlName} query`,
    call: null,
    object: about?.object ?? object.name,
    window: about?.window ?? null,
    attempt: 1,
    pauseMs: 0,
    reason: `a page of ${limit} records takes too long: requesting ${less} at a time`,
  });
  return less;
}

/** The id of a record as digits. Throws DataError when it has none. */
export function recordId(record: WireRecord, object: CatalogObject): string {
  return String(idOf(record, object));
}

/** The same as a number. */
export function idOf(record: WireRecord, object: CatalogObject): bigint {
  const value = record[object.key];
  if ((typeof value === "string" || typeof value === "number") && /^\d+$/.test(String(value))) return BigInt(value);
  throw new DataError(`read ${object.name}: a record without a numeric ${object.key}`, {
    code: "data.record-without-id",
  });
}
