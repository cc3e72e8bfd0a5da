import type { CatalogObject, QueriedObject, RangeField } from "../../catalog/catalog.ts";
import { normalise } from "../../encode/normalise.ts";
import { DataError, RemoteError } from "../../errors.ts";
import type { About, OnEvent } from "../../events.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../../pardot/pardot.ts";
import type { Window } from "../../plan/windows.ts";
import { parseId } from "../../state/cursor.ts";
import type { Id, IdGap, Landed } from "../../state/cursor.ts";
import type { LocalText } from "../../time/instant.ts";
import { toLocal } from "../../time/zone.ts";
import { pageBounds } from "../bounds.ts";

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
  /** Whether an order by id is read by page tokens, because Pardot refuses `idGreaterThan`. Default false. */
  readonly byToken?: boolean;
  /** Where to go on, as of `parseCursor`; null: from the first record. */
  readonly cursor: string | null;
  /** Ids to read; `onPassed` gets the first id behind them. Default: all that have not landed. */
  readonly range?: IdGap & { readonly onPassed: (id: Id) => void };
  /** Whether a long reading by ascending id may end with the step `cut`. Default false. */
  readonly mayCut?: boolean;
  /** Whether each step leads to further calls, so that no page may keep others out of memory until then. Default false. */
  readonly leadsToCalls?: boolean;
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
      /** Emptied by the function that uses them: a function that waits for the next page keeps this one in memory. */
      readonly records: WireRecord[];
      /**
       * Where to continue after the record with this index; null: nothing may land before the end of the part. Of a range:
       * the id.
       */
      readonly cursorAt: (index: number) => string | null;
      readonly hidesValues: boolean;
    }
  /** Records since the last `reached` will be returned again. */
  | { readonly type: "again" }
  /** Records so far may land, and reading may continue from this cursor. */
  | { readonly type: "reached"; readonly cursor: string }
  /** So many records remain that the ranges of ids between these may be read apart. Otherwise reading continues. */
  | { readonly type: "cut"; readonly after: readonly string[]; readonly total: number | null };

/** Codes of a page token that has expired (after four hours) or is not accepted (vendor docs, error-codes). */
const TOKEN_CODES: ReadonlySet<number | null> = new Set([210, 211]);
/** Page tokens in a row that may expire without a new record. */
export const BARREN_MAX = 3;

export function isTokenRefusal(error: unknown): boolean {
  return error instanceof RemoteError && TOKEN_CODES.has(error.pardotCode);
}

/** Smallest limit that is requested after pages that took too long. */
export const LIMIT_MIN = 25;

/** One page of a window, with its bounds unless `place` has others. */
export function readPage(
  { pardot, object, window, fields, filters = {}, abort, about, leadsToCalls = false }: PagesRequest,
  { turn, ...place }: Pick<PageRequest, "bounds" | "sort" | "afterId" | "limit" | "token" | "turn">,
): Promise<Page> {
  const bounds = pageBounds(object, window);
  const request = { way: object.way, fields, filters, bounds, ...place };
  const inTurn = turn === undefined || leadsToCalls ? {} : { turn };
  return pardot.queryPage({ ...request, ...inTurn, ...(about === undefined ? {} : { about }) }, abort);
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

/** The id of a record. Throws DataError when it has none. */
export function idOf(record: WireRecord, object: CatalogObject): Id {
  const value = record[object.key];
  if ((typeof value === "string" || typeof value === "number") && /^\d+$/.test(String(value)))
    return parseId(String(value));
  throw new DataError(`read ${object.name}: a record without a numeric ${object.key}`, {
    code: "data.record-without-id",
  });
}

/** The date of a record of v5, in UTC; null when it has none. */
export function dateOf(
  record: WireRecord,
  field: RangeField | null,
  { columns, name }: CatalogObject,
): LocalText | null {
  const column = columns.filter((one) => one.name === field);
  return normalise(record, column, name)[0] ?? null;
}

/** Whether a record has not landed yet. A record without a date has, where records with one have in its order. */
export function newTo(landed: Landed, object: QueriedObject): (record: WireRecord) => boolean {
  const { id, ranges, place, reached } = landed;
  const { query } = object.way;
  if (query.api === "v4") return () => true;
  const order = query.order === "id" || query.order === null ? object.watermark : query.order;
  const isDone = [
    ...(id === null ? [] : [(record: WireRecord): boolean => idOf(record, object) <= parseId(id)]),
    ...ranges.map(({ after, through }) => (record: WireRecord): boolean => {
      const own = idOf(record, object);
      return own > parseId(after) && own <= parseId(through);
    }),
    ...(place === null ? [] : [(record: WireRecord): boolean => isThrough(record, place)]),
    ...(reached === null ? [] : [(record: WireRecord): boolean => isBefore(record, toLocal(reached, "UTC"))]),
  ];
  return (record) => !isDone.some((covers) => covers(record));

  function isThrough(record: WireRecord, { at, ids }: NonNullable<Landed["place"]>): boolean {
    const date = dateOf(record, order, object) ?? "";
    return date < at || (date === at && (ids === null || ids.includes(recordId(record, object))));
  }

  function isBefore(record: WireRecord, end: LocalText): boolean {
    return (dateOf(record, query.api === "v5" ? query.split : null, object) ?? end) < end;
  }
}
