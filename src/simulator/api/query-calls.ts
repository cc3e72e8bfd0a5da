/** Responses to `query` and `read` of the objects (vendor docs, one page per object; envelopes as recorded). */
import type { Account } from "../account/account.ts";
import { ApiError } from "./api-error.ts";
import type { Format } from "./body-text.ts";
import { bodyRecord } from "./body-record.ts";
import { dateReader } from "./filter-date.ts";
import { filterTest } from "./filters.ts";
import type { Knobs } from "../knobs.ts";
import type { ObjectModel, Value, BodyContext, Body } from "../account/model.ts";
import { isHidden } from "../account/oddities.ts";
import { idOf, outputOf, queryParameters } from "./parameters.ts";
import type { Parameters, QueryParameters, SortBy } from "./parameters.ts";
import { lowerBound, selectRows, SelectionMemory } from "./selection.ts";
import type { Selection } from "./selection.ts";
import type { Table } from "../account/table.ts";

export interface QueryContext {
  readonly account: Account;
  readonly knobs: Knobs;
  readonly memory: SelectionMemory;
  /** Simulated milliseconds since 1970. */
  readonly now: number;
  readonly format: Format;
  /** Maximum rows of this page, even below the limit; null: the limit. Both faults are from pardot/api-docs issue 151. */
  readonly rowsMax: number | null;
  /** `total_results` instead of the true number; null: the true number. */
  readonly total: number | null;
  /** Values that the first record shows instead of its own. */
  readonly cells: Readonly<Record<string, string>>;
}

/** One page. Throws ApiError. */
export function queryBody(model: ObjectModel, parameters: Parameters, context: QueryContext): Body {
  const { account, knobs } = context;
  const table = account.table(model.name);
  const readDate = dateReader(account.zone, knobs, Math.floor(context.now / 1000));
  const query = queryParameters(parameters, model, knobs, readDate);
  const test = filterTest(model, account.columns(model), parameters, readDate);
  const selection: Selection = { spans: query.spans, deleted: query.deleted, test };
  const filterKey = model.filters.map(({ name }) => parameters.get(name) ?? null);
  const key = JSON.stringify([model.name, table.version, query.deleted, spanKey(query), filterKey]);
  const selected = context.memory.get(key, () => selectRows(account, table, selection));
  const { idAbove, idBelow } = query;
  const from = idAbove === null ? 0 : lowerBound(selected.length, (n) => table.ids.idOf(selected[n] ?? 0) <= idAbove);
  const to =
    idBelow === null ? selected.length : lowerBound(selected.length, (n) => table.ids.idOf(selected[n] ?? 0) < idBelow);
  const matching = selected.subarray(from, Math.max(from, to));
  const limit = knobs.pageCap === 0 ? query.limit : Math.min(query.limit, knobs.pageCap);
  const sortText = query.sort.map((by) => `${by.key.name} ${by.descending ? "down" : "up"}`).join();
  // Rows are hidden after the page is cut, so it gets shorter (mlrun/mlrun issue 5385).
  const page = pageOf(account, table, matching, { ...query, limit }, (make) =>
    context.memory.get(`${key} ${from} ${to} ${sortText}`, make),
  )
    .filter((index) => !isHidden(model, index, knobs))
    .slice(0, context.rowsMax ?? undefined);
  const shown: BodyContext = { world: account.world, zone: account.zone, operation: "query", output: query.output };
  const records = Array.from(page, (index, n) => ({
    ...bodyRecord(account, model, table.key(index), shown, query.fields),
    ...(n === 0 ? context.cells : {}),
  }));
  return envelope(model.dataKey, records, context.total ?? matching.length, query, context);
}

function envelope(
  dataKey: string,
  records: readonly Body[],
  total: number,
  query: QueryParameters,
  { knobs, format }: QueryContext,
): Body {
  const rows: Body = records.length === 0 ? {} : { [dataKey]: records };
  if (query.output !== "bulk") return { result: { total_results: total, ...rows } };
  if (records.length > 0) return { result: rows };
  // output=bulk has no total_results. Without rows it is null (singer-io/tap-pardot), in XML an empty element.
  if (format === "xml" || knobs.bulkEmpty === "null") return { result: null };
  if (knobs.bulkEmpty === "absent") return {};
  return { result: knobs.bulkEmpty === "list" ? [] : {} };
}

function spanKey({ spans }: QueryParameters): readonly unknown[] {
  return [spans.created, spans.updated].map((span) =>
    span === undefined ? null : [String(span.from), String(span.to)],
  );
}

