/**
 * How an object of API v5 is written down: names in words, and a few marks for what departs from the vendor's naming.
 *
 * Fields: the type follows from the name (vendor docs, field tables): `id` and `…Id` are integers, `…At` instants, `is…` and
 * `has…` booleans, everything else text. Marks: `size:int` another type, `days[a,b]` a list of records with these parts,
 * `ids[]` a list, `schedule{a,b}` one record, `^` readable but not queryable, `~` writable only.
 * Filters: `name` equal to, `id*` idList and the four comparisons, `visitId#` the four comparisons, `createdAt*` the four
 * bounds of an instant.
 */
import type { ColumnKind, RangeName } from "../../account/model.ts";

export type V5Type = ColumnKind | "list" | "record";

export interface V5Field {
  readonly name: string;
  readonly type: V5Type;
  /** `read`: only a read returns it; `write`: no request returns it. Both are refused in queries (code 224). */
  readonly access: "all" | "read" | "write";
  /** Names inside a record, or inside each record of a list. */
  readonly parts: readonly string[];
}

export type V5Comparison = "equal" | "list" | "above" | "at-least" | "below" | "at-most" | "is-null" | "is-not-null";

export interface V5Filter {
  readonly field: string;
  readonly comparison: V5Comparison;
  /** No vendor page and no client that runs against real accounts shows it. */
  readonly isWeak: boolean;
}

export interface V5Object {
  /** As in the catalog: `VisitorPageView`. */
  readonly name: string;
  /** Path below `/api/v5/objects/`, or below `/api/v5` if it starts with a slash. */
  readonly collection: string;
  readonly fields: ReadonlyMap<string, V5Field>;
  /** Related objects that dots lead to: `campaign.name`. */
  readonly relations: ReadonlyMap<string, { readonly id: string; readonly object: string }>;
  /** By the parameter's name. */
  readonly filters: ReadonlyMap<string, V5Filter>;
  /** Fields that a query can be ordered by. */
  readonly orders: ReadonlySet<string>;
  /** Deleted records stay in a recycle bin, where `deleted` finds them. */
  readonly bin: boolean;
  /** Time ranges of an export; empty: not exportable. */
  readonly exports: { readonly ranges: readonly RangeName[]; readonly deleted: boolean } | null;
}

interface Notation {
  readonly fields: string;
  readonly relations?: string;
  /** Documented, or seen in clients that run against real accounts. */
  readonly filters?: string;
  readonly weak?: string;
  readonly orders?: string;
  readonly bin?: true;
  readonly exports?: string;
}

const TYPES: Readonly<Record<string, V5Type>> = {
  int: "integer",
  float: "number",
  bool: "boolean",
  datetime: "datetime",
  date: "string",
};

/** Related objects whose name is not that of the relation. */
const TARGETS: Readonly<Record<string, string>> = {
  createdBy: "User",
  updatedBy: "User",
  admin: "User",
  assignedTo: "User",
  scheduleCreatedBy: "User",
  sslRequestedBy: "User",
  parentCampaign: "Campaign",
  pluginCampaign: "Campaign",
  defaultCampaign: "Campaign",
  parentFolder: "Folder",
  previousStage: "LifecycleStage",
  nextStage: "LifecycleStage",
};

/** The object that an id field points to: `campaignId` to Campaign. It need not exist. */
export function targetOf(idField: string): string {
  const relation = idField.slice(0, -"Id".length);
  return TARGETS[relation] ?? relation.charAt(0).toUpperCase() + relation.slice(1);
}

export function define(name: string, collection: string, notation: Notation): V5Object {
  const fields = new Map(words(notation.fields).map((word) => [/^\w+/.exec(word)?.[0] ?? "", fieldOf(word)]));
  const ranges = words(notation.exports).filter((word) => word === "created" || word === "updated");
  return {
    name,
    collection,
    fields,
    relations: new Map(
      words(notation.relations).map((word) => [word, { id: `${word}Id`, object: targetOf(`${word}Id`) }]),
    ),
    filters: new Map([
      ...words(notation.weak).flatMap((word) => filtersOf(word, fields, true)),
      ...words(notation.filters).flatMap((word) => filtersOf(word, fields, false)),
    ]),
    orders: new Set(words(notation.orders)),
    bin: notation.bin === true,
    exports: ranges.length === 0 ? null : { ranges, deleted: words(notation.exports).includes("deleted") },
  };
}

function words(text = ""): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function fieldOf(word: string): V5Field {
  const [, name = "", mark = "", inside = "", access = ""] =
    /^(\w+)(?:([:[{])([\w,]*)[\]}]?)?([\^~]?)$/.exec(word) ?? [];
  const parts = mark === "[" || mark === "{" ? inside.split(",").filter((part) => part !== "") : [];
  return {
    name,
    type: mark === "[" ? "list" : mark === "{" ? "record" : (TYPES[inside] ?? typeOf(name)),
    access: access === "^" ? "read" : access === "~" ? "write" : "all",
    parts,
  };
}

function typeOf(name: string): V5Type {
  if (/^salesforce\w*Id$|ApiFieldId$|^(?:api)?[fF]ieldId$/.test(name)) return "string";
  if (name === "id" || name.endsWith("Id")) return "integer";
  if (name.endsWith("At")) return "datetime";
  return /^(?:is|has)[A-Z]|^optedOut$|^doNotSell$/.test(name) ? "boolean" : "string";
}

const NUMBER_BOUNDS: readonly (readonly [string, V5Comparison])[] = [
  ["GreaterThan", "above"],
  ["GreaterThanOrEqualTo", "at-least"],
  ["LessThan", "below"],
  ["LessThanOrEqualTo", "at-most"],
];
const TIME_BOUNDS: readonly (readonly [string, V5Comparison])[] = [
  ["After", "above"],
  ["AfterOrEqualTo", "at-least"],
  ["Before", "below"],
  ["BeforeOrEqualTo", "at-most"],
];
const NULLNESS: readonly (readonly [string, V5Comparison])[] = [
  ["IsNull", "is-null"],
  ["IsNotNull", "is-not-null"],
];

function filtersOf(word: string, fields: ReadonlyMap<string, V5Field>, isWeak: boolean): [string, V5Filter][] {
  const filter = (name: string, field: string, comparison: V5Comparison): [string, V5Filter] => {
    if (!fields.has(field)) throw new Error(`filter ${word}: no field ${field}`);
    return [name, { field, comparison, isWeak }];
  };
  if (word === "idList") return [filter(word, "id", "list")];
  const nullness = NULLNESS.find(([suffix]) => word.endsWith(suffix));
  if (nullness !== undefined) return [filter(word, word.slice(0, -nullness[0].length), nullness[1])];
  const field = word.replace(/[*#]$/, "");
  if (field === word) return [filter(word, word, "equal")];
  const isTime = fields.get(field)?.type === "datetime";
  return [
    ...(word === "id*" ? [filter("idList", "id", "list")] : []),
    ...(isTime ? TIME_BOUNDS : NUMBER_BOUNDS).map(([suffix, comparison]) => filter(field + suffix, field, comparison)),
  ];
}
