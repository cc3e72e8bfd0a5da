/**
 * The vocabulary of the catalog: which Pardot objects exist and how each is read, as plain data. A new object needs one
 * entry and nothing else. Operators override entries in the configuration under the same names.
 */

/** How well a vendor fact is supported: by vendor documentation, by recorded responses, by inference, or not yet. */
export const EVIDENCE = ["documented", "recorded", "inferred", "unconfirmed"] as const;
export type Evidence = (typeof EVIDENCE)[number];

export const COLUMN_TYPES = ["integer", "number", "boolean", "datetime", "string", "json"] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export interface Column {
  /** Name in files and in the table. */
  readonly name: string;
  readonly type: ColumnType;
  /**
   * Path of the value in a response, steps joined by dots (`campaign.id`). Default: the column's name. `[]` at the end:
   * one or many, always written as a list. Null: this version of the API lacks it.
   */
  readonly wire?: string | null;
  /** For a json column that is a list of records: the fields of each record, in this order. */
  readonly items?: readonly Column[];
  /** Name of the object whose records, in part, the list has: what the operator hides of that one is hidden here, too. */
  readonly itemsOf?: string;
  /**
   * The type of the values at Pardot, where a keyed hash of their text takes their place: then `type` is string. Default:
   * the values themselves.
   */
  readonly hashed?: ColumnType;
}

/** The columns of an object whose values stay at Pardot, by the operator's choice: names of columns, custom ones too. */
export interface ProtectedColumns {
  readonly drop: readonly string[];
  readonly hash: readonly string[];
  /** Those of the catalog that are dropped, which are not among the object's columns. */
  readonly dropped: readonly Column[];
}

/** A field that a range can be cut on. */
export type RangeField = "created_at" | "updated_at";

/** Parameters of the two bounds of one filter. Both bounds are exclusive at Pardot. */
export interface RangeFilter {
  readonly after: string;
  readonly before: string;
}

/** Query of v3/v4: pages of `limit` records by ascending id inside a fixed window. */
export interface QueryV4 {
  readonly api: "v4";
  readonly format: "xml" | "json";
  readonly output: "full" | "simple" | "mobile" | "bulk";
  /** Parameters sent with every page. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Server-side range filters by field. Rows are filtered here by a field that is missing. */
  readonly filters: { readonly [field in RangeField]?: RangeFilter };
  /** Fields that `sort_by` takes. */
  readonly sortBy: readonly string[];
  /** Records per page; the vendor's maximum is 200. */
  readonly limit: number;
  readonly evidence: Evidence;
  /** For a query that Pardot accepts only with the ids of parents. */
  readonly parents?: ParentsV4;
}

/** The parents whose ids a query of v3/v4 must name, all of them read by ascending id. */
export interface ParentsV4 {
  /** As in `AnyAccessV4`. */
  readonly urlName: string;
  readonly dataKey: string;
  readonly query: Omit<QueryV4, "parents">;
  /** The parameter that takes their ids, joined by commas. */
  readonly filter: string;
  /** Ids in one request. */
  readonly idsMax: number;
}

/** One way to select the records of an export. */
export interface ExportProcedure {
  readonly name: string;
  readonly field: RangeField;
  readonly range: RangeFilter;
  /** Arguments sent with every export. */
  readonly arguments: Readonly<Record<string, string | boolean>>;
  readonly evidence: Evidence;
}

/** The Export API, of v3/v4 or of v5. */
export interface ExportWay {
  /** The object's name in the body of `create`. */
  readonly object: string;
  /** In order of preference for each field. Of v5 none need be there for the watermark: then the query reads such windows. */
  readonly procedures: readonly ExportProcedure[];
  /** Fields one export may name (150). */
  readonly fieldsMax: number;
  /** Longest window requested, in days; the vendor allows a year. */
  readonly windowDaysMax: number;
  /** The field the first whole history is cut on; later runs use the watermark. */
  readonly historyField: RangeField;
  /** How a window is read after Pardot has refused every procedure. Default: the object fails. */
  readonly whenRefused?: "query";
}

