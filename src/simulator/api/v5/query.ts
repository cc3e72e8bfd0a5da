/** Responses to v5 queries (vendor docs, v5 overview; official sample of lifecycle histories for the envelope). */
import { ApiError } from "../api-error.ts";
import { wholeNumber } from "../parameters.ts";
import type { Parameters } from "../parameters.ts";
import { lowerBound } from "../selection.ts";
import type { SelectionMemory } from "../selection.ts";
import type { Account } from "../../account/account.ts";
import { isHidden } from "../../account/oddities.ts";
import type { Table } from "../../account/table.ts";
import type { V5Object } from "../../objects/v5/notation.ts";
import { readFields } from "./fields.ts";
import type { Picked } from "./fields.ts";
import { badParameter, readWhere } from "./filters.ts";
import type { V5Where } from "./filters.ts";
import { readOrder, rowOrder } from "./order.ts";
import { readToken, writeToken } from "./page-token.ts";
import type { PageToken } from "./page-token.ts";
import { recordMaker } from "./record.ts";
import type { JsonObject, RecordContext } from "./record.ts";

const LIMIT_MAX = 1_000;
const LIMIT_DEFAULT = 200;
const OFFSET_MAX = 2_000;
const HOUR_MS = 3_600_000;

export interface V5Context {
  readonly account: Account;
  readonly memory: SelectionMemory;
  /** Seconds since 1970: reads see the account as it was then. */
  readonly asOf: number;
  /** Milliseconds of the clock. */
  readonly elapsed: number;
  readonly origin: string;
  readonly live: RecordContext["live"];
  readonly fault: PageFault;
}

/** Faults of a page; see `FaultRule`. */
interface PageFault {
  readonly emptyPage?: boolean;
  readonly shortPage?: number;
  readonly cells?: Readonly<Record<string, string>>;
  readonly sequenceEnd?: boolean;
}

export interface V5Answer {
  readonly body: JsonObject;
  /** Values of the header `Pardot-Warning`. */
  readonly warnings: readonly string[];
}

export const WARNINGS = {
  recycled: "201;Record is in the recycle bin.",
  hidden: "202;Records or values are hidden by access rules.",
  // The only text that is documented (v5 overview).
  sequence: "203;Record count for nextPageToken sequence has been exceeded. No page token returned.",
} as const;

/** One page. Throws ApiError. */
export function queryPage(object: V5Object, parameters: Parameters, context: V5Context): V5Answer {
  const { account, fault, asOf } = context;
  const { knobs } = account.world;
  const token = tokenOf(object, parameters, context);
  const picks = readFields(parameters.get("fields"), object, { account, knobs, operation: "query" });
  const { rows, next, isMore } = cutPage(object, parameters, token, context);
  const table = account.table(object.name);
  // Rows are hidden after the page is cut, so it gets shorter (mlrun/mlrun issue 5385).
  const shown = rows.filter((index) => !isHidden(table.model, index, knobs));
  const make = recordMaker(object, picks, { ...context, operation: "query" });
  const values = Array.from(shown, (index, n) => ({
    ...make(table.keyAsOf(index, asOf) ?? table.key(index)),
    ...(n === 0 ? fault.cells : {}),
  }));
  const isExceeded = (isMore && next.seen >= knobs.v5TokenRecords) || fault.sequenceEnd === true;
  const isRedacted = shown.length < rows.length || hasRedacted(object, picks, knobs.v5RedactedFields);
  const nextPageToken = isMore && !isExceeded ? writeToken(next) : null;
  const nextPageUrl = nextPageToken === null ? null : pageUrl(object, parameters, nextPageToken, context);
  const warnings = [
    ...(isRedacted && knobs.v5HiddenWarning ? [WARNINGS.hidden] : []),
    ...(isExceeded ? [WARNINGS.sequence] : []),
  ];
  return { body: { nextPageToken, nextPageUrl, values }, warnings };
}

interface Cut {
  readonly rows: Uint32Array;
  readonly isMore: boolean;
  /** The token of the page after this one. */
  readonly next: PageToken;
}

