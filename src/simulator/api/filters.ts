/** Query filters other than id and time, from an object's filter table. */
import { ApiError } from "./api-error.ts";
import type { DateReader } from "./filter-date.ts";
import type { JsonRecord, ModelColumn, ModelFilter, ObjectModel, Value } from "../account/model.ts";
import type { Parameters } from "./parameters.ts";

type Test = (values: readonly Value[]) => boolean;

/** A condition on a row's values, null without filters. Throws ApiError for invalid values. */
export function filterTest(
  model: ObjectModel,
  columns: readonly ModelColumn[],
  parameters: Parameters,
  readDate: DateReader,
): Test | null {
  if (model.requiresOneOf?.some((name) => parameters.has(name)) === false) throw new ApiError(13);
  const tests = model.filters.flatMap((filter) => {
    const text = parameters.get(filter.name) ?? filter.missing;
    const column = columns.findIndex(({ name }) => name === filter.column);
    if (text === undefined) return [];
    if (filter.requires !== undefined && !parameters.has(filter.requires)) throw new ApiError(13);
    const test = testOf(filter, text, column, readDate);
    return test === null ? [] : [test];
  });
  return tests.length === 0 ? null : (values) => tests.every((test) => test(values));
}

function numeric(value: Value | undefined): number {
  return typeof value === "number" ? value : Number.NaN;
}

function nested(value: Value | undefined): readonly JsonRecord[] {
  return Array.isArray(value) ? (value as readonly JsonRecord[]) : [];
}

function testOf(filter: ModelFilter, text: string, column: number, readDate: DateReader): Test | null {
  const refuse = (): never => {
    throw new ApiError(filter.code ?? 51);
  };
  const number = (): number => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : refuse());
  const truth = (): boolean => (text === "true" || text === "false" ? text === "true" : refuse());
  switch (filter.kind) {
    case "text":
      return (values) => values[column] === text;
    case "ids": {
      const given = text.split(",");
      if (given.length > (filter.idsMax ?? given.length)) throw new ApiError(63);
      const wanted = new Set(given.map((id) => (/^\d{1,15}$/.test(id) ? Number(id) : refuse())));
      return (values) => wanted.has(numeric(values[column]));
    }
    case "set":
      return truth() ? (values) => values[column] !== null : null;
    case "unset":
      return truth() ? (values) => values[column] === null : null;
    case "isset": {
      const wanted = truth();
      return (values) => (values[column] !== null) === wanted;
    }
    case "has-id": {
      const wanted = number();
      return (values) => nested(values[column]).some((record) => record["id"] === wanted);
    }
    case "has-email":
      return (values) => nested(values[column]).some((record) => record["email"] === text);
    case "boolean": {
      const wanted = truth();
      return (values) => (values[column] === true) === wanted;
    }
    case "above":
    case "after": {
      const bound = filter.kind === "after" ? readDate(text) : number();
      return (values) => numeric(values[column]) > bound;
    }
    case "below":
    case "before": {
      const bound = filter.kind === "before" ? readDate(text) : number();
      return (values) => numeric(values[column]) < bound;
    }
    case "equal": {
      const wanted = number();
      return (values) => values[column] === wanted;
    }
    default:
      return refuse();
  }
}