/** How each run lists the fields that only this account has. */
export type CustomFieldsV4 =
  | {
      /** A query whose records are the custom fields. */
      readonly by: "query";
      readonly urlName: string;
      readonly dataKey: string;
      readonly query: QueryV4;
      /** The key of a record that holds the field's name in responses and exports. */
      readonly name: string;
    }
  | {
      /** `describe`, which lists standard fields too: a core column that it does not list is null. */
      readonly by: "describe";
      /** Core columns that every account has, listed or not. */
      readonly always: readonly string[];
    };

/** One request for each list email: v3/v4 cannot query emails. */
export interface EmailV4 {
  readonly operation: "read" | "stats";
  /** The id in the address: the smallest email id of the list email, or the list email's own. */
  readonly by: "email" | "listEmail";
  /** Column for the list email's id, which no response contains (pardot/api-docs issue 158). */
  readonly listEmailColumn: string;
  /** `new`: each list email once; `active`: each one with activity since it was last read. */
  readonly which: "new" | "active";
}

/** Members of every way of reading. An override may leave members of another way; they are not used. */
interface AnyAccessV4 {
  readonly api: "v4";
  /** The object in the address: `visitorActivity`. */
  readonly urlName: string;
  /** The key of its records in a response: `visitor_activity`. */
  readonly dataKey: string;
  /** Paths of columns in responses, with null for those that v3/v4 lacks. Default: the column's own. */
  readonly wire?: Readonly<Record<string, string | null>>;
  readonly query?: QueryV4;
  readonly export?: ExportWay;
  /** Default, or null by an override: no custom fields are read. */
  readonly customFields?: CustomFieldsV4 | null;
  /** Format of a read. */
  readonly readFormat?: "xml" | "json";
  readonly email?: EmailV4;
  /** Columns whose pairs identify list emails: v3/v4 has no other list of them. */
  readonly emailPairs?: { readonly listEmail: string; readonly email: string };
  /** The object that holds the deleted records, where v3/v4 lists them. */
  readonly deletedIn?: string;
  /** Whether it reads only deleted records. Default false. */
  readonly deletedOnly?: boolean;
}

/** By exports, one for each window; by the query if Pardot refuses them. */
export interface BulkV4 extends AnyAccessV4 {
  readonly process: "bulk";
  readonly query: QueryV4;
  readonly export: ExportWay;
}

/** By the query alone. */
export interface SegmentedV4 extends AnyAccessV4 {
  readonly process: "segmented";
  readonly query: QueryV4;
}

/** One record, read without an id. */
export interface SingleV4 extends AnyAccessV4 {
  readonly process: "read";
  readonly readFormat: "xml" | "json";
}

/** One read for each list email. */
export interface PerEmailV4 extends AnyAccessV4 {
  readonly process: "email";
  readonly readFormat: "xml" | "json";
  readonly email: EmailV4;
}

/** How v3/v4 reads an object. */
export type AccessV4 = BulkV4 | SegmentedV4 | SingleV4 | PerEmailV4;

/** Query of API v5 (vendor docs, version5overview). */
export interface QueryV5 {
  readonly api: "v5";
  /** In the address, after `/api/v5/`: `objects/visits`. */
  readonly path: string;
  /** `id`: by ascending id. A date: by page tokens in that order. Null: by page tokens, in no order. */
  readonly order: "id" | RangeField | null;
  /** Server-side range filters. Rows are filtered here by a field that is missing. */
  readonly filters: readonly RangeField[];
  /** Whether `deleted=all` is sent, because the object has a recycle bin. */
  readonly deleted: boolean;
  /** Date by which to split records that exceed one sequence of page tokens; null: they cannot be split. */
  readonly split: RangeField | null;
  /**
   * If Pardot refuses the query without this filter, the collection whose records are passed to it one by one; null:
   * none.
   */
  readonly parent: { readonly path: string; readonly order: "id" | RangeField; readonly filter: string } | null;
  /** Records per page; the vendor's maximum is 1,000. */
  readonly limit: number;
}

interface AnyAccessV5 {
  readonly api: "v5";
  /** The object in call counts: `visits`. */
  readonly urlName: string;
  /** Names of columns in responses, with null for those that v5 lacks. Default: the column's name in camel case. */
  readonly wire: Readonly<Record<string, string | null>>;
  readonly emailPairs?: AnyAccessV4["emailPairs"];
}

/** By the query of a collection. */
export interface CollectionV5 extends AnyAccessV5 {
  readonly process: "segmented";
  readonly query: QueryV5;
  readonly customFields?: CustomFieldsV5;
  /** How exports would read it, where an override makes the process `bulk`. */
  readonly export?: ExportWay;
}

