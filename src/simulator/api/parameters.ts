/** Parameters of a query, checked by the vendor's pages and error list. Unknown ones are ignored. */
import { ApiError } from "./api-error.ts";
import type { DateReader } from "./filter-date.ts";
import type { Knobs } from "../knobs.ts";
import { OUTPUTS } from "../account/model.ts";
import type { ObjectModel, Output, RangeName, SortKey } from "../account/model.ts";

export type Parameters = ReadonlyMap<string, string>;

/** Both inclusive, in seconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface SortBy {
  readonly key: SortKey;
  readonly descending: boolean;
}

export interface QueryParameters {
  readonly output: Output;
  readonly limit: number;
  readonly offset: number;
  readonly idAbove: number | null;
  readonly idBelow: number | null;
  readonly spans: Readonly<Partial<Record<RangeName, Span>>>;
  readonly deleted: "live" | "deleted";
  readonly sort: readonly SortBy[];
  /** Requested names; null: all. */
  readonly fields: readonly string[] | null;
}

const LIMIT_MAX = 200;

/** Throws ApiError. */
export function queryParameters(
  parameters: Parameters,
  model: ObjectModel,
  knobs: Knobs,
  readDate: DateReader,
): QueryParameters {
  const output = outputOf(parameters);
  const [idAbove, idBelow] =
    model.pagesByOffset === true
      ? [null, null]
      : [idParameter(parameters, "id_greater_than"), idParameter(parameters, "id_less_than")];
  if (idAbove !== null && idBelow !== null && idAbove >= idBelow) throw new ApiError(17);
  const spans: Partial<Record<RangeName, Span>> = {};
  for (const range of model.ranges) {
    const span = spanOf(parameters.get(`${range}_after`), parameters.get(`${range}_before`), knobs, readDate);
    if (span !== null) spans[range] = span;
  }
  return {
    output,
    limit: limitOf(parameters, model, output, knobs),
    offset: wholeNumber(parameters.get("offset"), 0, { least: 0, code: 21 }),
    idAbove,
    idBelow,
    spans,
    deleted: model.deletes === true && booleanOf(parameters.get("deleted"), false, 27) ? "deleted" : "live",
    sort: sortOf(parameters, model),
    fields: fieldsOf(parameters, model),
  };
}

/** An unknown value behaves like the default (pardot/api-docs issue 187). */
export function outputOf(parameters: Parameters): Output {
  const given = parameters.get("output");
  return OUTPUTS.find((output) => output === given) ?? "full";
}

/** `true` or `false` in lower case, else throws the given error. */
export function booleanOf(text: string | undefined, missing: boolean, code: number): boolean {
  if (text === undefined) return missing;
  if (text !== "true" && text !== "false") throw new ApiError(code);
  return text === "true";
}

/** Bounds are exclusive (vendor docs since May 2020) unless the knob filterBounds is inclusive. Null without bounds. */
export function spanOf(
  low: string | undefined,
  high: string | undefined,
  knobs: Knobs,
  readDate: DateReader,
): Span | null {
  if (low === undefined && high === undefined) return null;
  const from = low === undefined ? Number.NEGATIVE_INFINITY : readDate(low);
  const to = high === undefined ? Number.POSITIVE_INFINITY : readDate(high);
  if (from > to) throw new ApiError(8);
  return knobs.filterBounds === "exclusive" ? { from: from + 1, to: to - 1 } : { from, to };
}

/** Throws ApiError 13 for a missing id, 16 for anything but digits. */
export function idOf(text: string | undefined): number {
  if (text === undefined) throw new ApiError(13);
  if (!/^\d{1,15}$/.test(text)) throw new ApiError(16);
  return Number(text);
}

function idParameter(parameters: Parameters, name: string): number | null {
  const text = parameters.get(name);
  return text === undefined ? null : idOf(text);
}

export function wholeNumber(
  text: string | undefined,
  missing: number,
  {
    least,
    most = Number.MAX_SAFE_INTEGER,
    code,
  }: { readonly least: number; readonly most?: number; readonly code: number },
): number {
  if (text === undefined) return missing;
  if (!/^\d{1,15}$/.test(text) || Number(text) < least || Number(text) > most) throw new ApiError(code);
  return Number(text);
}

function limitOf(parameters: Parameters, model: ObjectModel, output: Output, knobs: Knobs): number {
  const limit = wholeNumber(parameters.get("limit"), LIMIT_MAX, { least: 1, code: 23 });
  if (limit <= LIMIT_MAX || (output === "mobile" && model.mobileUnlimited === true)) return limit;
  if (knobs.limitOver200 === "error") throw new ApiError(23);
  return LIMIT_MAX;
}

/** One key, or two including id (codes 19, 20, 133 to 135). Each key has a default order (vendor docs, each object). */
function sortOf(parameters: Parameters, model: ObjectModel): readonly SortBy[] {
  const names = parameters.get("sort_by")?.split(",") ?? [model.defaultSort];
  const orders = parameters.get("sort_order")?.split(",") ?? [];
  // Objects without documented sort keys accept the parameters and sort by id (airbytehq/airbyte, emailClick).
  if (model.sortKeys.length === 0) {
    return [{ key: { name: "id", column: "id", order: "ascending" }, descending: orders[0] === "descending" }];
  }
  if (names.length > 2) throw new ApiError(133);
  if (orders.length > 2) throw new ApiError(134);
  if (names.length === 2 && !names.includes("id")) throw new ApiError(135);
  if (orders.some((order) => order !== "ascending" && order !== "descending")) throw new ApiError(20);
  return names.map((name, n) => {
    const key = model.sortKeys.find((candidate) => candidate.name === name);
    if (key === undefined) throw new ApiError(19);
    return { key, descending: (orders[n] ?? orders[0] ?? key.order) === "descending" };
  });
}

function fieldsOf(parameters: Parameters, model: ObjectModel): readonly string[] | null {
  const text = parameters.get("fields");
  return model.fieldsParameter === true && text !== undefined && text !== "" ? text.split(",") : null;
}
