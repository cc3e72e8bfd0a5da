import type { QueryV5 } from "../catalog/catalog.ts";
import { normalise } from "../encode/normalise.ts";
import { assert, DataError, RemoteError } from "../errors.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Page, PageBounds, WireRecord } from "../pardot/pardot.ts";
import { isoInstant, SECOND_MS } from "../time/instant.ts";
import type { Instant, LocalText } from "../time/instant.ts";
import { fromLocal } from "../time/zone.ts";
import { pageBounds } from "./bounds.ts";
import { LIMIT_MIN, narrower, readPage, recordId, repeatedTokenError } from "./page.ts";
import type { PagesRequest, Step } from "./page.ts";

/** Codes of a page token that has expired (after four hours) or is not accepted (vendor docs, error-codes). */
const TOKEN_CODES: ReadonlySet<number | null> = new Set([210, 211]);
/** Sequences of page tokens in a row that may expire without a new record. */
const BARREN_MAX = 3;

/**
 * The records of a window of an object that API v5 does not sort by id, by page tokens. A sequence of tokens has a
 * fixed limit and ends early after 100,000 records (warning 203), after four hours, or with a page that took too long;
 * then a new one begins (vendor docs, version5overview).
 *
 * If sorted by a date, a new sequence begins at the last second read, inclusively, and drops the ids of that second
 * that were read already: no record is returned twice, and records may land as they arrive. Without any order it starts
 * from the beginning, so nothing may land before the end (`again` drops the records so far). More than 100,000 records
 * are read in halves by a date (`query.split`), each of which may land. Throws DataError (exit 6) when a page is not
 * sorted as requested, when a token repeats, or when there are too many records for a sequence and no date to split
 * them by.
 */
export function readTokenPages(request: PagesRequest): AsyncGenerator<Step> {
  return queryOf(request).order === null ? readUnordered(request) : readOrdered(request);
}

function queryOf({ object }: PagesRequest): QueryV5 {
  const { query } = object.way;
  assert(query.api === "v5", "a query of v5");
  return query;
}

/** How a sequence of tokens ended. */
type SequenceEnd = "end" | "capped" | "expired" | "too-long";

/** The pages of one sequence of tokens. */
async function* readSequence(
  request: PagesRequest,
  bounds: PageBounds | null,
  limit: number,
): AsyncGenerator<Page, SequenceEnd> {
  const { order } = queryOf(request);
  const seen = new Set<string>();
  let token: string | null = null;
  for (;;) {
    request.drain.throwIfAborted();
    let page: Page;
    try {
      page = await readPage(request, { bounds, sort: order === null ? null : { field: order }, limit, token });
    } catch (error) {
      if (isTooLong(error) && limit > LIMIT_MIN) return "too-long";
      if (token !== null && error instanceof RemoteError && TOKEN_CODES.has(error.pardotCode)) return "expired";
      throw error;
    }
    yield page;
    if (page.token === null) return page.isCapped ? "capped" : "end";
    if (seen.has(page.token)) throw repeatedTokenError(request.object.name);
    seen.add(page.token);
    token = page.token;
  }
}

/** The last second read, and the ids read in it. */
interface Place {
  readonly at: LocalText;
  readonly ids: readonly string[];
}

async function* readOrdered(request: PagesRequest): AsyncGenerator<Step> {
  let { limit } = queryOf(request);
  let place = request.cursor === null ? null : placeOf(request.cursor);
  let barren = 0;
  for (;;) {
    const sequence = readSequence(request, boundsFrom(place, request), limit);
    let next = await sequence.next();
    let hasNew = false;
    for (; next.done !== true; next = await sequence.next()) {
      const page = new DatedPage(next.value.records, place, request);
      const { records } = page;
      place = page.placeAfter(records.length - 1);
      hasNew ||= records.length > 0;
      const cursorAt = (i: number): string | null => cursorOf(page.placeAfter(i));
      yield { type: "records", records, cursorAt, hidesValues: next.value.hidesValues };
    }
    if (next.value === "end") return;
    barren = hasNew ? 0 : barren + 1;
    // Records without a date come first, and a sequence can only restart before all of them.
    if (place === null && hasNew) {
      if (next.value === "capped") throw tooManyError(request, "the records without a date are more than");
      barren += 1;
      yield { type: "again" };
    }
    if (next.value === "too-long") limit = narrower(request, limit);
    else if (barren > (next.value === "capped" ? 0 : BARREN_MAX)) {
      throw tooManyError(request, `more records share the second ${place?.at ?? "of the first record"} than`);
    }
  }
}

/** The records of a page after a place, and the place after each of them. */
class DatedPage {
  readonly records: readonly WireRecord[];
  readonly #times: readonly (LocalText | null)[];
  readonly #request: PagesRequest;
  readonly #start: Place | null;

  constructor(page: readonly WireRecord[], start: Place | null, request: PagesRequest) {
    const { object } = request;
    const { order } = queryOf(request);
    const column = object.columns.filter(({ name }) => name === order);
    const known = new Set(start?.ids);
    const records: WireRecord[] = [];
    const times: (LocalText | null)[] = [];
    let latest = start?.at ?? "";
    for (const record of page) {
      const at = normalise(record, column, object.name)[0] ?? null;
      if (at !== null && at < latest) {
        throw new DataError(
          `read ${object.name}: record ${recordId(record, object)} of ${at} follows one of ${latest} on a page sorted by ${order}`,
          {
            code: "data.page-unsorted",
            hint: `Pardot did not sort the page as requested, so going on could lose records. Run again; if it happens again, set the order of its query to null in the configuration (catalog: ${object.name}: v5: query: order), and report it.`,
          },
        );
      }
      latest = at ?? latest;
      if (at === start?.at && known.has(recordId(record, object))) continue;
      records.push(record);
      times.push(at);
    }
    this.records = records;
    this.#times = times;
    this.#request = request;
    this.#start = start;
  }

