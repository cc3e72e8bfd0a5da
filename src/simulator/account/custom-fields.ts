/** Custom fields: those of prospects are objects of their own, those of prospect accounts only columns. */
import { hashText, mix, pick } from "./dice.ts";
import { COMMON_SORT, SORT_NAME } from "./model.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, World } from "./model.ts";
import { NASTY, plainText, someText } from "./text.ts";

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

/** Field ids in the styles that were recorded (Crim/pardot-java-client customFieldQuery.xml). */
function customField(index: number): CustomField {
  const style = [`Custom_Field_${index}`, `my__field_${index}`, `nothing_field${index}`, `Zip${index}`][index % 4];
  return { fieldId: style ?? `Custom_Field_${index}`, type: TYPES[index % TYPES.length] ?? TYPES[0] };
}

export const CUSTOM_FIELD: ObjectModel = {
  name: "CustomField",
  urlName: "customField",
  dataKey: "customField",
  columns: [
    { name: "id", kind: "integer" },
    { name: "name", kind: "string" },
    { name: "field_id", kind: "string" },
    { name: "type", kind: "string" },
    { name: "type_id", kind: "integer" },
    { name: "crm_id", kind: "string" },
    { name: "is_record_multiple_responses", kind: "boolean" },
    { name: "is_use_values", kind: "boolean" },
    { name: "created_at", kind: "datetime" },
    { name: "updated_at", kind: "datetime" },
  ],
  wire: [
    "id", "name", "field_id", "type", "type_id", "crm_id", "is_record_multiple_responses", "is_use_values",
    "created_at", "updated_at",
  ].map((name) => ({ name })), // prettier-ignore
  make: (row) => {
    const { fieldId, type } = customField(row.index);
    const name = row.index < NASTY.length ? (NASTY[row.index] ?? "") : plainText(row.index);
    const crm = row.index % 3 === 0 ? `${fieldId}__c` : null;
    const isMulti = type[0] === "Multi-Select";
    return [row.id, name, fieldId, ...type, crm, isMulti, isMulti, row.created, row.updated];
  },
  operations: ["query", "read"],
  ranges: ["created"],
  hasUpdated: true,
  filters: [],
  sortKeys: [...COMMON_SORT, SORT_NAME],
  defaultSort: "created_at",
  daily: (_rows, knobs) => ({ added: knobs.customFieldsPerDay, changed: 0, deleted: knobs.customFieldsLostPerDay }),
};

const text = (name: string): ModelColumn => ({ name, kind: "string" });

/** Columns of the prospects' custom fields there are now, in the order of their ids. */
export function prospectCustomColumns(world: World): readonly ModelColumn[] {
  return world.livePlaces("CustomField").map((index) => text(customField(index).fieldId));
}

const PROSPECT_SALT = hashText("Prospect custom");
const ACCOUNT_SALT = hashText("ProspectAccount custom");

/** A field that came later has values only in prospects that were written after it came. */
export function prospectCustomValues(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, PROSPECT_SALT), row.index);
  return world.livePlaces("CustomField").map((index) => {
    const since = index < world.baseRows("CustomField") ? 0 : world.createdAt("CustomField", index);
    if ((row.updated ?? row.created) < since) return null;
    return valueOf(customField(index), mix(mix(hash, index), row.revision));
  });
}

/** Set in two cases of five. Values of a multi-select are joined by semicolons, as a CRM's picklist is. */
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

/** True for columns whose text stands for several values. */
export function isMultiValue(column: string, world: World): boolean {
  return world
    .livePlaces("CustomField")
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
