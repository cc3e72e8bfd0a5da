import type { QueriedObject, QueryV5, RangeField } from "../../catalog/catalog.ts";
import { assert, DataError } from "../../errors.ts";
import { Turn } from "../../http/gate.ts";
import { isTooLong } from "../../pardot/failure.ts";
import type { Page, PageBounds, WireRecord } from "../../pardot/pardot.ts";
import { cursorText, parseCursor } from "../../state/cursor.ts";
import type { Landed, Place } from "../../state/cursor.ts";
import { laterText, SECOND_MS } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import { fromLocal } from "../../time/zone.ts";
import { pageBounds } from "../bounds.ts";
import {
  BARREN_MAX,
  dateOf,
  isTokenRefusal,
  LIMIT_MIN,
  narrower,
  newTo,
  readPage,
  recordId,
  repeatedTokenError,
} from "./page.ts";
import type { PagesRequest, Step } from "./page.ts";

/**
 * The records of a window of an object that API v5 does not sort by id, by page tokens. A sequence of tokens has a
 * fixed limit and ends early after 100,000 records (warning 203), after four hours, or with a page that took too long;
 * then a new one begins (vendor docs, version5overview).
 *
 * Sorted by a date that can be filtered on, it begins at the last second read, and records may land second by second: those
 * of the last second of a page wait for the next page. Without that it starts from the beginning, so nothing may land before
 * the end (`again` drops what came); what is more than 100,000 records is read in halves by a date (`query.split`), each of
 * which may land. No record comes twice. Throws DataError (exit 6) when a page is not sorted as requested, when a token
 * repeats, or when there are too many records for a sequence and nothing to cut them by.
 */
export async function* readTokenPages(request: PagesRequest): AsyncGenerator<Step> {
  const { order, filters } = queryOf(request);
  const isCut = order !== null && order !== "id" && filters.includes(order);
  const turn = new Turn();
  try {
    yield* isCut ? readOrdered({ ...request, turn }, order) : readInParts({ ...request, turn });
  } finally {
    turn.end();
  }
}

type TurnRequest = PagesRequest & { readonly turn: Turn };

function queryOf({ object }: PagesRequest): QueryV5 {
  const { query } = object.way;
  assert(query.api === "v5", "a query of v5");
  return query;
}

/** How a sequence of tokens ended. */
type SequenceEnd = "end" | "capped" | "expired" | "too-long";

/** The pages of one sequence of tokens. */
async function* readSequence(
  request: TurnRequest,
  bounds: PageBounds | null,
  limit: number,
): AsyncGenerator<Page, SequenceEnd> {
  const { order } = queryOf(request);
  const sort = order === null ? null : { field: order };
  const { turn } = request;
  const seen = new Set<string>();
  let token: string | null = null;
  for (;;) {
    request.drain.throwIfAborted();
    let page: Page;
    try {
      page = await readPage(request, { bounds, sort, limit, token, turn });
    } catch (error) {
      if (isTooLong(error) && limit > LIMIT_MIN) return "too-long";
      if (token !== null && isTokenRefusal(error)) return "expired";
      throw error;
    }
    yield page;
    page.records.length = 0;
    if (page.token === null) return page.isCapped ? "capped" : "end";
    if (seen.has(page.token)) throw repeatedTokenError(request.object.name);
    seen.add(page.token);
    token = page.token;
  }
}

async function* readOrdered(request: TurnRequest, order: RangeField): AsyncGenerator<Step> {
  let { limit } = queryOf(request);
  const landed = parseCursor(request.cursor);
  let { place } = landed;
  let from = place?.at ?? null;
  let barren = 0;
  for (;;) {
    const sequence = readSequence(request, boundsFrom(from, order, request), limit);
    const seconds = new Seconds({ ...landed, place }, order, request);
    let next = await sequence.next();
    for (; next.done !== true; next = await sequence.next()) {
      // In no variable, which would keep the page in memory while the next one comes.
      yield stepOf(seconds.take(next.value.records), next.value.hidesValues);
    }
    if (next.value === "end") {
      yield stepOf(seconds.end(), false);
      return;
    }
    ({ place } = seconds);
    const before = from;
    // Records without a date come first, and a sequence can only begin again before them all.
    if (place === null && seconds.hasUndated) {
      if (next.value === "capped") throw tooManyError(request, "the records without a date are more than");
      yield { type: "again" };
    } else from = laterText(from, seconds.latest);
    barren = from === before ? barren + 1 : 0;
    if (next.value === "too-long") limit = narrower(request, limit);
    else if (barren > (next.value === "capped" ? 0 : BARREN_MAX)) {
      throw tooManyError(request, `more records share the second ${seconds.latest ?? "of the first record"} than`);
    }
  }
}

