/** How an object of the simulated account is described: data (columns, body fields, filters) and one function for rows. */
import type { Knobs } from "../knobs.ts";
import type { Timezone } from "./timezone.ts";

/** A value before any quirk of the API. A `datetime` is seconds since 1970. */
export type Value = string | number | boolean | null | readonly JsonRecord[] | readonly number[] | JsonRecord;
export interface JsonRecord {
  readonly [key: string]: string | number | boolean | null | readonly string[];
}

export type ColumnKind = "integer" | "number" | "boolean" | "datetime" | "string" | "json";

export interface ModelColumn {
  /** As in the catalog. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** Not a column of the tables: `/__sim/rows` has it only with `columns=all`. */
  readonly apiOnly?: boolean;
  /** Only filters and sorting use it: no response shows it. */
  readonly neverShown?: boolean;
  /** Not in the vendor's exports. */
  readonly notExported?: boolean;
}

/** A row is made from this and nothing else, so that it can be made again at any time. */
export interface RowKey {
  readonly index: number;
  readonly id: number;
  readonly created: number;
  /** Null if the record has none. */
  readonly updated: number | null;
  /** Number of changes so far. */
  readonly revision: number;
  readonly isDeleted: boolean;
}

/** The rest of the account, as rows are allowed to see it. */
export interface World {
  readonly seed: number;
  readonly knobs: Knobs;
  /** Rows of an object when the account starts. */
  baseRows(object: string): number;
  /** Rows of an object now, deleted ones included. */
  rows(object: string): number;
  /** Id of the row at an index. */
  idOf(object: string, index: number): number;
  /** Index of the row with an id; -1 if no row can have it. */
  indexOf(object: string, id: number): number;
  /** Indexes of the rows that are not deleted, ascending. For small objects. */
  liveIndexes(object: string): readonly number[];
  /** Creation time of a row, seconds since 1970. */
  createdAt(object: string, index: number): number;
}

export const OUTPUTS = ["full", "simple", "mobile", "bulk"] as const;
export type Output = (typeof OUTPUTS)[number];

/** A response before it is JSON or XML. An array means repeated elements, the key `@attributes` means attributes. */
export type BodyValue = string | number | boolean | null | Body | readonly BodyValue[];
export interface Body {
  [name: string]: BodyValue;
}

export interface BodyContext {
  readonly world: World;
  readonly zone: Timezone;
  readonly operation: "query" | "read";
  readonly output: Output;
}

export interface BodyField {
  readonly name: string;
  /** The column it shows. Default: the column of the same name. */
  readonly column?: string;
  /** Outputs that contain it. Default: all. */
  readonly outputs?: readonly Output[];
  readonly operation?: "query" | "read";
  /** Omitted if null. */
  readonly absentWhenNull?: boolean;
  /** Null is `<x></x>` in XML, not `<x/>`: both occur in one recorded document. */
  readonly pairWhenNull?: boolean;
  /** Boolean as null/1/0 (prospects) instead of true/false. */
  readonly oneOrZero?: boolean;
  /** `{"value": x}` instead of x with the knob prospectAccountValueFields. */
  readonly valueNode?: boolean;
  /** Makes nested records from the row. */
  readonly nested?: (values: readonly Value[], row: RowKey, context: BodyContext) => BodyValue;
}

export type FilterKind =
  /** Equal text. */
  | "text"
  /** One id or a comma list of ids. */
  | "ids"
  /** `true`: only rows with the column set; `false`: all rows. */
  | "set"
  /** `true`: only rows with the column set; `false`: only rows without it. */
  | "isset"
  /** `true`: only rows without the column; `false`: all rows. */
  | "unset"
  /** A nested record has this id, or this email address. */
  | "has-id"
  | "has-email"
  /** `true` or `false`: the column's boolean. */
  | "boolean"
  | "above"
  | "below"
  | "equal"
  | "after"
  | "before";

export interface ModelFilter {
  readonly name: string;
  readonly kind: FilterKind;
  readonly column: string;
  /** Error code of a bad value. Default: 51 (invalid parameter). */
  readonly code?: number;
  /** More ids than this are refused with code 63. Default: any number. */
  readonly idsMax?: number;
  /** Value if the parameter is missing. Default: no filter. */
  readonly missing?: string;
  /** Another parameter that must be present, else code 13. */
  readonly requires?: string;
}

export interface SortKey {
  readonly name: string;
  readonly column: string;
  readonly order: "ascending" | "descending";
}

export type RangeName = "created" | "updated";

export interface ExportProcedureModel {
  readonly name: string;
  readonly field: RangeName;
  readonly after: string;
  readonly before: string;
  /** Other arguments and what they select by. */
  readonly options: Readonly<Record<string, "types" | "flag" | "deleted" | "deleted-all-only">>;
  /** The range selects rows of this other object; the export contains the rows that its column points to. */
  readonly via?: { readonly object: string; readonly column: string };
}

