import type { BulkObject, CatalogObject, ExportProcedure } from "../catalog/catalog.ts";
import { assert, RemoteError } from "../errors.ts";
import { keyField } from "../land/result-header.ts";
import type { Window } from "../plan/windows.ts";
import type { FieldState } from "../state/field-state.ts";
import type { Extraction } from "./context.ts";

/** Codes for a field that is unknown or not exportable (vendor docs, error-codes). */
const FIELD_CODES: ReadonlySet<number | null> = new Set([130, 180]);

/** Codes for a procedure that is unknown or takes other arguments (vendor docs, error-codes). */
const PROCEDURE_CODES: ReadonlySet<number | null> = new Set([174, 175, 177]);

export function isFieldRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && FIELD_CODES.has(error.pardotCode);
}

export function isProcedureRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && PROCEDURE_CODES.has(error.pardotCode);
}

/** The first export procedure for the field of a range that Pardot has not refused; null when none is left. */
export function usableProcedure(
  object: BulkObject,
  field: Window["field"],
  memory: Pick<FieldState, "refusedProcedures">,
): ExportProcedure | null {
  const candidates = object.v4.export.procedures.filter((procedure) => procedure.field === field);
  assert(candidates.length > 0, `an export procedure for ${String(field)}`);
  return candidates.find(({ name }) => !memory.refusedProcedures.includes(name)) ?? null;
}

/**
 * Identifies the fields among `fields` that Pardot refuses by further requests, remembers them, and warns of each. Throws
 * `refusal`, the error for all of them, when the fields are not its reason.
 */
export async function excludeRefused(
  object: CatalogObject,
  fields: readonly string[],
  refusal: RemoteError,
  request: (fields: readonly string[]) => Promise<unknown>,
  extraction: Extraction,
): Promise<void> {
  const isAccepted = async (some: readonly string[]): Promise<boolean> => {
    extraction.drain.throwIfAborted();
    try {
      await request(some);
      return true;
    } catch (error) {
      if (isFieldRefusal(error)) return false;
      throw error;
    }
  };
  const refused = await refusedAmong(fields, keyField(object), isAccepted);
  if (refused.length === 0) throw refusal;
  await extraction.journal.record([{ type: "fields-refused", object: object.name, fields: refused }]);
  for (const field of refused) {
    const isCore = object.columns.some((column) => (column.wire ?? column.name) === field);
    const outcome = isCore ? "its column is null" : "it is left out";
    const message = `Pardot refuses the field ${field}: ${outcome}, and it is not requested again until --full`;
    extraction.onEvent({ type: "warning", code: "fields.refused", object: object.name, message });
  }
}

/** Remembers an export procedure that Pardot refuses, and warns of what replaces it. */
export async function recordRefusedProcedure(
  object: CatalogObject,
  refused: { readonly procedure: string; readonly error: RemoteError; readonly instead: string },
  extraction: Extraction,
): Promise<void> {
  const { procedure, error, instead } = refused;
  await extraction.journal.record([{ type: "procedure-refused", object: object.name, procedure }]);
  const message = `Pardot refuses the export procedure ${procedure} (code ${String(error.pardotCode)}): ${instead} takes over, also in later runs until --full`;
  extraction.onEvent({ type: "warning", code: "export.procedure-refused", object: object.name, message });
}

/** Whether Pardot accepts these fields. */
export type IsAccepted = (fields: readonly string[]) => Promise<boolean>;

/**
 * The fields among `fields` that Pardot refuses, in their order, found by halving: about 2·log2(n) requests for each.
 * `fields` as a whole must have been refused. Empty when the fields are not the reason: then even `key` alone is refused.
 */
export async function refusedAmong(
  fields: readonly string[],
  key: string,
  isAccepted: IsAccepted,
): Promise<readonly string[]> {
  const others = fields.filter((field) => field !== key);
  const refused = others.length === 0 ? [] : await halve(others, (part) => isAccepted([key, ...part]));
  // All of them are refused: most likely because of the key, or of something that has nothing to do with fields.
  if (refused.length === others.length && !(await isAccepted([key]))) return [];
  return refused;
}

/** `fields` as a whole are refused, so when the first half is accepted the second is not. */
async function halve(fields: readonly string[], isAccepted: IsAccepted): Promise<readonly string[]> {
  if (fields.length === 1) return fields;
  const middle = Math.ceil(fields.length / 2);
  const [head, tail] = [fields.slice(0, middle), fields.slice(middle)];
  if (await isAccepted(head)) return halve(tail, isAccepted);
  const found = await halve(head, isAccepted);
  return (await isAccepted(tail)) ? found : [...found, ...(await halve(tail, isAccepted))];
}
