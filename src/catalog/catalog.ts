/**
 * The catalogue's vocabulary: what Pardot objects exist and how each is read, as plain data. An entry is all a new
 * object needs; nothing elsewhere in the code names an object.
 */

/** How sure we are, as in the dossiers: vendor documentation, recorded answers, inferred, unconfirmed. */
export const EVIDENCE = ["documented", "recorded", "inferred", "unconfirmed"] as const;
export type Evidence = (typeof EVIDENCE)[number];

export const COLUMN_TYPES = ["integer", "number", "boolean", "datetime", "string", "json"] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export interface Column {
  /** The name in the file and in the table. */
  readonly name: string;
  readonly type: ColumnType;
  /**
   * Path of the value in an answer, steps joined by dots (`campaign.id`); the column's name when left out. `[]` at the
   * end: one or many, always written as a list.
   */
  readonly wire?: string;
  /** For a json column that is a list of records: what each of them holds, in this order. */
  readonly items?: readonly Column[];
}

/** A field that a range can be cut on. */
export type RangeField = "created_at" | "updated_at";

/** Names of the two bounds of one filter. Both bounds are exclusive at Pardot. */
export interface RangeFilter {
  readonly after: string;
  readonly before: string;
}

/** Query of v3/v4: pages of `limit` records by ascending id inside a fixed window. */
export interface QueryV4 {
  readonly format: "xml" | "json";
  readonly output: "full" | "simple" | "mobile" | "bulk";
  /** Parameters that go with every page. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Server-side range filters by field; a field that is missing here is filtered by us. */
  readonly filters: { readonly [field in RangeField]?: RangeFilter };
  /** Fields that `sort_by` takes. */
  readonly sortBy: readonly string[];
  /** Records per page; the vendor's maximum is 200. */
  readonly limit: number;
  readonly evidence: Evidence;
}

/** One way to select the records of an export. */
export interface ExportProcedure {
  readonly name: string;
  readonly field: RangeField;
  readonly range: RangeFilter;
  /** Arguments that go with every export. */
  readonly arguments: Readonly<Record<string, string | boolean>>;
  readonly evidence: Evidence;
}

/** Export API of v3/v4. */
export interface ExportV4 {
  /** The object's name in the body of `create`. */
  readonly object: string;
  /** In order of preference for each field. */
  readonly procedures: readonly ExportProcedure[];
  /** Fields one export may name (150). */
  readonly fieldsMax: number;
  /** Longest window in days that is asked for; the vendor allows a year. */
  readonly windowDaysMax: number;
  /** The field the first whole history is cut on; later runs use the watermark. */
  readonly historyField: RangeField;
  /** What takes over where Pardot refuses every procedure; the object fails when left out. */
  readonly whenRefused?: "query";
}

/** How the fields that only this account has are found out, on each run. */
export type CustomFieldsV4 =
  | {
      /** A query whose records are the custom fields. */
      readonly by: "query";
      readonly urlName: string;
      readonly dataKey: string;
      readonly query: QueryV4;
      /** The key of a record that holds the field's name in answers and exports. */
      readonly name: string;
    }
  | {
      /** `describe`, which lists standard fields too: a core column that it does not list is null. */
      readonly by: "describe";
      /** Core columns that every account has, whether they are listed or not. */
      readonly always: readonly string[];
    };

/** How one API version reaches an object. */
export interface AccessV4 {
  /** The object in the address: `visitorActivity`. */
  readonly urlName: string;
  /** The key of its records in an answer: `visitor_activity`. */
  readonly dataKey: string;
  readonly process: "bulk" | "segmented" | "read" | "email";
  readonly query?: QueryV4;
  readonly export?: ExportV4;
  /** Left out or null: the object has none, or an operator does not want them. */
  readonly customFields?: CustomFieldsV4 | null;
  /** Format of a single read (process `read`) or of a read by id (process `email`). */
  readonly readFormat?: "xml" | "json";
  /** How one record of process `email` is read. */
  readonly email?: EmailV4;
  /** Columns whose pairs lead to e-mails: v3/v4 has no other list of them. */
  readonly emailPairs?: { readonly listEmail: string; readonly email: string };
}

/** One request for each list e-mail (1.4 of the contract): v3/v4 cannot query e-mails. */
export interface EmailV4 {
  readonly operation: "read" | "stats";
  /** Which id stands in the address: the smallest e-mail id of the list e-mail, or the list e-mail's own. */
  readonly by: "email" | "listEmail";
  /** Column that takes the list e-mail's id, which no answer holds (pardot/api-docs issue 158). */
  readonly listEmailColumn: string;
  /** `new`: each list e-mail once; `active`: each one with activity since it was last read. */
  readonly which: "new" | "active";
}

export interface CatalogObject {
  /** The folder in the destination and the name on the command line: `VisitorActivity`. */
  readonly name: string;
  /** `PARDOT_` + the name in upper case. */
  readonly table: string;
  /** Whether `core` selects it. */
  readonly core: boolean;
  readonly columns: readonly Column[];
  /** Column that identifies a record. */
  readonly key: string;
  /** Column whose MAX in the warehouse starts the next range; null: always whole. */
  readonly watermark: RangeField | null;
  /** Whether deleted records can be told from the answers. */
  readonly deletes: boolean;
  readonly v4: AccessV4;
  /** What is worth knowing, with the source of each vendor fact. */
  readonly notes: readonly string[];
}
