import { assert } from "../errors.ts";
import { COLUMN_TYPES } from "./catalog.ts";
import { camelCase } from "./versions.ts";
import type {
  AccessV4,
  AccessV5,
  BulkV4,
  CatalogEntry,
  CollectionV5,
  Column,
  CustomFieldsV5,
  EmailV4,
  Evidence,
  ExportProcedure,
  ExportWay,
  PerEmailV4,
  QueryV4,
  QueryV5,
  RangeField,
  RangeFilter,
  SegmentedV4,
} from "./catalog.ts";

// Functions that catalog entries are written with. An entry states only what differs from the defaults here.

interface Entry extends Pick<CatalogEntry, "columns" | "watermark" | "notes"> {
  /** Default null, as `v5`. */
  readonly v4?: AccessV4;
  readonly v5?: AccessV5;
  /** Default `id`. */
  readonly key?: string;
  /** Default true. */
  readonly core?: boolean;
  /** Default: v4 for core objects. */
  readonly auto?: CatalogEntry["auto"];
  /** Default false. */
  readonly deletes?: boolean;
}

export function object(name: string, entry: Entry): CatalogEntry {
  const { columns: list, watermark, v4 = null, v5 = null, notes, key = "id", core = true } = entry;
  const { auto = core ? "v4" : "v5", deletes = false } = entry;
  const table = `PARDOT_${name.toUpperCase()}`;
  return { name, table, core, auto, columns: list, key, watermark, deletes, v4, v5, notes };
}

/** `id:integer name campaign_id:integer@campaign.id`: names with type (default string) and path in a response. */
export function columns(text: string): readonly Column[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [, name, typeName = "string", wire] = /^(\w+)(?::(\w+))?(?:@([\w.[\]]+))?$/.exec(word) ?? [];
      const type = COLUMN_TYPES.find((known) => known === typeName);
      assert(name !== undefined && type !== undefined, `${word} is a column of the catalog`);
      return { name, type, ...(wire === undefined ? {} : { wire }) };
    });
}

/** The bounds that most v4 queries and exports share; both exclusive (pardot/api-docs since May 2020). */
export const RANGE_FILTERS: Readonly<Record<RangeField, RangeFilter>> = {
  created_at: { after: "created_after", before: "created_before" },
  updated_at: { after: "updated_after", before: "updated_before" },
};

interface QueryWords extends Partial<Pick<QueryV4, "output" | "parameters" | "evidence" | "parents">> {
  readonly format: QueryV4["format"];
  readonly filters: readonly RangeField[];
  /** Separated by blanks. */
  readonly sortBy: string;
}

/** Defaults: `output=bulk`, no further parameters, the vendor's largest page, documented. */
export function query(words: QueryWords): QueryV4 {
  return {
    api: "v4",
    format: words.format,
    output: words.output ?? "bulk",
    parameters: words.parameters ?? {},
    filters: Object.fromEntries(words.filters.map((field) => [field, RANGE_FILTERS[field]])),
    sortBy: words.sortBy.split(" "),
    limit: 200,
    evidence: words.evidence ?? "documented",
    ...(words.parents === undefined ? {} : { parents: words.parents }),
  };
}

interface QueriedWords extends QueryWords, Pick<SegmentedV4, "wire" | "deletedOnly"> {
  /** Default: as in the address. */
  readonly dataKey?: string;
}

/** Read by the query. */
export function queried(urlName: string, words: QueriedWords): SegmentedV4 {
  const { dataKey = urlName, wire, deletedOnly } = words;
  return {
    api: "v4",
    urlName,
    dataKey,
    process: "segmented",
    query: query(words),
    ...(wire === undefined ? {} : { wire }),
    ...(deletedOnly === undefined ? {} : { deletedOnly }),
  };
}

interface ExportWords extends Pick<BulkV4, "export" | "customFields" | "emailPairs" | "deletedIn"> {
  /** Default: as in the address. */
  readonly dataKey?: string;
  readonly query: QueryWords;
}

/** Read by exports. */
export function exported(urlName: string, { dataKey = urlName, query: words, ...rest }: ExportWords): BulkV4 {
  return { api: "v4", urlName, dataKey, process: "bulk", query: query(words), ...rest };
}

/** `procedures`: in order of preference. */
export function bulkExport(name: string, historyField: RangeField, procedures: readonly ExportProcedure[]): ExportWay {
  // The vendor allows a year; a day less stays inside it across leap years and daylight saving.
  return { object: name, procedures, fieldsMax: 150, windowDaysMax: 364, historyField };
}

/** `filter_by_created_at` or `filter_by_updated_at`. */
export function by(field: RangeField, evidence: Evidence): ExportProcedure {
  return { name: `filter_by_${field}`, field, range: RANGE_FILTERS[field], arguments: {}, evidence };
}

/** One read for each list email. */
export function perEmail(dataKey: string, email: EmailV4): PerEmailV4 {
  return { api: "v4", urlName: "email", dataKey, process: "email", readFormat: "xml", email };
}

