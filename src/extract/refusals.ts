import type { CatalogObject } from "../catalog/catalog.ts";
import { RemoteError } from "../errors.ts";
import type { Extraction } from "./extraction.ts";

/** Codes for a field that is not known or not handed out (vendor docs, error-codes). */
const FIELD_CODES: ReadonlySet<number | null> = new Set([130, 180]);

/** Codes for a procedure that is not known, or takes other arguments than it was given (vendor docs, error-codes). */
const PROCEDURE_CODES: ReadonlySet<number | null> = new Set([174, 175, 177]);

export function isFieldRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && FIELD_CODES.has(error.pardotCode);
}

export function isProcedureRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && PROCEDURE_CODES.has(error.pardotCode);
}

/** Remembers fields that Pardot refuses and tells of each. */
export async function noteRefusedFields(
  object: CatalogObject,
  fields: readonly string[],
  extraction: Extraction,
): Promise<void> {
  await extraction.journal.record([{ type: "fields-refused", object: object.name, fields }]);
  for (const field of fields) {
    const isCore = object.columns.some((column) => (column.wire ?? column.name) === field);
    const outcome = isCore ? "its column is null" : "it is left out";
    const message = `Pardot refuses the field ${field}: ${outcome}, and it is not asked for again until --full`;
    extraction.onEvent({ type: "warning", code: "fields.refused", object: object.name, message });
  }
}

/** Remembers an export procedure that Pardot refuses and tells what happens instead. */
export async function noteRefusedProcedure(
  object: CatalogObject,
  refused: { readonly procedure: string; readonly error: RemoteError; readonly instead: string },
  extraction: Extraction,
): Promise<void> {
  const { procedure, error, instead } = refused;
  await extraction.journal.record([{ type: "procedure-refused", object: object.name, procedure }]);
  const message = `Pardot refuses the export procedure ${procedure} (code ${String(error.pardotCode)}): ${instead} takes over, also in later runs until --full`;
  extraction.onEvent({ type: "warning", code: "export.procedure-refused", object: object.name, message });
}