/** By exports, one for each window; by the query if Pardot refuses them. Only by an override: their format is unconfirmed. */
export interface BulkV5 extends AnyAccessV5 {
  readonly process: "bulk";
  readonly query: QueryV5;
  readonly customFields?: CustomFieldsV5;
  readonly export: ExportWay;
}

/** How each run lists the custom fields: a collection whose records name them. */
export interface CustomFieldsV5 {
  readonly by: "collection";
  readonly urlName: string;
  readonly query: QueryV5;
  /** The field of a record that holds a custom field's name. */
  readonly name: string;
  /** Follows the name in the object's own fields. */
  readonly suffix: string;
}

/** One record, read without an id. */
export interface SingleV5 extends AnyAccessV5 {
  readonly process: "read";
  /** In the address, after `/api/v5/`. */
  readonly path: string;
}

/** One read for each list email. */
export interface PerEmailV5 extends AnyAccessV5 {
  readonly process: "email";
  /** In the address, after `/api/v5/`, with `{id}` for the id. */
  readonly path: string;
  readonly email: EmailV4;
}

/** How API v5 reads an object. */
export type AccessV5 = CollectionV5 | BulkV5 | SingleV5 | PerEmailV5;

/** Members that do not depend on the version of the API. */
interface AnyObject {
  /** The folder in the destination and the name on the command line: `VisitorActivity`. */
  readonly name: string;
  /** `PARDOT_` + the name in upper case. */
  readonly table: string;
  /** Whether `core` selects it. */
  readonly core: boolean;
  readonly columns: readonly Column[];
  /** Column that identifies a record. */
  readonly key: string;
  /** Column whose MAX in the warehouse starts the next range; null: always read in full. */
  readonly watermark: RangeField | null;
  /** Whether responses show which records were deleted. */
  readonly deletes: boolean;
  /** Notes for operators, with the source of each vendor fact. */
  readonly notes: readonly string[];
}

/** An object with every way to read it; null: this version of the API lacks it. */
export interface CatalogEntry extends AnyObject {
  /** The way that PARDOT_API_VERSION=auto prefers. */
  readonly auto: "v4" | "v5";
  readonly v4: AccessV4 | null;
  readonly v5: AccessV5 | null;
}

/** An object as the chosen version of the API reads it. `Way`: only objects that are read in this way. */
export interface CatalogObject<Way extends AccessV4 | AccessV5 = AccessV4 | AccessV5> extends AnyObject {
  readonly way: Way;
  /** Default: no column is dropped or hashed. */
  readonly protect?: ProtectedColumns;
}

/** An object that exports read. */
export type BulkObject = CatalogObject<BulkV4 | BulkV5>;
/** An object that the query can read: alone, or in place of refused exports. */
export type QueriedObject = CatalogObject<BulkV4 | SegmentedV4 | CollectionV5 | BulkV5>;
/** An object that is read per list email. */
export type PerEmailObject = CatalogObject<PerEmailV4 | PerEmailV5>;

export function isBulk(object: CatalogObject): object is BulkObject {
  return object.way.process === "bulk";
}

export function isQueried(object: CatalogObject): object is QueriedObject {
  return object.way.process === "bulk" || object.way.process === "segmented";
}

export function isSingle(object: CatalogObject): object is CatalogObject<SingleV4 | SingleV5> {
  return object.way.process === "read";
}

export function isPerEmail(object: CatalogObject): object is PerEmailObject {
  return object.way.process === "email";
}

/** The zone of an object's timestamps: v3/v4 use the API user's, v5's are written as UTC. */
export function zoneOf({ way }: CatalogObject, userZone: string): string {
  return way.api === "v5" ? "UTC" : userZone;
}

/** How an object is exported; undefined when it is not. */
export function exportOf({ way }: CatalogObject): ExportWay | undefined {
  return way.api === "v4" || way.process === "bulk" ? way.export : undefined;
}

/** How the custom fields of an object are listed; undefined when it has none. */
export function customFieldsOf({ way }: CatalogObject): CustomFieldsV4 | CustomFieldsV5 | undefined {
  return ("customFields" in way ? way.customFields : null) ?? undefined;
}
