/** Parameters of a v5 query that select rows (vendor docs, v5 overview and one page per object). */
import { ApiError } from "../api-error.ts";
import type { Parameters } from "../parameters.ts";
import type { Account } from "../../account/account.ts";
import type { RowKey, Value } from "../../account/model.ts";
import type { V5Field, V5Filter, V5Object } from "../../objects/v5/notation.ts";
import { parseInstant } from "./datetime.ts";
import { valueReader } from "./record.ts";

/** Parameters that are not filters. */
const OTHERS: ReadonlySet<string> = new Set(["fields", "limit", "offset", "orderBy", "deleted", "nextPageToken"]);
const FIELDS_MAX = 3;

export interface V5Where {
  /** Parameters with an effect, for a page token. */
  readonly given: Readonly<Record<string, string>>;
  /** Equal for queries that select the same rows, bounds of ids aside. */
  readonly key: string;
  readonly deleted: "live" | "deleted" | "all";
  /** Ids of the selected rows, both inclusive. */
  readonly ids: { readonly from: number; readonly to: number };
  /** Other conditions; null: none. */
  readonly test: ((row: RowKey) => boolean) | null;
}

export function badParameter(name: string, reason: string): ApiError {
  return new ApiError(51, `: Parameter ${name} is invalid. ${reason}`);
}

/** Throws ApiError 51 for an unknown parameter or a bad value, 63 for too many ids, 209 for more than three fields. */
export function readWhere(parameters: Parameters, object: V5Object, account: Account): V5Where {
  const { knobs } = account.world;
  const given: Record<string, string> = {};
  const key: string[] = [];
  const filtered = new Set<string>();
  const tests: ((row: RowKey) => boolean)[] = [];
  const ignored = new Set(knobs.v5IgnoredFilters.split(","));
  const refused = new Set(knobs.v5RefusedFilters.split(","));
  const read = valueReader(object, account);
  let [from, to] = [0, Number.MAX_SAFE_INTEGER];
  for (const [name, text] of parameters) {
    if (OTHERS.has(name)) continue;
    const filter = object.filters.get(name);
    const field = object.fields.get(filter?.field ?? "");
    const isUnknown = filter?.isWeak === true && knobs.v5WeakFilters === "unknown";
    if (refused.has(`${object.name}.${filter?.field ?? ""}`)) throw badParameter(name, "Unknown parameter");
    if (filter === undefined || field === undefined || isUnknown) {
      if (knobs.v5UnknownFilter === "ignored") continue;
      throw badParameter(name, "Unknown parameter");
    }
    const wanted = wantedBy(name, text, filter, field, knobs.v5IdListMax);
    filtered.add(filter.field);
    if (ignored.has(`${object.name}.${filter.field}`)) continue;
    given[name] = text;
    if (filter.field === "id" && typeof wanted === "number") {
      if (filter.comparison === "above" || filter.comparison === "at-least") {
        from = Math.max(from, wanted + (filter.comparison === "above" ? 1 : 0));
      } else to = Math.min(to, wanted - (filter.comparison === "below" ? 1 : 0));
      continue;
    }
    key.push(name, text);
    tests.push(testOf(filter, field, wanted, read));
  }
  const required = knobs.v5RequiredFilters.split(",").filter((full) => full.startsWith(`${object.name}.`));
  if (required.some((full) => !parameters.has(full.slice(object.name.length + 1)))) throw new ApiError(13);
  if (filtered.size > FIELDS_MAX) throw new ApiError(209);
  const deleted = deletedOf(parameters.get("deleted"), object, account);
  if (deleted !== "live") given["deleted"] = deleted === "all" ? "all" : "true";
  const test = tests.length === 0 ? null : (row: RowKey): boolean => tests.every((one) => one(row));
  return { given, key: JSON.stringify([deleted, ...key]), deleted, ids: { from, to }, test };
}

/** `deleted` exists only for objects with a recycle bin; elsewhere it is an unknown parameter (unconfirmed). */
export function deletedOf(text: string | undefined, object: V5Object, { world }: Account): V5Where["deleted"] {
  if (text === undefined) return "live";
  const { v5NoRecycleBin, v5UnknownFilter } = world.knobs;
  if (!object.bin || v5NoRecycleBin.split(",").includes(object.name)) {
    if (v5UnknownFilter === "ignored") return "live";
    throw badParameter("deleted", "Unknown parameter");
  }
  if (text !== "true" && text !== "false" && text !== "all") throw badParameter("deleted", "Invalid value");
  return text === "all" ? "all" : text === "true" ? "deleted" : "live";
}

type Wanted = number | string | boolean | ReadonlySet<number>;

function wantedBy(name: string, text: string, { comparison }: V5Filter, { type }: V5Field, idsMax: number): Wanted {
  const number = (one: string): number => {
    if (!/^-?\d{1,15}$/.test(one)) throw badParameter(name, "Invalid integer value");
    return Number(one);
  };
  if (comparison === "list") {
    const ids = text.split(",");
    if (ids.length > idsMax) throw new ApiError(63);
    return new Set(ids.map(number));
  }
  if (comparison === "is-null" || comparison === "is-not-null" || type === "boolean") {
    if (text !== "true" && text !== "false") throw badParameter(name, "Invalid boolean value");
    return text === "true";
  }
  if (type === "integer") return number(text);
  if (type !== "datetime") return text;
  const second = parseInstant(text);
  if (second === null) throw badParameter(name, "Invalid date time value");
  return second;
}

function testOf(
  { field: name, comparison }: V5Filter,
  field: V5Field,
  wanted: Wanted,
  read: (row: RowKey, field: V5Field) => Value,
): (row: RowKey) => boolean {
  // The row's real times, although the shown ones may be odd.
  const valueOf = (row: RowKey): Value => {
    if (name === "createdAt") return row.created;
    return name === "updatedAt" ? row.updated : read(row, field);
  };
  const bound = (fits: (value: number) => boolean) => (row: RowKey) => {
    const value = valueOf(row);
    return typeof value === "number" && fits(value);
  };
  const limit = Number(wanted);
  switch (comparison) {
    case "above":
      return bound((value) => value > limit);
    case "at-least":
      return bound((value) => value >= limit);
    case "below":
      return bound((value) => value < limit);
    case "at-most":
      return bound((value) => value <= limit);
    case "list":
      return (row) => (wanted as ReadonlySet<number>).has(row.id);
    case "is-null":
    case "is-not-null":
      return (row) => (valueOf(row) === null) === ((comparison === "is-null") === wanted);
    case "equal":
      return (row) => valueOf(row) === wanted;
    default:
      return () => false;
  }
}
