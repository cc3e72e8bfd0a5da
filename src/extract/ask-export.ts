import type { CatalogObject, ExportProcedure } from "../catalog/catalog.ts";
import type { FieldMemory } from "../state/field-memory.ts";
import { objectState } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import { assert } from "../errors.ts";
import type { RemoteError } from "../errors.ts";
import { wireName } from "../land/result-header.ts";
import type { ExportRequest } from "../pardot/pardot.ts";
import type { Window } from "../plan/windows.ts";
import { SECOND_MS } from "../time/instant.ts";
import { windowBounds } from "./bounds.ts";
import type { AskedExport } from "./export-queue.ts";
import type { Extraction } from "./extraction.ts";
import { isFieldRefusal, isProcedureRefusal, noteRefusedFields, noteRefusedProcedure } from "./refusals.ts";
import { refusedAmong } from "./refused-fields.ts";

export interface ExportQuestion {
  readonly object: CatalogObject;
  readonly window: OpenWindow;
  /** Fields of every export of the window, and which of them is asked for. */
  readonly groups: readonly (readonly string[])[];
  readonly group: number;
}

/** The name by which Pardot knows the column that tells records apart. */
export function keyField(object: CatalogObject): string {
  const column = object.columns.find(({ name }) => name === object.key);
  return column === undefined ? object.key : wireName(column);
}

/**
 * The first procedure for a field of a range that Pardot has not refused, null when there is none left and the query
 * takes over.
 */
export function usableProcedure(
  object: CatalogObject,
  field: Window["field"],
  memory: FieldMemory,
): ExportProcedure | null {
  const { export: access } = object.v4;
  assert(access !== undefined, `${object.name} has an export`);
  const candidates = access.procedures.filter((procedure) => procedure.field === field);
  assert(candidates.length > 0, `an export procedure for ${String(field)}`);
  return candidates.find(({ name }) => !memory.refusedProcedures.includes(name)) ?? null;
}

/**
 * Asks Pardot for an export. Fields that it refuses are found out, remembered and left out; a procedure that it refuses
 * is remembered, and the next one is tried. Null when no procedure is left and the query takes over.
 */
export async function askExport(question: ExportQuestion, extraction: Extraction): Promise<AskedExport | null> {
  const { object, window, group } = question;
  const { journal, pardot, stop, signal } = extraction;
  // Each round but the last remembers one refusal more.
  for (;;) {
    stop.throwIfAborted();
    const memory = objectState(journal.state, object.name).fields;
    const procedure = usableProcedure(object, window.field, memory);
    if (procedure === null) return null;
    const groups = question.groups.map((fields) => fields.filter((field) => !memory.refused.includes(field)));
    const fields = groups[group] ?? [];
    try {
      const status = await pardot.createExport(request(object, fields, procedure, window, extraction), signal);
      return { status, groups };
    } catch (error) {
      if (isFieldRefusal(error)) await leaveOutRefused(object, fields, procedure, window, error, extraction);
      else if (isProcedureRefusal(error)) await giveUpProcedure(object, procedure, error, extraction);
      else throw error;
    }
  }
}

function request(
  object: CatalogObject,
  fields: readonly string[],
  procedure: ExportProcedure,
  window: OpenWindow,
  extraction: Extraction,
): ExportRequest {
  return {
    object: object.v4.export?.object ?? object.name,
    fields,
    procedure: procedure.name,
    arguments: {
      ...procedure.arguments,
      ...windowBounds(window, procedure.range, extraction.config.pardot.timeZone),
    },
    about: { object: object.name, window: window.id },
  };
}

/** Finds the refused fields by exports of one second, which cost Pardot nothing, and remembers them. */
async function leaveOutRefused(
  object: CatalogObject,
  fields: readonly string[],
  procedure: ExportProcedure,
  window: OpenWindow,
  refusal: RemoteError,
  extraction: Extraction,
): Promise<void> {
  const second = { ...window, to: window.askFrom + SECOND_MS };
  const isAccepted = async (some: readonly string[]): Promise<boolean> => {
    extraction.stop.throwIfAborted();
    try {
      await extraction.pardot.createExport(request(object, some, procedure, second, extraction), extraction.signal);
      return true;
    } catch (error) {
      if (isFieldRefusal(error)) return false;
      throw error;
    }
  };
  const refused = await refusedAmong(fields, keyField(object), isAccepted);
  if (refused.length === 0) throw refusal;
  await noteRefusedFields(object, refused, extraction);
}

async function giveUpProcedure(
  object: CatalogObject,
  procedure: ExportProcedure,
  refusal: RemoteError,
  extraction: Extraction,
): Promise<void> {
  const { fields } = objectState(extraction.journal.state, object.name);
  const refusedProcedures = [...fields.refusedProcedures, procedure.name];
  const next = usableProcedure(object, procedure.field, { ...fields, refusedProcedures });
  if (next === null && object.v4.export?.whenRefused === undefined) throw refusal;
  const instead = next === null ? "the query" : next.name;
  await noteRefusedProcedure(object, { procedure: procedure.name, error: refusal, instead }, extraction);
}
