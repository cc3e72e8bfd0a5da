/**
 * Prospect account (vendor docs, prospect accounts). Its standard fields are configurable, and `describe` lists them.
 * updated_at sorts ascending by default, unlike in all other objects.
 */
import { hashText, mix, pick } from "../account/random.ts";
import {
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  integer,
  plainFields,
  SORT_NAME,
  text,
  timeProcedure,
  UPDATED_AT,
} from "../account/model.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, Body, World } from "../account/model.ts";
import { longText, someText, uniqueName } from "../account/text.ts";
import { accountCustomColumns, accountCustomValues } from "./custom-field.ts";

const STANDARD: readonly string[] = [
  "number", "description", "phone", "fax", "website", "rating", "site", "type", "annual_revenue", "industry", "sic",
  "employees", "ownership", "ticker_symbol",
  ...["billing", "shipping"].flatMap((kind) =>
    ["address_one", "address_two", "city", "state", "zip", "country"].map((part) => `${kind}_${part}`),
  ),
]; // prettier-ignore

const COLUMNS: readonly ModelColumn[] = [integer("id"), text("name"), ...STANDARD.map(text), CREATED_AT, UPDATED_AT];

const SALT = hashText("ProspectAccount");

/** Fields that this account has switched off: in no response, export or describe. */
function hidden(world: World): ReadonlySet<string> {
  return new Set(world.knobs.hiddenAccountFields.split(","));
}

function make(row: RowKey, world: World): readonly Value[] {
  const hash = mix(mix(world.seed, SALT), row.index);
  const changed = mix(hash, row.revision);
  const off = hidden(world);
  return [
    row.id,
    uniqueName(row.index, hash),
    ...STANDARD.map((name, n) => (off.has(name) ? null : valueOf(name, mix(changed, n)))),
    row.created,
    row.updated,
    ...accountCustomValues(row, world),
  ];
}

function valueOf(name: string, hash: number): string | null {
  if (hash % 3 === 0) return null;
  if (hash % 50 === 1) return "";
  if (name.endsWith("zip")) return pick(["02190", "10115"], mix(hash, 1));
  if (name === "employees" || name === "number") return pick(["007", "1e3", "250"], mix(hash, 2));
  return name === "description" ? longText(mix(hash, 3)) : someText(mix(hash, 4));
}

/** The response to `describe`: one element per field, with attributes only. */
export function describeProspectAccount(world: World): Body {
  const off = hidden(world);
  const entry = (id: string, custom: boolean): Body => ({
    "@attributes": {
      id,
      label: id.replaceAll("_", " "),
      required: id === "name" ? "1" : "0",
      custom: custom ? "1" : "0",
      type: "text",
      has_options: "0",
    },
  });
  const standard = ["name", ...STANDARD].filter((name) => !off.has(name)).map((name) => entry(name, false));
  const customs = accountCustomColumns(world).map(({ name }) => entry(name, true));
  return { result: { field: [...standard, ...customs] } };
}

export const PROSPECT_ACCOUNT: ObjectModel = defineObject({
  name: "ProspectAccount",
  columns: COLUMNS,
  body: [
    { name: "id" },
    ...["name", ...STANDARD].map((name) => ({ name, valueNode: true })),
    ...plainFields(["created_at", "updated_at"]),
    { name: "assigned_to", outputs: ["full"], nested: () => null },
  ],
  custom: { columns: accountCustomColumns, shown: "always", isMultiValue: () => false },
  hiddenColumns: hidden,
  make,
  operations: ["query", "read", "describe"],
  filters: [{ name: "name", kind: "text", column: "name" }],
  sortKeys: [...COMMON_SORT, SORT_NAME, { name: "updated_at", column: "updated_at", order: "ascending" }],
  mobileUnlimited: true,
  fieldsParameter: true,
  unknownIdCode: 61,
  procedures: [
    timeProcedure("updated"),
    timeProcedure("created"),
    {
      // Selects by the times of the account's prospects, not by its own.
      name: "filter_by_prospect_updated_at",
      field: "updated",
      after: "prospect_updated_after",
      before: "prospect_updated_before",
      options: {},
      via: { object: "Prospect", column: "prospect_account_id" },
    },
  ],
});
