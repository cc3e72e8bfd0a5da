/** The vocabulary of the simulated account: an object is data (columns, wire fields, filters) and one row maker. */
import type { Knobs } from "../knobs.ts";
import type { Zone } from "./zone.ts";

/** A value as it is before any wire quirk. A `datetime` is seconds since 1970. */
export type Value = string | number | boolean | null | readonly JsonRecord[];
export interface JsonRecord {
  readonly [key: string]: string | number | boolean | null;
}

export type ColumnKind = "integer" | "number" | "boolean" | "datetime" | "string" | "json";

export interface ModelColumn {
  /** The catalogue's name. */
  readonly name: string;
  readonly kind: ColumnKind;
  /** Seen on the wire only, no column of the tables: left out of `/__sim/rows`. */
  readonly wireOnly?: boolean;
  /** The vendor does not export it. */
  readonly notExported?: boolean;
}

/** What a row is made from: nothing else may flow into it, so that it can be made again at any time. */
export interface RowKey {
  readonly index: number;
  readonly id: number;
  readonly created: number;
  /** Null where the record has none. */
  readonly updated: number | null;
  /** How often it has been changed. */
  readonly revision: number;
}

/** What row makers may know of the rest of the account. */
export interface World {
  readonly seed: number;
  readonly knobs: Knobs;
  /** Rows of an object when the account starts. */
  baseRows(object: string): number;
  /** The id of an object's row by its place. */
  idOf(object: string, index: number): number;
  /** The place of an object's row by its id; -1 when no row can have it. */
  indexOf(object: string, id: number): number;
  /** Places of an object's rows that are not deleted, ascending. For small objects. */
  livePlaces(object: string): readonly number[];
  /** When an object's row was created, seconds since 1970. */
  createdAt(object: string, index: number): number;
}

export const OUTPUTS = ["full", "simple", "mobile", "bulk"] as const;
export type Output = (typeof OUTPUTS)[number];

/** An answer before it is JSON or XML: an array stands for repeated elements, the key `@attributes` for attributes. */
export type WireValue = string | number | boolean | null | WireRecord | readonly WireValue[];
export interface WireRecord {
  [name: string]: WireValue;
}

export interface WireContext {
  readonly world: World;
  readonly zone: Zone;
  readonly operation: "query" | "read";
  readonly output: Output;
}

export interface WireField {
  readonly name: string;
  /** The column it shows; its own name when left out. */
  readonly column?: string;
  /** Outputs that carry it; all when left out. */
  readonly outputs?: readonly Output[];
  readonly operation?: "query" | "read";
  /** Left out of the answer when null, instead of null. */
  readonly absentWhenNull?: boolean;
  /** Null is written as `<x></x>`, not `<x/>`: both occur in one recorded document. */
  readonly pairWhenNull?: boolean;
  /** Boolean as null/1/0 (prospects) instead of true/false. */
  readonly oneOrZero?: boolean;
  /** `{"value": x}` instead of x where the knob prospectAccountValueFields says so. */
  readonly valueNode?: boolean;
  /** Nested records, made from the row. */
  readonly nested?: (values: readonly Value[], row: RowKey, context: WireContext) => WireValue;
}

export type FilterKind =
  /** Equal text. */
  | "text"
  /** One id or a comma list of ids. */
  | "ids"
  /** `true`: only rows where the column is set; `false`: all. */
  | "set"
  /** `true`: only rows where the column is set; `false`: only those where it is not. */
  | "isset"
  /** `true`: only rows where the column is not set. */
  | "unset"
  /** Among the nested records is one with this id, or this e-mail address. */
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
  /** Error code of a bad value; 51 (invalid parameter) when left out. */
  readonly code?: number;
  /** The value when the parameter is not given. */
  readonly missing?: string;
  /** Another parameter without which this one is refused (code 13). */
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
  /** Further arguments and what they select. */
  readonly options: Readonly<Record<string, "types" | "flag" | "deleted" | "deleted-all-only">>;
  /** The range selects rows of this other object; exported is what their column points to. */
  readonly via?: { readonly object: string; readonly column: string };
}

export interface ObjectModel {
  /** The catalogue's name: `VisitorActivity`. */
  readonly name: string;
  readonly urlName: string;
  readonly dataKey: string;
  readonly columns: readonly ModelColumn[];
  readonly wire: readonly WireField[];
  /** Custom fields: appended to the columns, their wire names are their column names. */
  readonly custom?: CustomColumns;
  /** Columns that this account has switched off: in no answer, in no export. */
  readonly hiddenColumns?: (world: World) => ReadonlySet<string>;
  /** Values in the order of the columns, custom ones last. Must be a pure function of the key and the world. */
  readonly make: (row: RowKey, world: World) => readonly Value[];
  readonly operations: readonly ("query" | "read" | "stats" | "describe")[];
  /** Names that a read takes in the address instead of `id`. */
  readonly readBy?: readonly (readonly string[])[];
  /** Time ranges the query knows. */
  readonly ranges: readonly RangeName[];
  /** False: no updated_at at all. */
  readonly hasUpdated: boolean;
  readonly filters: readonly ModelFilter[];
  readonly sortKeys: readonly SortKey[];
  /** Order when nothing is asked for. */
  readonly defaultSort: string;
  /** Deleted rows are shown to those who ask. */
  readonly deletes?: boolean;
  /** limit above 200 is honoured for output=mobile (vendor docs of that object). */
  readonly mobileUnlimited?: boolean;
  /** Answers to `fields`. */
  readonly fieldsParameter?: boolean;
  /** Error code of an id that does not exist; a knob decides when left out. */
  readonly unknownIdCode?: number;
  readonly procedures?: readonly ExportProcedureModel[];
  /** Rows that advance() never deletes. */
  readonly keeps?: (values: readonly Value[]) => boolean;
  /** Rows that a simulated day adds, changes, deletes; the standard shares of the first rows when left out. */
  readonly daily?: (baseRows: number, knobs: Knobs) => DayOfChanges;
}

export interface DayOfChanges {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
}

export interface CustomColumns {
  columns(world: World): readonly ModelColumn[];
  /** Absent without a value, and in bulk unless named (prospects); or always there. */
  readonly shown: "when-set" | "always";
  /** The text stands for several values, shown as `{"value": [...]}`. */
  isMultiValue(column: string, world: World): boolean;
}

export const COMMON_SORT: readonly SortKey[] = [
  { name: "created_at", column: "created_at", order: "descending" },
  { name: "id", column: "id", order: "ascending" },
];
export const SORT_NAME: SortKey = { name: "name", column: "name", order: "ascending" };
export const SORT_UPDATED: SortKey = { name: "updated_at", column: "updated_at", order: "descending" };
