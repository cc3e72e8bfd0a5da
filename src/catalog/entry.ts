import { assert } from "../errors.ts";
import { COLUMN_TYPES } from "./catalog.ts";
import type {
  AccessV4,
  BulkV4,
  CatalogObject,
  Column,
  EmailV4,
  Evidence,
  ExportProcedure,
  ExportV4,
  PerEmailV4,
  QueryV4,
  RangeField,
  RangeFilter,
  SegmentedV4,
} from "./catalog.ts";

// The words that catalog entries are written in. An entry states only what departs from the defaults here.

interface Entry<Way extends AccessV4> extends Pick<CatalogObject<Way>, "columns" | "watermark" | "v4" | "notes"> {
  /** Default `id`. */
  readonly key?: string;
  /** Default true. */
  readonly core?: boolean;
}

export function object<Way extends AccessV4>(
  name: string,
  { columns: list, watermark, v4, notes, key = "id", core = true }: Entry<Way>,
): CatalogObject<Way> {
  const table = `PARDOT_${name.toUpperCase()}`;
  return { name, table, core, columns: list, key, watermark, deletes: false, v4, notes };
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

interface QueryWords extends Partial<Pick<QueryV4, "output" | "parameters" | "evidence">> {
  readonly format: QueryV4["format"];
  readonly filters: readonly RangeField[];
  /** Separated by blanks. */
  readonly sortBy: string;
}

/** Defaults: `output=bulk`, no further parameters, the vendor's largest page, documented. */
export function query(words: QueryWords): QueryV4 {
  return {
    format: words.format,
    output: words.output ?? "bulk",
    parameters: words.parameters ?? {},
    filters: Object.fromEntries(words.filters.map((field) => [field, RANGE_FILTERS[field]])),
    sortBy: words.sortBy.split(" "),
    limit: 200,
    evidence: words.evidence ?? "documented",
  };
}

/** Read by the query. */
export function queried(urlName: string, words: QueryWords): SegmentedV4 {
  return { urlName, dataKey: urlName, process: "segmented", query: query(words) };
}

interface ExportWords extends Pick<BulkV4, "export" | "customFields" | "emailPairs"> {
  /** Default: as in the address. */
  readonly dataKey?: string;
  readonly query: QueryWords;
}

/** Read by exports. */
export function exported(urlName: string, { dataKey = urlName, query: words, ...rest }: ExportWords): BulkV4 {
  return { urlName, dataKey, process: "bulk", query: query(words), ...rest };
}

/** `procedures`: in order of preference. */
export function bulkExport(name: string, historyField: RangeField, procedures: readonly ExportProcedure[]): ExportV4 {
  // The vendor allows a year; a day less stays inside it across leap years and daylight saving.
  return { object: name, procedures, fieldsMax: 150, windowDaysMax: 364, historyField };
}

/** `filter_by_created_at` or `filter_by_updated_at`. */
export function by(field: RangeField, evidence: Evidence): ExportProcedure {
  return { name: `filter_by_${field}`, field, range: RANGE_FILTERS[field], arguments: {}, evidence };
}

/** One read for each list email. */
export function perEmail(dataKey: string, email: EmailV4): PerEmailV4 {
  return { urlName: "email", dataKey, process: "email", readFormat: "xml", email };
}
