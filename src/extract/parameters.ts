import type { QueriedObject, QueryV5, RangeField } from "../catalog/catalog.ts";
import { RANGE_FILTERS } from "../catalog/entry.ts";
import { camelCase } from "../catalog/versions.ts";
import { DataError, RemoteError } from "../errors.ts";
import { warn } from "../events.ts";
import { cursorText, parseCursor } from "../state/cursor.ts";
import type { FieldState } from "../state/field-state.ts";
import type { Extraction } from "./context.ts";

// Which parameters of a query API v5 accepts is documented for a part of the objects only. What a business unit refuses or
// ignores is found while reading, and the object is then read without it.

const ID_GREATER_THAN = "idGreaterThan";
const DELETED = "deleted";

/** Code of a parameter that is unknown or not valid (vendor docs, error-codes). */
const PARAMETER_CODE = 51;

/** An object without the fields and parameters that Pardot refuses for this business unit. */
export interface Acceptable<O extends QueriedObject = QueriedObject> {
  readonly object: O;
  /** Whether an order by id is read by page tokens, because `idGreaterThan` is refused. */
  readonly byToken: boolean;
}

/**
 * The object without the parameters of API v5 that are refused. In place of ascending ids comes the order of the watermark,
 * if it can be filtered on: a reading goes on from a date. Failing that, all pages are read in one sequence of tokens.
 */
export function withoutRefused<O extends QueriedObject>(
  object: O,
  { refusedParameters = [] }: Pick<FieldState, "refusedParameters">,
): Acceptable<O> {
  const { way, watermark } = object;
  const { query } = way;
  if (query.api === "v4" || refusedParameters.length === 0) return { object, byToken: false };
  const refused = new Set(refusedParameters);
  const filters = query.filters.filter((field) => !refused.has(camelCase(field)));
  const mayOrder = (field: "id" | RangeField): boolean => !refused.has(orderParameter(field));
  const byDate = watermark !== null && filters.includes(watermark) && mayOrder(watermark) ? watermark : null;
  const split = query.split ?? (watermark !== null && query.filters.includes(watermark) ? watermark : null);
  const isById = query.order === "id" && mayOrder("id");
  const mayGoOn = isById && !refused.has(ID_GREATER_THAN);
  const accepted: QueryV5 = {
    ...query,
    filters,
    split: split === null || refused.has(camelCase(split)) ? null : split,
    deleted: query.deleted && !refused.has(DELETED),
    order: mayGoOn ? "id" : query.order === "id" ? (byDate ?? (isById ? "id" : null)) : acceptedOrder(query, mayOrder),
  };
  return { object: { ...object, way: { ...way, query: accepted } }, byToken: accepted.order === "id" && !mayGoOn };
}

function acceptedOrder({ order }: QueryV5, mayOrder: (field: RangeField) => boolean): RangeField | null {
  return order === null || order === "id" || !mayOrder(order) ? null : order;
}

/**
 * Where a window goes on: the cursor without what was read in an order that turned out to be refused or ignored. Ignored,
 * it may have passed over records, so those come again.
 */
export function trustedCursor(
  { way: { query }, watermark }: QueriedObject,
  cursor: string | null,
  { refusedParameters = [] }: Pick<FieldState, "refusedParameters">,
): string | null {
  if (query.api === "v4" || refusedParameters.length === 0) return cursor;
  const landed = parseCursor(cursor);
  const date = query.order === "id" ? watermark : query.order;
  const isTrusted = (field: "id" | RangeField | null): boolean =>
    field !== null && !refusedParameters.includes(orderParameter(field));
  return cursorText({
    ...landed,
    ...(isTrusted("id") ? {} : { id: null, ranges: [] }),
    place: isTrusted(date) ? landed.place : null,
  });
}

function orderParameter(field: "id" | RangeField): string {
  return `orderBy=${camelCase(field)}`;
}

/** A parameter of API v5 that Pardot refuses or ignores. */
export interface RefusedParameter {
  /** As in `FieldState.refusedParameters`. */
  readonly name: string;
  readonly isIgnored: boolean;
}

/** The parameter of a query that an error names; null when it names none that can be done without. */
export function refusedParameter(error: unknown, { object, byToken }: Acceptable): RefusedParameter | null {
  const { query } = object.way;
  if (query.api === "v4" || !(error instanceof RemoteError || error instanceof DataError)) return null;
  const { parameter } = error.context;
  const isIgnored = error instanceof DataError;
  if (typeof parameter !== "string" || (!isIgnored && error.pardotCode !== PARAMETER_CODE)) return null;
  const name = nameOf(parameter, query, byToken);
  return name === null ? null : { name, isIgnored };
}

function nameOf(parameter: string, query: QueryV5, byToken: boolean): string | null {
  if (parameter === ID_GREATER_THAN) return query.order === "id" && !byToken ? parameter : null;
  if (parameter === "orderBy") return query.order === null ? null : orderParameter(query.order);
  if (parameter === DELETED) return query.deleted ? parameter : null;
  const sent = [...query.filters, ...(query.split === null ? [] : [query.split])];
  const field = sent.find(
    (one) => parameter === camelCase(`${one}_before`) || parameter.startsWith(camelCase(`${one}_after`)),
  );
  return field === undefined ? null : camelCase(field);
}

/** Remembers the parameter, and warns of what replaces it. */
export async function recordRefusedParameter(
  { name: object, watermark }: QueriedObject,
  { name, isIgnored }: RefusedParameter,
  { journal, onEvent }: Extraction,
): Promise<void> {
  await journal.record([{ type: "parameter-refused", object, parameter: name }]);
  const verb = isIgnored ? "ignores" : "refuses";
  const message = `Pardot ${verb} ${name} for ${object}: ${replacementOf(name, watermark)}, also in later runs until --full`;
  warn(onEvent, "pardot.parameter-refused", message, object);
}

function replacementOf(name: string, watermark: RangeField | null): string {
  if (name === DELETED) return "deleted records are not read";
  const isFilter = Object.keys(RANGE_FILTERS).some((field) => camelCase(field) === name);
  if (isFilter) return "all records are read, and those outside the window are left out here";
  return `the records are read by page tokens${watermark === null ? "" : ", in another order"}`;
}