interface CollectionWords extends Partial<Omit<QueryV5, "api" | "path">> {
  readonly wire?: CollectionV5["wire"];
  readonly exports?: ExportWordsV5;
  readonly customFields?: CustomFieldsV5;
  readonly emailPairs?: NonNullable<CollectionV5["emailPairs"]>;
}

/**
 * Read by the query of API v5. `path`: after `/api/v5/objects/`, or after `/api/v5` if it begins with a slash.
 * Defaults: by ascending id, both date filters, no recycle bin, 1,000 records per page.
 */
export function collected(
  path: string,
  { wire = {}, customFields, emailPairs, exports, ...words }: CollectionWords = {},
): CollectionV5 {
  return {
    api: "v5",
    process: "segmented",
    urlName: path.replace("/", ""),
    query: queryV5(path, words),
    wire,
    ...(customFields === undefined ? {} : { customFields }),
    ...(emailPairs === undefined ? {} : { emailPairs }),
    ...(exports === undefined ? {} : { export: exportV5(exports, words.deleted === true) }),
  };
}

/** What an export of API v5 takes: its name of the object, and the fields that its time ranges are on. */
interface ExportWordsV5 {
  readonly object: string;
  readonly by: readonly RangeField[];
}

/**
 * Exports of API v5: arguments of the AWS Glue connector manual, which cites the vendor's page. Whether the procedures are
 * spelled as in v4 or in camel case is not documented, so the second takes over where the first is refused.
 */
function exportV5({ object: name, by: fields }: ExportWordsV5, isDeletedToo: boolean): ExportWay {
  const procedures = fields.flatMap((field) => {
    const word = field.replace("_at", "");
    const range = { after: `${word}After`, before: `${word}Before` };
    const own = { field, range, arguments: isDeletedToo ? { deleted: "all" } : {}, evidence: "unconfirmed" } as const;
    return [`filter_by_${field}`, camelCase(`filter_by_${field}`)].map((spelled) => ({ name: spelled, ...own }));
  });
  // Every record has a created_at; old ones may lack the other.
  return { ...bulkExport(name, "created_at", procedures), whenRefused: "query" };
}

/** For objects whose exports select by either date. */
export const BY_BOTH: readonly RangeField[] = ["created_at", "updated_at"];

function queryV5(path: string, words: Partial<Omit<QueryV5, "api" | "path">>): QueryV5 {
  const {
    order = "id",
    filters = ["created_at", "updated_at"],
    deleted = false,
    split = null,
    parent = null,
    limit = 1000,
  } = words;
  return {
    api: "v5",
    path: path.startsWith("/") ? path.slice(1) : `objects/${path}`,
    order,
    filters,
    deleted,
    split,
    parent,
    limit,
  };
}

interface CollectionEntry extends Partial<Pick<CatalogEntry, "watermark" | "notes">>, CollectionWords {
  /** As in `columnsV5`. */
  readonly columns: string;
  readonly v4?: AccessV4;
}

/** An object that only API v5 has. Default: always read in full. */
export function collection(name: string, path: string, entry: CollectionEntry): CatalogEntry {
  const { columns: list, watermark = null, notes = [], v4, ...words } = entry;
  const filters = words.filters ?? (watermark === null ? [] : [watermark]);
  const v5 = collected(path, { ...words, filters });
  const deletes = words.deleted === true;
  return object(name, {
    columns: columnsV5(list),
    watermark,
    notes,
    core: false,
    deletes,
    v5,
    ...(v4 === undefined ? {} : { v4 }),
  });
}

/** The custom fields of prospects, named in `custom-fields` without the suffix (vendor docs, custom-field-v5). */
export const PROSPECT_FIELDS: CustomFieldsV5 = {
  by: "collection",
  urlName: "custom-fields",
  query: queryV5("custom-fields", {}),
  name: "fieldId",
  suffix: "__c",
};

/**
 * Columns as `columns` reads them, with the vendor's rule for types where none is given: ids are integers (but those of
 * Salesforce and of fields), `_at` is a time, `is_` and `has_` are true or false. `options:json[type,user_id]`: a list
 * of records.
 */
export function columnsV5(text: string): readonly Column[] {
  return text
    .trim()
    .split(/\s+/)
    .map((word) => {
      const [, name, type, items] = /^(\w+)(?::(\w+))?(?:\[([\w,]+)\])?$/.exec(word) ?? [];
      assert(name !== undefined, `${word} is a column of the catalog`);
      const typed = COLUMN_TYPES.find((known) => known === (type ?? typeByName(name)));
      assert(typed !== undefined, `${word} has a type`);
      return { name, type: typed, ...(items === undefined ? {} : { items: columnsV5(items.replaceAll(",", " ")) }) };
    });
}

function typeByName(name: string): string {
  const isForeignId = name.startsWith("salesforce_") || name === "field_id" || name.endsWith("api_field_id");
  if (name === "id" || (name.endsWith("_id") && !isForeignId)) return "integer";
  if (name.endsWith("_at")) return "datetime";
  return /^(?:is|has)_|^opted_out$|^do_not_sell$/.test(name) ? "boolean" : "string";
}
