import type { CatalogObject, ParentsV4, SegmentedV4 } from "../../catalog/catalog.ts";
import { DataError } from "../../errors.ts";
import { warn } from "../../events.ts";
import { isTooLong } from "../../pardot/failure.ts";
import type { Page, WireRecord } from "../../pardot/pardot.ts";
import type { Id } from "../../state/cursor.ts";
import { pluralize } from "../../text.ts";
import { idOf, LIMIT_MIN, narrower, readPage, recordId } from "./page.ts";
import type { PagesRequest, Step } from "./page.ts";
import { readPages } from "./pages.ts";

/**
 * Records of one group of parents, held until its end. They may land only there, because the cursor is a parent's id.
 */
const HELD_MAX = 5000;

/** Pages without a new record in a group that has more. Pardot has sent such pages in error; deletions cause few. */
const EMPTIES_MAX = 2;

/** Records that Pardot counted, and records that it returned. */
interface Tally {
  counted: number;
  read: number;
}

/**
 * The records of a query that v3/v4 accepts only with ids of parents: reads all parents by ascending id, and the
 * records of as many parents at a time as a request may name. The cursor is the id of the last parent whose records
 * were read.
 */
export async function* readByParents(request: PagesRequest, parents: ParentsV4): AsyncGenerator<Step> {
  const { name } = request.object;
  const { urlName, dataKey, query, filter, idsMax } = parents;
  const source: CatalogObject<SegmentedV4> = {
    ...request.object,
    name: `parents of ${name}`,
    key: "id",
    columns: [{ name: "id", type: "integer" }],
    way: { api: "v4", process: "segmented", urlName, dataKey, query },
  };
  const tally: Tally = { counted: 0, read: 0 };
  const window = { ...request.window, field: null };
  const parentPages = { ...request, object: source, window, mayCut: false, leadsToCalls: true };
  for await (const step of readPages(parentPages)) {
    if (step.type !== "records") continue;
    const ids = step.records.map((record) => recordId(record, source));
    for (let from = 0; from < ids.length; from += idsMax) {
      yield* readGroup(request, filter, ids.slice(from, from + idsMax), tally);
    }
  }
  if (tally.read !== tally.counted) {
    const message = `${tally.read} records were read, total_results was ${tally.counted}: records changed while they were read, or Pardot hides some from this user`;
    warn(request.onEvent, "data.total-differs", message, name);
  }
}

/**
 * The records of some parents. Pardot returns them by ascending id and accepts no id to continue from, only an offset.
 * So each page should begin with the last record of the page before. If it does not, records up to it were deleted in
 * between and later ones moved down; then reading goes back until it does.
 */
async function* readGroup(
  request: PagesRequest,
  filter: string,
  parentIds: readonly string[],
  tally: Tally,
): AsyncGenerator<Step> {
  const { object, drain } = request;
  const names = parentIds.join(",");
  let { limit } = object.way.query;
  let held: WireRecord[] = [];
  let read = 0;
  let last: Id | null = null;
  let offset = 0;
  let empties = 0;
  let total: number | null = null;
  for (;;) {
    drain.throwIfAborted();
    let page: Page;
    try {
      const filters = { [filter]: names, offset: String(offset) };
      page = await readPage({ ...request, filters }, { sort: null, limit });
    } catch (error) {
      if (!isTooLong(error) || limit <= LIMIT_MIN) throw error;
      limit = narrower(request, limit);
      continue;
    }
    const { records } = page;
    ({ total } = page);
    const fresh = later(records, last, object);
    const [first] = records;
    // Pages empty or short in error have been reported (pardot/api-docs issue 151). What the last one lacks is hidden.
    const isNone = offset === 0 && (total === null ? empties > 0 : total === 0);
    const unseen = total === null || records.length !== 1 || fresh.length > 0 ? 0 : total - offset - 1;
    if (first === undefined ? !isNone : unseen >= limit || (unseen > 0 && empties < EMPTIES_MAX)) {
      empties += 1;
      if (empties > EMPTIES_MAX) throw missingError(object.name, total);
      offset = Math.max(0, offset - limit);
      continue;
    }
    if (offset > 0 && last !== null && first !== undefined && idOf(first, object) > last) {
      offset = Math.max(0, offset - limit);
      continue;
    }
    held.push(...fresh);
    read += fresh.length;
    last = fresh.length === 0 ? last : idOf(fresh.at(-1) ?? {}, object);
    offset += Math.max(0, records.length - 1);
    const isCounted = total !== null && offset + 1 >= total;
    if (isCounted || records.length === 0 || (records.length === 1 && fresh.length === 0)) break;
    if (held.length >= HELD_MAX) {
      yield { type: "records", records: held, cursorAt: () => null, hidesValues: false };
      held = [];
    }
  }
  tally.read += read;
  tally.counted += total ?? read;
  const end = held.length - 1;
  const cursor = parentIds.at(-1) ?? null;
  if (end >= 0) {
    const cursorAt = (index: number): string | null => (index === end ? cursor : null);
    yield { type: "records", records: held, cursorAt, hidesValues: false };
  }
}

/** The records after an id. */
function later(records: readonly WireRecord[], after: Id | null, object: CatalogObject): readonly WireRecord[] {
  const ids = records.map((record) => idOf(record, object));
  const unsorted = ids.findIndex((id, i) => i > 0 && id <= (ids[i - 1] ?? id));
  if (unsorted > 0) {
    throw new DataError(`read ${object.name}: record ${ids[unsorted]} follows ${ids[unsorted - 1]} on a page`, {
      code: "data.page-unsorted",
      hint: "Pardot returns these records by ascending id. Run again; if it happens again, open an issue.",
    });
  }
  return after === null ? records : records.filter((_, i) => (ids[i] ?? after) > after);
}

function missingError(object: string, total: number | null): DataError {
  const counted = total === null ? "" : `, but total_results counts ${pluralize(total, "record")}`;
  return new DataError(`read ${object}: a page without a new record came ${EMPTIES_MAX + 1} times${counted}`, {
    code: "data.total-without-rows",
    hint: "Pardot counts records that it does not return, so the window stays open. Run again. If it stays, check whether the API user may see these records.",
  });
}