  /**
   * The place after the record with this index; -1: the start. A record without a date has none: such records come
   * first.
   */
  placeAfter(index: number): Place | null {
    const { object } = this.#request;
    const at = this.#times.slice(0, index + 1).findLast((time) => time !== null) ?? null;
    if (at === null) return this.#start;
    const sharing = this.records.slice(0, index + 1).filter((_, i) => this.#times[i] === at);
    const earlier = at === this.#start?.at ? this.#start.ids : [];
    return { at, ids: [...earlier, ...sharing.map((record) => recordId(record, object))] };
  }
}

/** A place as a cursor: `2026-01-02T03:04:05 12,13`. */
function cursorOf(place: Place | null): string | null {
  return place === null ? null : `${place.at.replace(" ", "T")} ${place.ids.join(",")}`;
}

function placeOf(cursor: string): Place {
  const [at = "", ids = ""] = cursor.split(" ");
  return { at: at.replace("T", " "), ids: ids.split(",") };
}

/** The bounds of a sequence that begins at a place: its whole second is read again. */
function boundsFrom(place: Place | null, request: PagesRequest): PageBounds | null {
  const bounds = pageBounds(request.object, request.window);
  const { order } = queryOf(request);
  if (place === null || order === null || order === "id") return bounds;
  return { field: order, from: fromLocal(place.at, "UTC", "earlier"), to: bounds?.to ?? null };
}

async function* readUnordered(request: PagesRequest): AsyncGenerator<Step> {
  let { limit } = queryOf(request);
  const whole = pageBounds(request.object, request.window);
  let ranges = [request.cursor === null ? whole : laterPart(whole, Date.parse(request.cursor), request)];
  let barren = 0;
  while (ranges.length > 0) {
    const [range = null, ...later] = ranges;
    const sequence = readSequence(request, range, limit);
    let next = await sequence.next();
    const times: (Instant | null)[] = [];
    for (; next.done !== true; next = await sequence.next()) {
      const { records, hidesValues } = next.value;
      times.push(...timesOf(records, request));
      yield { type: "records", records, cursorAt: () => null, hidesValues };
    }
    if (next.value === "end") {
      if (later.length > 0 && range?.to != null) yield { type: "reached", cursor: isoInstant(range.to) };
      ranges = later;
      barren = 0;
      continue;
    }
    yield { type: "again" };
    barren += 1;
    if (next.value === "too-long") limit = narrower(request, limit);
    else if (next.value === "capped") ranges = [...halves(range, times, request), ...later];
    else if (barren > BARREN_MAX) throw tooManyError(request, "one of its page tokens lives too short for");
  }
}

/** The dates of records by `query.split`, null where a record has none. */
function timesOf(records: readonly WireRecord[], request: PagesRequest): (Instant | null)[] {
  const { object } = request;
  const column = object.columns.filter(({ name }) => name === queryOf(request).split);
  return records.map((record) => {
    const text = normalise(record, column, object.name)[0] ?? null;
    return text === null ? null : fromLocal(text, "UTC", "earlier");
  });
}

/**
 * Splits a range in two at the median of the dates read before the split, so that each part has about as many records.
 * The edges of the range stay as they are. A part has bounds on one field only, and none that leaves out a record
 * without it.
 */
function halves(
  range: PageBounds | null,
  dates: readonly (Instant | null)[],
  request: PagesRequest,
): readonly PageBounds[] {
  const { split } = queryOf(request);
  if (split === null || (range !== null && range.field !== split)) throw tooManyError(request, "nothing cuts");
  const times = dates.filter((date) => date !== null).toSorted((a, b) => a - b);
  if (times.length < dates.length) throw tooManyError(request, "records without a date cannot be cut from");
  const [first] = times;
  const median = times[Math.floor(times.length / 2)];
  // When half of the records share the first second, the second after it is the next possible cut.
  const middle = median === undefined || first === undefined ? null : Math.max(median, first + SECOND_MS);
  if (middle === null || middle <= (range?.from ?? 0) || middle >= (range?.to ?? Infinity)) {
    throw tooManyError(request, "a second has more than");
  }
  return [{ field: split, from: range?.from ?? null, to: middle }, laterPart(range, middle, request)];
}

function laterPart(range: PageBounds | null, from: Instant, request: PagesRequest): PageBounds {
  const { split } = queryOf(request);
  assert(split !== null, "a date that cuts the object");
  return { field: split, from, to: range?.to ?? null };
}

/** `why`: what has too many, as in "nothing cuts". */
function tooManyError({ object }: PagesRequest, why: string): DataError {
  return new DataError(`read ${object.name}: ${why} the 100,000 records that one sequence of page tokens returns`, {
    code: "data.too-many-records",
    hint: "Nothing more of this window was read; what had landed stays. Pardot offers no way to read the rest of this object in order; please report it.",
  });
}
