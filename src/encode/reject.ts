import { DataError } from "../errors.ts";
import type { WireData } from "./canonical.ts";

/** A record that cannot be encoded: it is set aside, and the rest of its window is committed. */
export interface Reject {
  /** Its key as text; null when it is missing or unknown. */
  readonly id: string | null;
  /** The column whose value is refused; null when the record as a whole is. */
  readonly column: string | null;
  readonly reason: string;
  /** The original: cells by column name, cells alone where they do not match the columns, or the text of a line. */
  readonly record: WireData;
}

/** Longest text of one reject. A record may have megabytes, and rejects are in the state until they are committed. */
const RECORD_TEXT_MAX = 64 * 1024;
/** Longest value of a longer record. */
const VALUE_TEXT_MAX = 1000;

/** The reject for a value that `normalise` or `normaliseCell` refused; null for any other error. */
export function rejectOf(error: unknown, record: WireData): Reject | null {
  if (!(error instanceof DataError) || error.code !== "data.value-invalid") return null;
  const { object, id, column } = error.context;
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  const reason = error.message.slice(`encode ${String(object)} ${text(id) ?? "(no id)"}: `.length);
  return { id: text(id), column: text(column), reason, record: kept(record) };
}

/** The record, with its long values cut when it is too long as a whole. */
export function kept(record: WireData): WireData {
  const length = JSON.stringify(record).length;
  return length <= RECORD_TEXT_MAX ? record : cut(record, VALUE_TEXT_MAX);
}

function cut(value: WireData, max: number): WireData {
  if (typeof value === "string") return value.length > max ? `${value.slice(0, max)}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly WireData[]).map((item) => cut(item, max));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cut(item, max)]));
}