function pageOf(
  account: Account,
  table: Table,
  matching: Uint32Array,
  query: QueryParameters,
  remember: (make: () => Uint32Array) => Uint32Array,
): Uint32Array {
  const { offset, limit, sort } = query;
  const [first] = sort;
  if (first === undefined || first.key.name === "id") {
    // Ids ascend with the indexes, so nothing needs sorting.
    if (first?.descending !== true) return matching.subarray(offset, offset + limit);
    const end = Math.max(0, matching.length - offset);
    return matching.subarray(Math.max(0, end - limit), end).toReversed();
  }
  const sorted = remember(() => sortRows(account, table, matching, sort));
  return sorted.subarray(offset, offset + limit);
}

function sortRows(account: Account, table: Table, matching: Uint32Array, sort: readonly SortBy[]): Uint32Array {
  const [first] = sort;
  if (first === undefined) return matching;
  const range = first.key.name === "created_at" ? "created" : first.key.name === "updated_at" ? "updated" : null;
  // Large selections are taken from the time order instead of sorted; ties are then by id.
  if (range !== null && matching.length > table.count / 16 && sort.length === 1) {
    const wanted = new Uint8Array(table.count);
    for (const index of matching) wanted[index] = 1;
    const ascending = table.order(range).filter((index) => wanted[index] === 1);
    return first.descending ? ascending.toReversed() : ascending;
  }
  const columns = account.columns(table.model);
  const columnIndexes = sort.map(({ key }) => columns.findIndex(({ name }) => name === key.column));
  const isTime = columnIndexes.map((index) => columns[index]?.kind === "datetime");
  const keys = new Map<number, readonly Value[]>();
  for (const index of matching) {
    const values = account.values(table, index);
    keys.set(
      index,
      // An impossible date comes first, like null.
      columnIndexes.map((column, n) =>
        isTime[n] === true && typeof values[column] === "string" ? null : (values[column] ?? null),
      ),
    );
  }
  return matching.toSorted((a, b) => {
    for (const [n, { descending }] of sort.entries()) {
      const order = compare(keys.get(a)?.[n] ?? null, keys.get(b)?.[n] ?? null);
      if (order !== 0) return descending ? -order : order;
    }
    return first.descending ? b - a : a - b;
  });
}

/** Null is first in ascending order, as in the API's database. */
export function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

/** One record, or several if the key is not unique (vendor docs, prospects: read by email). Throws ApiError. */
export function readBody(
  model: ObjectModel,
  keys: ReadonlyMap<string, string>,
  parameters: Parameters,
  context: Pick<QueryContext, "account" | "knobs" | "cells">,
): Body {
  const { account, knobs } = context;
  const table = account.table(model.name);
  const shown: BodyContext = {
    world: account.world,
    zone: account.zone,
    operation: "read",
    output: outputOf(parameters),
  };
  const indexes = model.operations.includes("query") ? indexesOf(model, account, table, keys, knobs) : [0];
  const records = indexes.map((index, n) => ({
    ...bodyRecord(account, model, table.key(index), shown, null),
    ...(n === 0 ? context.cells : {}),
  }));
  return { [model.dataKey]: records };
}

function isValue(value: Value | undefined, text: string | undefined): boolean {
  return (typeof value === "number" || typeof value === "string") && String(value) === text;
}

function indexesOf(
  model: ObjectModel,
  account: Account,
  table: Table,
  keys: ReadonlyMap<string, string>,
  knobs: Knobs,
): readonly number[] {
  const unknown = new ApiError(model.unknownIdCode ?? knobs.unknownIdCode);
  const names = model.readBy?.find((candidate) => candidate.every((name) => keys.has(name)));
  if (names !== undefined) {
    const columns = names.map((name) => table.model.columns.findIndex((column) => column.name === name));
    const test = (values: readonly Value[]): boolean =>
      names.every((name, n) => isValue(values[columns[n] ?? -1], keys.get(name)));
    const found = [...selectRows(account, table, { spans: {}, deleted: "live", test })];
    const { unknownEmailCode } = model;
    if (found.length > 0) return found;
    throw names.includes("email") && unknownEmailCode !== undefined ? new ApiError(unknownEmailCode) : unknown;
  }
  const index = table.ids.indexOf(idOf(keys.get("id")));
  if (!table.isLive(index) || isHidden(model, index, knobs)) throw unknown;
  return [index];
}
