import type { ColumnType } from "../../catalog/catalog.ts";

/** Table of the loaded files, independent of the tool's own state. */
export const LOADS = "_PARDOT_ETL_LOADS";
/** Table of the row count of each table after its last load, and of the committed files that it accounts for. */
export const TABLES = "_PARDOT_ETL_TABLES";
/** Table of the database's business unit. */
export const UNIT = "_PARDOT_ETL_UNIT";

/**
 * Columns of every table in addition to its object's: a row's file, the run whose manifest names it, and the time when
 * it was read at Pardot, in UTC. The last one decides which of two versions of a row stays.
 */
export const FILE_COLUMN = "_pardot_etl_file";
export const RUN_COLUMN = "_pardot_etl_run_id";
export const LANDED_COLUMN = "_pardot_etl_landed_at";
export const OWN_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  [FILE_COLUMN, "VARCHAR"],
  [RUN_COLUMN, "VARCHAR"],
  [LANDED_COLUMN, "TIMESTAMP"],
];

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  integer: "BIGINT",
  number: "DOUBLE",
  boolean: "BOOLEAN",
  datetime: "TIMESTAMP",
  string: "VARCHAR",
  json: "VARCHAR",
};

/**
 * Accepted text of each type. DuckDB's casts alone accept too much: they round 1.5 to 2, read `t` as true, and silently
 * drop the offset of a timestamp.
 */
const PATTERNS: Readonly<Partial<Record<ColumnType, string>>> = {
  integer: String.raw`[+-]?\d+`,
  number: String.raw`[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`,
  boolean: "(?i)true|false|1|0",
  datetime: String.raw`\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?`,
};

/** MySQL's form of "no date", which no warehouse can store: null. */
export const ZERO_DATE = "0000-00-00%";

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlType(type: ColumnType): string {
  return SQL_TYPES[type];
}

/** UTC as a literal; an unknown instant is null. */
export function timestampLiteral(instant: number | null): string {
  return instant === null ? "NULL::TIMESTAMP" : `epoch_ms(${String(instant)})`;
}

/**
 * A staged text as a column's type; null for blank text, and never an error, because `invalidValue` has checked it.
 * `text`: name of the staging column, which needs no quotes.
 */
export function castText(type: ColumnType, text: string): string {
  if (PATTERNS[type] === undefined) return text;
  // All other casts ignore spaces.
  return `TRY_CAST(${type === "boolean" ? `trim(${text})` : text} AS ${SQL_TYPES[type]})`;
}

/** Condition: the staged text does not match its column's type. Null for types that accept any text. */
export function invalidValue(type: ColumnType, text: string): string | null {
  const pattern = PATTERNS[type];
  if (pattern === undefined) return null;
  const name = `trim(${text})`;
  const zeroDate = type === "datetime" ? ` AND ${name} NOT LIKE ${literal(ZERO_DATE)}` : "";
  // Written so that null counts as valid.
  const invalid = `coalesce(${name} <> ''${zeroDate} AND (NOT regexp_full_match(${name}, ${literal(pattern)}) OR ${castText(type, text)} IS NULL), false)`;
  const canonical = isCanonical(type, text);
  return canonical === null ? invalid : `CASE WHEN ${canonical} THEN false ELSE ${invalid} END`;
}

/**
 * Condition that is true for nearly all values and proves them valid: they are the same after a cast and back. It costs
 * a quarter of the time of a regular expression (measured: 0.7 instead of 3.2 s for 600,000 activities).
 */
function isCanonical(type: ColumnType, name: string): string | null {
  const writtenOut = `${castText(type, name)}::VARCHAR`;
  if (type === "integer") return `${name} IS NOT DISTINCT FROM ${writtenOut}`;
  // The length excludes `infinity` and fractions.
  if (type === "datetime") return `length(${name}) = 19 AND ${name} = ${writtenOut}`;
  return null;
}