/** The rows of the page. A token has the filters, order and limit of the first query. */
function cutPage(object: V5Object, parameters: Parameters, token: PageToken | null, context: V5Context): Cut {
  const { account, fault, elapsed, asOf, memory } = context;
  const { pageCap, v5TokenPosition } = account.world.knobs;
  const given = token === null ? parameters : new Map(Object.entries(token.where));
  const limit = wholeNumber(given.get("limit"), LIMIT_DEFAULT, { least: 1, most: LIMIT_MAX, code: 23 });
  const offset = wholeNumber(given.get("offset"), 0, { least: 0, most: OFFSET_MAX, code: 21 });
  const where = readWhere(given, object, account);
  const orderBy = given.get("orderBy");
  const order = rowOrder(readOrder(orderBy, object, account), object, account, asOf);
  const table = account.table(object.name);
  const selected = selectedRows(table, where, object, context);
  const key = JSON.stringify([...keyOf(object, table, context), where.key, where.ids, orderBy]);
  const sorted = memory.get(key, () => order.inOrder(selected));
  const last = token?.last ?? null;
  const isByOffset = last === null || v5TokenPosition === "offset";
  const start = isByOffset ? (token?.seen ?? offset) : order.rowsThrough(last, sorted);
  const most = Math.min(limit, pageCap === 0 ? limit : pageCap, fault.shortPage ?? limit);
  const rows = sorted.subarray(start, start + (fault.emptyPage === true ? 0 : most));
  return {
    rows,
    // An empty page that is not the last one comes with a token for the same rows.
    isMore: start + rows.length < sorted.length || fault.emptyPage === true,
    next: {
      object: object.name,
      where: { ...where.given, limit: String(limit), ...(orderBy === undefined ? {} : { orderBy }) },
      last: rows.length === 0 ? last : order.positionOf(rows.at(-1) ?? 0),
      seen: (v5TokenPosition === "offset" ? start : (token?.seen ?? 0)) + rows.length,
      issued: elapsed,
    },
  };
}

function pageUrl({ collection }: V5Object, parameters: Parameters, token: string, { origin }: V5Context): string {
  const path = collection.startsWith("/") ? `/api/v5${collection}` : `/api/v5/objects/${collection}`;
  return `${origin}${path}?fields=${encodeURIComponent(parameters.get("fields") ?? "")}&nextPageToken=${token}`;
}

/** Only `fields` may come with a token (v5 overview: 400 BAD_REQUEST; the code is unconfirmed). */
function tokenOf(object: V5Object, parameters: Parameters, { account, elapsed }: V5Context): PageToken | null {
  const text = parameters.get("nextPageToken");
  if (text === undefined) return null;
  for (const name of parameters.keys()) {
    if (name !== "fields" && name !== "nextPageToken") throw badParameter(name, "Not allowed with nextPageToken");
  }
  const token = readToken(text);
  if (token === null || token.object !== object.name) throw new ApiError(211);
  if (elapsed - token.issued > account.world.knobs.v5TokenHours * HOUR_MS) throw new ApiError(210);
  return token;
}

/** What a selection depends on besides the query: the table's changes, and which of them reads see yet. */
function keyOf(object: V5Object, table: Table, { asOf }: V5Context): readonly unknown[] {
  return ["v5", object.name, table.version, asOf >= table.newest ? null : asOf];
}

function selectedRows(table: Table, where: V5Where, object: V5Object, context: V5Context): Uint32Array {
  const { asOf, memory } = context;
  const isWanted = (isDeleted: boolean): boolean =>
    where.deleted === "all" || isDeleted === (where.deleted === "deleted");
  const all = memory.get(JSON.stringify([...keyOf(object, table, context), where.key]), () => {
    const found = new Uint32Array(table.count);
    let count = 0;
    for (let index = 0; index < table.count; index += 1) {
      const row = table.keyAsOf(index, asOf);
      if (row !== null && isWanted(row.isDeleted) && where.test?.(row) !== false) found[count++] = index;
    }
    return found.slice(0, count);
  });
  const from = lowerBound(all.length, (n) => table.ids.idOf(all[n] ?? 0) < where.ids.from);
  const to = lowerBound(all.length, (n) => table.ids.idOf(all[n] ?? 0) <= where.ids.to);
  return all.subarray(from, Math.max(from, to));
}

function hasRedacted(object: V5Object, picks: readonly Picked[], redacted: string): boolean {
  const names = new Set(redacted.split(","));
  return picks.some((pick) =>
    pick.kind === "field" ? names.has(`${object.name}.${pick.name}`) : hasRedacted(pick.target, pick.picks, redacted),
  );
}
