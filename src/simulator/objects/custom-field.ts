/** Custom fields. Those of prospects are objects themselves, those of prospect accounts are only columns. */
import { hashText, mix, pick } from "../account/random.ts";
import {
  boolean,
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  integer,
  plainFields,
  SORT_NAME,
  text,
  UPDATED_AT,
} from "../account/model.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, World } from "../account/model.ts";
import { NASTY, plainText, someText } from "../account/text.ts";

const TYPES: readonly [readonly [string, number], ...(readonly [string, number])[]] = [
  ["Text", 1],
  ["Number", 9],
  ["Date", 12],
  ["Multi-Select", 6],
  ["Checkbox", 3],
  ["Textarea", 11],
];

interface CustomField {
  readonly fieldId: string;
  readonly type: readonly [string, number];
}

/** Field ids in the recorded styles (Crim/pardot-java-client customFieldQuery.xml). */
function customField(index: number): CustomField {
  const style = [`Custom_Field_${index}`, `my__field_${index}`, `nothing_field${index}`, `Zip${index}`][index % 4];
  return { fieldId: style ?? `Custom_Field_${index}`, type: TYPES[index % TYPES.length] ?? TYPES[0] };
}

const COLUMNS: readonly ModelColumn[] = [
  integer("id"),
  ...["name", "field_id", "type"].map(text),
  integer("type_id"),
  text("crm_id"),
  ...["is_record_multiple_responses", "is_use_values"].map(boolean),
  CREATED_AT,
  UPDATED_AT,
];

export const CUSTOM_FIELD: ObjectModel = defineObject({
  name: "CustomField",
  columns: COLUMNS,
  body: plainFields(COLUMNS.map(({ name }) => name)),
  make: (row) => {
    const { fieldId, type } = customField(row.index);
    const name = row.index < NASTY.length ? (NASTY[row.index] ?? "") : plainText(row.index);
    const crm = row.index % 3 === 0 ? `${fieldId}__c` : null;
    const isMulti = type[0] === "Multi-Select";
    return [row.id, name, fieldId, ...type, crm, isMulti, isMulti, row.created, row.updated];
  },
  ranges: ["created"],
  sortKeys: [...COMMON_SORT, SORT_NAME],
  daily: (_rows, knobs) => ({ added: knobs.customFieldsPerDay, changed: 0, deleted: knobs.customFieldsLostPerDay }),
});

/** Columns of the current custom fields of prospects, in the order of their ids. */
export function prospectCustomColumns(world: World): readonly ModelColumn[] {
  return world.liveIndexes("CustomField").map((index) => text(customField(index).fieldId));
}

const PROSPECT_SALT = hashText("Prospect custom");
const ACCOUNT_SALT = hashText("ProspectAccount custom");

/** A field added later has values only in prospects written after that. */
export function prospectCustomValues(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, PROSPECT_SALT), row.index);
  return world.liveIndexes("CustomField").map((index) => {
    const since = index < world.baseRows("CustomField") ? 0 : world.createdAt("CustomField", index);
    if ((row.updated ?? row.created) < since) return null;
    return valueOf(customField(index), mix(mix(hash, index), row.revision));
  });
}

/** Set in two cases of five. Values of a multi-select are joined by semicolons, like a CRM's picklist. */
function valueOf({ type }: CustomField, hash: number): string | null {
  if (hash % 5 > 1) return null;
  const rolled = mix(hash, 1);
  switch (type[0]) {
    case "Number":
      return pick(["007", "1e3", String(rolled % 1_000), "-0.50"], rolled);
    case "Date":
      return `20${10 + (rolled % 15)}-0${1 + (rolled % 9)}-1${rolled % 10}`;
    case "Multi-Select":
      return pick(["value0", "value0;value1", "value0;value1;value2"], rolled);
    case "Checkbox":
      return rolled % 2 === 0 ? "true" : "false";
    default:
      return someText(rolled);
  }
}

/** True for columns whose text holds several values. */
export function isMultiValue(column: string, world: World): boolean {
  return world
    .liveIndexes("CustomField")
    .some((index) => customField(index).fieldId === column && customField(index).type[0] === "Multi-Select");
}

export function accountCustomColumns(world: World): readonly ModelColumn[] {
  return Array.from({ length: world.knobs.accountCustomFields }, (_, n) => text(`Account_Field_${n}`));
}

export function accountCustomValues(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(mix(world.seed, ACCOUNT_SALT), row.index), row.revision);
  return Array.from({ length: world.knobs.accountCustomFields }, (_, n) =>
    mix(hash, n) % 3 === 0 ? null : someText(mix(hash, 50 + n)),
  );
}
