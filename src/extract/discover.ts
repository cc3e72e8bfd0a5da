import type { CatalogObject, CustomFieldsV4 } from "../catalog/catalog.ts";
import { applyFieldChange, driftOf } from "../state/field-memory.ts";
import type { FieldChange, FieldMemory } from "../state/field-memory.ts";
import { normalise } from "../encode/normalise.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { isTooLong } from "../pardot/failure.ts";
import type { Pardot } from "../pardot/pardot.ts";
import { newCustomFields } from "./fields.ts";
import { readPages } from "./pages.ts";

export interface DiscoverInput {
  readonly pardot: Pardot;
  readonly memory: FieldMemory;
  /** Whether everything is to be read again: then what Pardot refused once is tried again too. */
  readonly full: boolean;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** No window: custom fields are few, and read whole. */
const WHOLE = { field: null, from: 0, to: 0, askFrom: 0 } as const;

/**
 * Asks Pardot which fields an object has in this account, and answers what is to be recorded; nothing for an object
 * without custom fields. Costs one call for `describe`, or those of a query. Fields that came or went since the
 * last manifest are warned about.
 */
export async function discoverFields(object: CatalogObject, input: DiscoverInput): Promise<FieldChange[]> {
  const { name } = object;
  const { memory, onEvent } = input;
  const hasRefusals = memory.refused.length + memory.refusedProcedures.length > 0;
  const forgotten: FieldChange[] = input.full && hasRefusals ? [{ type: "refusals-forgotten", object: name }] : [];
  const { customFields } = object.v4;
  if (customFields === undefined || customFields === null) return forgotten;
  const found = await believedFields(object, customFields, input);
  if (found === null) return forgotten;
  const { listed, custom } = found;
  const { added, unusable } = newCustomFields(object, memory, custom);
  const seen: FieldChange = { type: "fields-seen", object: name, listed, added };
  for (const field of unusable) {
    const message = `the custom field ${JSON.stringify(field)} is left out: its name cannot stand in a header`;
    onEvent({ type: "warning", code: "fields.name-unusable", object: name, message });
  }
  warnOfDrift(object, applyFieldChange(memory, seen), onEvent);
  return [...forgotten, seen];
}

interface ListedFields {
  readonly listed: readonly string[];
  readonly custom: readonly string[];
}

/**
 * The fields that Pardot lists; null, after a warning, when that took too long or when there is none although there were
 * some: that may be an empty response, and believed it would empty their columns.
 */
async function believedFields(
  object: CatalogObject,
  customFields: CustomFieldsV4,
  input: DiscoverInput,
): Promise<ListedFields | null> {
  const { custom: known, listed } = input.memory;
  const hadCustom = known.some(({ field }) => listed?.includes(field) === true);
  const doubted = (why: string): null => {
    const message = `the custom fields could not be listed (${why}): going on with the ${known.length} that are known`;
    input.onEvent({ type: "warning", code: "fields.not-listed", object: object.name, message });
    return null;
  };
  try {
    const found = await listFields(object, customFields, input);
    return hadCustom && found.custom.length === 0 ? doubted("Pardot listed none") : found;
  } catch (error) {
    const isUncounted = error instanceof DataError && error.code === "data.total-without-rows";
    if (isTooLong(error) || (hadCustom && isUncounted)) return doubted((error as Error).message);
    throw error;
  }
}

async function listFields(
  object: CatalogObject,
  customFields: CustomFieldsV4,
  input: DiscoverInput,
): Promise<ListedFields> {
  const { pardot, signal, onEvent } = input;
  if (customFields.by === "describe") {
    const fields = await pardot.describe(object.v4.urlName, signal);
    const custom = fields.filter(({ isCustom }) => isCustom).map((field) => field.name);
    const core = new Set(object.columns.map((column) => column.wire ?? column.name));
    // Standard fields that no column takes are nobody's business.
    const listed = fields.map((field) => field.name).filter((name) => core.has(name) || custom.includes(name));
    return { listed: unique(listed), custom: unique(custom) };
  }
  const custom: string[] = [];
  const { urlName, dataKey, query, name: wire } = customFields;
  const asked: CatalogObject = {
    ...object,
    name: `custom fields of ${object.name}`,
    key: "id",
    v4: { urlName, dataKey, process: "segmented", query },
  };
  const request = { object: asked, window: WHOLE, zone: "UTC", cursor: null, stop: signal, signal, onEvent };
  for await (const page of readPages(pardot, request)) {
    for (const record of page) {
      const [name] = normalise(record, [{ name: wire, type: "string" }], asked.name);
      if (name !== null && name !== undefined && name !== "") custom.push(name);
    }
  }
  return { listed: unique(custom), custom: unique(custom) };
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}

function warnOfDrift(object: CatalogObject, memory: FieldMemory, onEvent: OnEvent): void {
  const { appeared, vanished } = driftOf(memory);
  const warn = (code: string, message: string): void =>
    onEvent({ type: "warning", code, object: object.name, message });
  if (appeared.length > 0) {
    warn("fields.appeared", `new since the last run: ${appeared.join(", ")}; values from before are not read again`);
  }
  if (vanished.length > 0) {
    warn("fields.vanished", `gone since the last run: ${vanished.join(", ")}; their columns stay, as null`);
  }
}
