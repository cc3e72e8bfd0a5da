import type { Column, RangeField } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { ProtectedReading } from "./protected-file.ts";

/** Expected content of a result file. */
export interface ExpectedFile {
  readonly object: string;
  /** Every column of the landed file, in order. */
  readonly columns: readonly Column[];
  /** The requested fields, by their names at Pardot. */
  readonly fields: readonly string[];
  /** The field that identifies a record. */
  readonly key: string;
  readonly watermark: RangeField | null;
  /** The zone of times without an offset, where landed times are UTC. Default: times stay as they are. */
  readonly localZone?: string | null;
  /** For an object with dropped or hashed columns; the same for every download of the file. Default: none. */
  readonly reading?: ProtectedReading | null;
}

/** A column's name in Pardot's files. */
export function wireName(column: Column): string {
  return column.wire ?? column.name;
}

/** The key's name in Pardot's files. */
export function keyField({ columns, key }: { readonly columns: readonly Column[]; readonly key: string }): string {
  const column = columns.find(({ name }) => name === key);
  return column === undefined ? key : wireName(column);
}

/** The watermark's name in Pardot's files. */
export function watermarkField({ columns, watermark }: Pick<ExpectedFile, "columns" | "watermark">): string | null {
  const column = columns.find(({ name }) => name === watermark);
  return column === undefined ? null : wireName(column);
}

/**
 * Throws DataError (exit 6, after another download) for a body that is not a result file of this export: empty, text, or
 * with a header of another dialect or object. A few fields may be missing: returns their names.
 */
export function missingFields(header: readonly string[], subject: string, expected: ExpectedFile): readonly string[] {
  const { columns, fields, key } = expected;
  if (header.length === 0) throw foreign(subject, "it is empty");
  const mark = watermarkField(expected);
  const needed = [key, ...(mark !== null && fields.includes(mark) ? [mark] : [])];
  const lacking = needed.filter((name) => !header.includes(name));
  if (lacking.length > 0) throw foreign(subject, `it has no column ${lacking.join(" and no column ")}`);
  const missing = fields.filter((field) => !header.includes(field));
  const known = new Set([...fields, ...columns.map(wireName)]);
  const unknown = header.filter((name) => !known.has(name));
  // Most objects share id, prospect_id and both times; the other fields identify the object.
  const isRenamed = missing.length === 1 && unknown.length === 1;
  if (2 * missing.length >= fields.length || (missing.length > 0 && unknown.length >= missing.length && !isRenamed)) {
    throw foreign(subject, `it lacks ${missing.length} of ${fields.length} fields, and has ${unknown.length} others`);
  }
  return missing;
}

/** Warns of requested fields that are missing. */
export function warnOfMissing(what: string, object: string, missing: readonly string[], onEvent: OnEvent): void {
  if (missing.length === 0) return;
  const message = `${what} lacks the columns ${missing.join(", ")}: they are landed as null`;
  onEvent({ type: "warning", code: "export.columns-missing", object, message });
}

function foreign(subject: string, why: string): DataError {
  return new DataError(`read the header of ${subject}: ${why}`, {
    code: "data.csv-header",
    hint: "Pardot, or a server in front of it, sent something other than the result file. Nothing of it was landed, and its window stays open. Run again; if it happens again, report it with the first line of the file.",
  });
}
