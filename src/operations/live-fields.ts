import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { applyFieldChange } from "../state/field-memory.ts";
import type { FieldMemory } from "../state/field-memory.ts";
import { objectState } from "../state/state.ts";
import { discoverFields, objectFields } from "../extract/fields.ts";
import { wireName } from "../land/result-header.ts";
import type { Surroundings } from "./api.ts";
import { notingCalls } from "./noting-calls.ts";
import { checkAgainstState, openStore } from "./session.ts";

/** The fields of one object in this account, now. */
export interface LiveFields {
  readonly object: string;
  /** In the order in which their columns stand behind the core ones. */
  readonly customFields: readonly LiveField[];
  /** Core columns that this account has no field for: they are null. */
  readonly absentColumns: readonly string[];
  /** Fields that Pardot refused to hand out in earlier runs. */
  readonly refusedFields: readonly string[];
}

export interface LiveField {
  /** Its name at Pardot. */
  readonly field: string;
  /** Its name in files and tables. */
  readonly column: string;
  /** `new`: the next run adds it; `vanished`: Pardot has it no more, its column stays, as null. */
  readonly state: "new" | "known" | "vanished";
}

/**
 * Asks Pardot which fields the given objects have in this account, and holds it against what the destination remembers:
 * one call for each object of which `describe` tells, one for each 200 custom fields otherwise, none for an object
 * without custom fields. Writes nothing but a note of its calls.
 */
export async function liveFields(
  config: Config,
  objects: readonly CatalogObject[],
  surroundings: Surroundings,
): Promise<readonly LiveFields[]> {
  const { signal, onEvent } = surroundings;
  const { storage, loaded } = await openStore(config, surroundings);
  const { state } = loaded;
  checkAgainstState(config, state, false);
  const calling = notingCalls("objects --live", { config, storage, surroundings });
  const found: LiveFields[] = [];
  try {
    for (const object of objects) {
      const { customFields } = object.v4;
      if (customFields === undefined || customFields === null) continue;
      const before = objectState(state, object.name).fields;
      const given = { pardot: calling.pardot, memory: before, full: false, onEvent, signal };
      const changes = await discoverFields(object, given);
      found.push(told(object, before, changes.reduce(applyFieldChange, before)));
    }
  } finally {
    await calling.settle();
  }
  return found;
}

function told(object: CatalogObject, before: FieldMemory, now: FieldMemory): LiveFields {
  const seen = new Set(before.custom.map(({ field }) => field));
  const stateOf = (field: string): LiveField["state"] => {
    if (now.listed?.includes(field) === false) return "vanished";
    return seen.has(field) ? "known" : "new";
  };
  const { columns, requested } = objectFields(object, { ...now, refused: [] });
  const core = columns.slice(0, object.columns.length);
  const custom = columns.slice(object.columns.length);
  return {
    object: object.name,
    customFields: custom.map((column) => {
      const field = wireName(column);
      return { field, column: column.name, state: stateOf(field) };
    }),
    absentColumns: core.filter((column) => !requested.includes(wireName(column))).map(({ name }) => name),
    refusedFields: now.refused,
  };
}
