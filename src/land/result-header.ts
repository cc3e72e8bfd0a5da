import type { Column, RangeField } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";

/** What a result file is expected to hold. */
export interface ExpectedFile {
  readonly object: string;
  /** Every column of the landed file, in order. */
  readonly columns: readonly Column[];
  /** The fields that were asked for, by the names they have at Pardot. */
  readonly fields: readonly string[];
  /** The field that tells records apart. */
  readonly key: string;
  readonly watermark: RangeField | null;
}

/** The name of a column's values in Pardot's files. */
export function wireName(column: Column): string {
  return column.wire ?? column.name;
}

/** The name of the watermark's values in Pardot's files. */
export function watermarkField({ columns, watermark }: Pick<ExpectedFile, "columns" | "watermark">): string | null {
  const column = columns.find(({ name }) => name === watermark);
  return column === undefined ? null : wireName(column);
}

/**
 * Throws DataError (exit 6, fetched again first) for a body that is no result file of this export: without a byte, text,
 * or with a header of another dialect or another object. A few fields may be missing: the names of those are returned.
 */
export function missingFields(header: readonly string[], subject: string, expected: ExpectedFile): readonly string[] {
  const { columns, fields, key } = expected;
  if (header.length === 0) throw foreign(subject, "it has no byte");
  const mark = watermarkField(expected);
  const needed = [key, ...(mark !== null && fields.includes(mark) ? [mark] : [])];
  const lacking = needed.filter((name) => !header.includes(name));
  if (lacking.length > 0) throw foreign(subject, `it has no column ${lacking.join(" and no column ")}`);
  const missing = fields.filter((field) => !header.includes(field));
  const known = new Set([...fields, ...columns.map(wireName)]);
  const unknown = header.filter((name) => !known.has(name));
  // Most objects share id, prospect_id and both times; what is left of a header tells whose it is.
  const isRenamed = missing.length === 1 && unknown.length === 1;
  if (2 * missing.length >= fields.length || (missing.length > 0 && unknown.length >= missing.length && !isRenamed)) {
    throw foreign(subject, `it lacks ${missing.length} of ${fields.length} fields, and has ${unknown.length} others`);
  }
  return missing;
}

/** Reports fields that were asked for and did not come. */
export function warnOfMissing(what: string, object: string, missing: readonly string[], onEvent: OnEvent): void {
  if (missing.length === 0) return;
  const message = `${what} lacks the columns ${missing.join(", ")}: they are landed as null`;
  onEvent({ type: "warning", code: "export.columns-missing", object, message });
}

function foreign(subject: string, why: string): DataError {
  return new DataError(`read the header of ${subject}: ${why}`, {
    code: "data.csv-header",
    hint: "Pardot, or a server before it, sent something else than the result file. Nothing of it was landed, and its window stays open. Run again; if it happens again, report it with the first line of the file.",
  });
}
