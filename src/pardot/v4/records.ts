import { DataError } from "../../errors.ts";
import { asRecord } from "../envelope.ts";
import type { WireRecord, WireValue } from "../pardot.ts";
import { ATTRIBUTES } from "./read-xml.ts";

const TOTAL = "total_results";

/**
 * The records of a query's answer. One row comes as a record, several as a list, none as an absent key, or as a
 * `result` that is null, empty text, an empty list, an empty record or not there at all (api-docs issue 187, tap-pardot;
 * the last one is a knob of the simulator).
 * Throws `DataError` `pardot.unexpected-shape` when there is something else, so that rows under another name are never
 * taken for no rows.
 */
export function recordsOf(root: WireRecord, dataKey: string, kind: string): readonly WireRecord[] {
  const result = resultOf(root, kind);
  if (result === null) return [];
  const rows = Object.hasOwn(result, dataKey) ? result[dataKey] : undefined;
  if (rows === undefined) {
    const others = Object.keys(result).filter((key) => key !== TOTAL && key !== ATTRIBUTES);
    if (others.length === 0) return [];
    throw shapeError(kind, `its rows should be under ${dataKey}, found ${others.slice(0, 5).join(", ")}`);
  }
  if (isNothing(rows)) return [];
  const list = Array.isArray(rows) ? (rows as readonly WireValue[]) : [rows];
  return list.map((row) => {
    const record = asRecord(row);
    if (record === null) throw shapeError(kind, `a row under ${dataKey} is no record`);
    return record;
  });
}

/** How many rows the filter selects in all. Throws `DataError` when the answer does not say (`output=bulk` never does). */
export function totalOf(root: WireRecord, kind: string): number {
  const total = totalIn(root, kind);
  if (total === null) throw shapeError(kind, `it has no ${TOTAL}`);
  return total;
}

/** The same of a page, null when the response does not contain it. */
export function totalIn(root: WireRecord, kind: string): number | null {
  const total = resultOf(root, kind)?.[TOTAL];
  return typeof total === "string" && /^\d{1,15}$/.test(total) ? Number(total) : null;
}

/** The record of a single read. */
export function recordOf(root: WireRecord, dataKey: string, kind: string): WireRecord {
  const record = asRecord(root[dataKey] ?? null);
  if (record === null) throw shapeError(kind, `it has no record under ${dataKey}`);
  return record;
}

function resultOf(root: WireRecord, kind: string): WireRecord | null {
  const { result } = root;
  if (result === undefined) {
    if (Object.keys(root).every((key) => key === ATTRIBUTES)) return null;
    throw shapeError(kind, "it has no result");
  }
  if (isNothing(result)) return null;
  const record = asRecord(result);
  if (record === null) throw shapeError(kind, "its result is no record");
  return record;
}

function isNothing(value: WireValue): boolean {
  if (typeof value === "string") return value.trim() === "";
  return value === null || (Array.isArray(value) && value.length === 0);
}

export function shapeError(kind: string, why: string): DataError {
  return new DataError(`${kind}: the answer cannot be understood: ${why}`, {
    code: "pardot.unexpected-shape",
    hint: "Pardot's answer has a form that is not known; please report it with this message.",
  });
}