/** The rows of an object, whichever versions of the API show them. */
export interface RowModel {
  /** As in the catalog: `VisitorActivity`. */
  readonly name: string;
  readonly columns: readonly ModelColumn[];
  /** Custom fields: appended to the columns, and shown under their column names. */
  readonly custom?: CustomColumns;
  /** Makes the values in the order of the columns, custom ones last. A pure function of the key and the world. */
  readonly make: (row: RowKey, world: World) => readonly Value[];
  /** False: rows never change. */
  readonly hasUpdated: boolean;
  /** v3/v4 can query deleted rows. */
  readonly deletes?: boolean;
  /** True for rows that advance() never deletes. */
  readonly keeps?: (values: readonly Value[]) => boolean;
  /** Rows that a simulated day adds, changes, deletes. Default: shares of the initial rows. */
  readonly daily?: (baseRows: number, knobs: Knobs) => DayOfChanges;
  /** Rows come with those of objects listed before this one. Default: they come by themselves. */
  readonly follows?: {
    readonly rows: (world: World) => number;
    /** Seconds since 1970, null if nothing dates the row. */
    readonly createdAt: (index: number, world: World) => number | null;
  };
}

/** An object of v3/v4. */
export interface ObjectModel extends RowModel {
  readonly urlName: string;
  readonly dataKey: string;
  /** Fields of a record in a response, in order. */
  readonly body: readonly BodyField[];
  /** Columns that this account has switched off: in no response and no export. */
  readonly hiddenColumns?: (world: World) => ReadonlySet<string>;
  readonly operations: readonly ("query" | "read" | "stats" | "describe")[];
  /** Names that a read accepts in the path instead of `id`. */
  readonly readBy?: readonly (readonly string[])[];
  /** Time ranges that a query can filter by. */
  readonly ranges: readonly RangeName[];
  readonly filters: readonly ModelFilter[];
  readonly sortKeys: readonly SortKey[];
  /** Order of a query without sort_by. */
  readonly defaultSort: string;
  /** A limit above 200 is accepted with output=mobile (vendor docs of that object). */
  readonly mobileUnlimited?: boolean;
  /** Accepts the parameter `fields`. */
  readonly fieldsParameter?: boolean;
  /** Error code of an id that does not exist. Default: the knob unknownIdCode. */
  readonly unknownIdCode?: number;
  readonly procedures?: readonly ExportProcedureModel[];
  /** Parameters of which a query must have one, else code 13. Default: none. */
  readonly requiresOneOf?: readonly string[];
  /** Bounds of ids have no effect. */
  readonly pagesByOffset?: boolean;
  /** Error code of a read by an email address that no record has. Default: that of an unknown id. */
  readonly unknownEmailCode?: number;
}

export interface DayOfChanges {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
}

export interface CustomColumns {
  columns(world: World): readonly ModelColumn[];
  /** `when-set`: absent without a value, and in bulk unless named (prospects). */
  readonly shown: "when-set" | "always";
  /** True if the text holds several values, shown as `{"value": [...]}`. */
  isMultiValue(column: string, world: World): boolean;
}

/** Most objects can be queried and read, by times of creation and change, sorted by the former, without filters. */
const USUAL = {
  operations: ["query", "read"],
  ranges: ["created", "updated"],
  hasUpdated: true,
  filters: [],
  defaultSort: "created_at",
} as const;

/** An object whose names in addresses and bodies follow from its own, and whose other members are the usual ones. */
export function defineObject(
  model: Pick<ObjectModel, "name" | "columns" | "body" | "make" | "sortKeys"> & Partial<ObjectModel>,
): ObjectModel {
  const urlName = model.name.charAt(0).toLowerCase() + model.name.slice(1);
  return { urlName, dataKey: urlName, ...USUAL, ...model };
}

export const integer = (name: string): ModelColumn => ({ name, kind: "integer" });
export const text = (name: string): ModelColumn => ({ name, kind: "string" });
export const boolean = (name: string): ModelColumn => ({ name, kind: "boolean" });
export const CREATED_AT: ModelColumn = { name: "created_at", kind: "datetime" };
export const UPDATED_AT: ModelColumn = { name: "updated_at", kind: "datetime" };

/** Fields that show the column of the same name in every output. */
export const plainFields = (names: readonly string[]): readonly BodyField[] => names.map((name) => ({ name }));

/** A filter by one id or a comma list. Default code: 16 (invalid ID). */
export const idFilter = (name: string, code = 16, column: string = name): ModelFilter => ({
  name,
  kind: "ids",
  column,
  code,
});

/** `filter_by_created_at` or `filter_by_updated_at` (vendor docs, export). */
export const timeProcedure = (
  field: RangeName,
  options: ExportProcedureModel["options"] = {},
): ExportProcedureModel => ({
  name: `filter_by_${field}_at`,
  field,
  after: `${field}_after`,
  before: `${field}_before`,
  options,
});

export const COMMON_SORT: readonly SortKey[] = [
  { name: "created_at", column: "created_at", order: "descending" },
  { name: "id", column: "id", order: "ascending" },
];
export const SORT_NAME: SortKey = { name: "name", column: "name", order: "ascending" };
export const SORT_UPDATED: SortKey = { name: "updated_at", column: "updated_at", order: "descending" };