interface Ready {
  readonly record: WireRecord;
  /** Null within a second. */
  readonly cursor: string | null;
}

function stepOf(ready: readonly Ready[], hidesValues: boolean): Step {
  const records = ready.map(({ record }) => record);
  const cursors = ready.map(({ cursor }) => cursor);
  return { type: "records", records, cursorAt: (i) => cursors[i] ?? null, hidesValues };
}

/** Takes the records of one sequence in the order of a date, and returns them by whole seconds, without those that have landed. */
class Seconds {
  /** The last second of which all records have come. */
  place: Place | null;
  hasUndated = false;
  /** The last date in the sequence; null before it. */
  latest: LocalText | null = null;
  readonly #start: Landed;
  readonly #isNew: (record: WireRecord) => boolean;
  readonly #order: RangeField;
  readonly #object: QueriedObject;
  #held: WireRecord[] = [];

  constructor(start: Landed, order: RangeField, { object }: PagesRequest) {
    this.place = start.place;
    this.#start = start;
    this.#isNew = newTo(start, object);
    this.#order = order;
    this.#object = object;
  }

  /** The records of a page that need not wait for the next one. */
  take(page: readonly WireRecord[]): readonly Ready[] {
    const ready: Ready[] = [];
    for (const record of page) {
      const at = dateOf(record, this.#order, this.#object);
      if (at === null) {
        if (!this.#isNew(record)) continue;
        this.hasUndated = true;
        ready.push({ record, cursor: this.#cursor() });
        continue;
      }
      const { latest } = this;
      if (latest !== null && at < latest) throw unsortedError({ record, at, latest }, this.#order, this.#object);
      if (at !== latest) ready.push(...this.end());
      this.latest = at;
      // Where the filter is ignored, a sequence begins before its place.
      if (this.#isNew(record)) this.#held.push(record);
    }
    return ready;
  }

  /** The rest: no record of the last second is to come. */
  end(): readonly Ready[] {
    const { at = "" } = this.#start.place ?? {};
    if (this.latest !== null && this.latest >= at) this.place = { at: this.latest, ids: null };
    const last = this.#held.length - 1;
    const ready = this.#held.map((record, i) => ({ record, cursor: i === last ? this.#cursor() : null }));
    this.#held = [];
    return ready;
  }

  #cursor(): string | null {
    return this.place === null ? null : cursorText({ ...this.#start, place: this.place });
  }
}

function unsortedError(
  { record, at, latest }: { readonly record: WireRecord; readonly at: LocalText; readonly latest: LocalText },
  order: RangeField,
  object: QueriedObject,
): DataError {
  return new DataError(
    `read ${object.name}: record ${recordId(record, object)} of ${at} follows one of ${latest} on a page sorted by ${order}`,
    {
      code: "data.page-unsorted",
      context: { parameter: "orderBy" },
      hint: `Pardot did not sort the page as requested, so going on could lose records. Run again; if it happens again, set the order of its query to null in the configuration (catalog: ${object.name}: v5: query: order), and report it.`,
    },
  );
}

/** The bounds of a sequence that begins at a second: all of it comes again. */
function boundsFrom(from: LocalText | null, order: RangeField, request: PagesRequest): PageBounds | null {
  const bounds = pageBounds(request.object, request.window);
  if (from === null) return bounds;
  return { field: order, from: fromLocal(from, "UTC", "earlier"), to: bounds?.to ?? null };
}

async function* readInParts(request: TurnRequest): AsyncGenerator<Step> {
  let { limit } = queryOf(request);
  const landed = parseCursor(request.cursor);
  const isNew = newTo(landed, request.object);
  const whole = pageBounds(request.object, request.window);
  const isCut = queryOf(request).split !== null;
  let ranges = [landed.reached !== null && isCut ? laterPart(whole, landed.reached, request) : whole];
  let barren = 0;
  while (ranges.length > 0) {
    const [range = null, ...later] = ranges;
    const sequence = readSequence(request, range, limit);
    let next = await sequence.next();
    const times: (Instant | null)[] = [];
    for (; next.done !== true; next = await sequence.next()) {
      const { records, hidesValues } = next.value;
      times.push(...timesOf(records, request));
      yield { type: "records", records: records.filter(isNew), cursorAt: () => null, hidesValues };
    }
    if (next.value === "end") {
      if (later.length > 0 && range?.to != null) {
        yield { type: "reached", cursor: cursorText({ ...landed, reached: range.to }) ?? "" };
      }
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
  return records.map((record) => {
    const text = dateOf(record, queryOf(request).split, request.object);
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
