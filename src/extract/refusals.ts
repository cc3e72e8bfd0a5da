import type { BulkObject, CatalogObject, Column, ExportProcedure } from "../catalog/catalog.ts";
import { assert, AuthError, DataError, RemoteError } from "../errors.ts";
import { warn } from "../events.ts";
import { keyField, watermarkField, wireName } from "../land/result-header.ts";
import type { Window } from "../plan/windows.ts";
import type { FieldState } from "../state/field-state.ts";
import type { Extraction } from "./context.ts";

/** Codes for a field that is unknown, not exportable or not queryable (vendor docs, error-codes). */
const FIELD_CODES: ReadonlySet<number | null> = new Set([130, 180, 224]);

/** Codes for a procedure that is unknown or takes other arguments (vendor docs, error-codes). */
const PROCEDURE_CODES: ReadonlySet<number | null> = new Set([174, 175, 177]);

export function isFieldRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && (FIELD_CODES.has(error.pardotCode) || namedField(error) !== null);
}

/** The field that a refusal of v5 names; null when it names none. */
export function namedField({ context }: RemoteError): string | null {
  const { field } = context;
  return typeof field === "string" ? field : null;
}

export function isProcedureRefusal(error: unknown): error is RemoteError {
  return error instanceof RemoteError && PROCEDURE_CODES.has(error.pardotCode);
}

/** An object, or another part of an export, that Pardot does not understand (vendor docs, error-codes). */
const UNKNOWN_OBJECT = 154;

/**
 * Whether an export of v5 is refused for its object, or for a field that is not named, whatever its procedure. To find the
 * field by further exports would empty a column that the query can read.
 */
export function isExportRefusal(error: unknown, { way }: BulkObject): error is RemoteError {
  if (way.api !== "v5" || !(error instanceof RemoteError)) return false;
  return error.pardotCode === UNKNOWN_OBJECT || (isFieldRefusal(error) && namedField(error) === null);
}

/**
 * The first export procedure for the field of a range that Pardot has not refused; null when none is left, or in v5, when
 * exports do not select by that field.
 */
export function usableProcedure(
  object: BulkObject,
  field: Window["field"],
  memory: Pick<FieldState, "refusedProcedures">,
): ExportProcedure | null {
  const candidates = object.way.export.procedures.filter((procedure) => procedure.field === field);
  assert(candidates.length > 0 || object.way.api === "v5", `an export procedure for ${String(field)}`);
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
  const named = namedField(refusal);
  const refused =
    named === null
      ? await refusedAmong(fields, keyField(object), isAccepted)
      : fields.filter((field) => field === named || field.startsWith(`${named}.`));
  if (refused.length === 0 || refused.some((field) => isVital(object, field))) throw refusal;
  await extraction.journal.record([{ type: "fields-refused", object: object.name, fields: refused }]);
  const core = refused.filter((field) => object.columns.some((column) => isOf(field, column)));
  const other = refused.filter((field) => !core.includes(field));
  warnOfRefused(core, ["its column is null", "their columns are null"]);
  warnOfRefused(other, ["it is left out", "they are left out"]);

  function warnOfRefused(names: readonly string[], [one, many]: readonly [string, string]): void {
    if (names.length === 0) return;
    const [field, so, are] = names.length === 1 ? ["field", one, "it is"] : ["fields", many, "they are"];
    const message = `Pardot refuses the ${field} ${names.join(", ")}: ${so}, and ${are} not requested again until --full`;
    warn(extraction.onEvent, "fields.refused", message, object.name);
  }
}

/** Whether a field is a column's, or a part of it (`senderOptions.type`). */
function isOf(field: string, column: Column): boolean {
  const wire = wireName(column).replace(/\[\]$/, "");
  return field === wire || field.startsWith(`${wire}.`);
}

/** Whether an object cannot be read without a field. */
function isVital(object: CatalogObject, field: string): boolean {
  return field === keyField(object) || field === watermarkField(object);
}

/** Remembers export procedures that Pardot refuses, and warns of what replaces them. `what`: the refused thing. */
export async function recordRefusedProcedures(
  object: CatalogObject,
  refused: {
    readonly what: string;
    readonly procedures: readonly string[];
    readonly error: RemoteError;
    readonly instead: string;
  },
  extraction: Extraction,
): Promise<void> {
  const { what, procedures, error, instead } = refused;
  await extraction.journal.record(
    procedures.map((procedure) => ({ type: "procedure-refused", object: object.name, procedure })),
  );
  const message = `Pardot refuses ${what} (code ${String(error.pardotCode)}): ${instead} takes over, also in later runs until --full`;
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

/** Codes that mean that Pardot does not have an export, or not in the expected state. */
const GONE: Readonly<Record<number, string>> = {
  16: "Pardot does not know its id",
  109: "Pardot has no record of it",
  178: "its state does not allow a download",
  192: "Pardot has no such object",
};

/**
 * Why an error means that an export is lost; null when it does not. One that an earlier run requested is lost by any
 * final refusal (only the user who created an export may read it: vendor docs, export-v4, and users change), and by
 * files that belong to another export or stay broken.
 */
export function lostReason(error: unknown, isAdopted: boolean): string | null {
  // Only a new export fixes an id that was recorded for the wrong window, or files that stay broken.
  if (isAdopted && error instanceof DataError && error.code.startsWith("data.csv-")) return error.message;
  if (!(error instanceof RemoteError) && !(error instanceof AuthError)) return null;
  const code = error instanceof RemoteError ? error.pardotCode : null;
  if (code !== null && GONE[code] !== undefined) return GONE[code];
  return isAdopted && !error.retryable && error.code.startsWith("pardot.") ? error.message : null;
}

/** Pardot failed or lost every export of a window in this run. */
export function gaveUp(job: { readonly object: string; readonly windowId: string }, attempts: number): RemoteError {
  return new RemoteError(`export ${job.object}: ${attempts} exports of the same window failed`, {
    code: "export.failed",
    hint: "Finished windows are committed; the next run requests this one again. If it keeps failing, check Admin > Exports in Account Engagement.",
    context: { window: job.windowId },
  });
}

/** Pardot gave a new export the id of another. */
export function usedTwice({ object }: { readonly object: string }, exportId: string): DataError {
  return new DataError(`create an export of ${object}: Pardot returned the id ${exportId}, which another export has`, {
    code: "pardot.export-id-used",
    hint: "Nothing of it was landed. Run again; if it happens again, report it with this message.",
    context: { exportId },
  });
}
