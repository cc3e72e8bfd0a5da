import { customFieldsOf } from "../catalog/catalog.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { applyFieldChange } from "../state/field-state.ts";
import type { FieldState } from "../state/field-state.ts";
import { objectState } from "../state/state.ts";
import { discoverFields, objectFields } from "../extract/fields.ts";
import { wireName } from "../land/result-header.ts";
import { openBudgetedPardot } from "./pardot.ts";
import type { Runtime } from "./runtime.ts";
import { assertFits, openStore } from "./store.ts";

/** The fields of one object in this account, now. */
export interface LiveFields {
  readonly object: string;
  /** In the order of their columns, which follow the core ones. */
  readonly customFields: readonly LiveField[];
  /** Core columns that this account has no field for: they are null. */
  readonly absentColumns: readonly string[];
  /** Fields that Pardot refused to return in earlier runs. */
  readonly refusedFields: readonly string[];
}

export interface LiveField {
  /** Its name at Pardot. */
  readonly field: string;
  /** Its name in files and tables. */
  readonly column: string;
  /** `new`: the next run adds it; `vanished`: it is gone at Pardot, its column stays, as null. */
  readonly state: "new" | "known" | "vanished";
}

/**
 * Requests from Pardot the fields that the given objects have in this account, and compares them with the state: one
 * call for each object that `describe` covers, one for each 200 custom fields otherwise, none for an object without
 * custom fields. Writes nothing but a note of its calls.
 */
export async function liveFields(
  config: Config,
  objects: readonly CatalogObject[],
  runtime: Runtime,
): Promise<readonly LiveFields[]> {
  const { signal, onEvent } = runtime;
  const { storage, loaded } = await openStore(config, runtime);
  const { state } = loaded;
  assertFits(config, state, false);
  const { pardot, settle } = openBudgetedPardot("objects --live", config, storage, runtime);
  const found: LiveFields[] = [];
  try {
    for (const object of objects) {
      if (customFieldsOf(object) === undefined) continue;
      const before = objectState(state, object.name).fields;
      const changes = await discoverFields(object, { pardot, memory: before, full: false, onEvent, signal });
      found.push(describeFields(object, before, changes.reduce(applyFieldChange, before)));
    }
  } finally {
    await settle();
  }
  return found;
}

function describeFields(object: CatalogObject, before: FieldState, now: FieldState): LiveFields {
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
