import type { CatalogObject } from "../../catalog/catalog.ts";
import type { LocalText } from "../../time/instant.ts";

/** Role, warehouse, database and schema of the session; null where it does not exist or may not be used. */
export const SESSION_SQL = "SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA()";

/**
 * One row: the table's row count, the newest watermark up to `now` and the newest later one as text, and a null of the
 * watermark's type. The cast to TIMESTAMP_NTZ keeps the wall clock of TIMESTAMP_NTZ and TIMESTAMP_TZ as it is in the
 * table, whatever the session's zone (vendor docs, date and time data types). Text is parsed, and the greatest text is
 * never later than the latest time. Only TIMESTAMP_LTZ is shown in the session's zone: the type reveals it.
 */
export function tableStateSql(object: CatalogObject, now: LocalText): string {
  const { watermark } = object;
  const columns = watermark === null ? ["NULL", "NULL", "NULL"] : watermarkColumns(identifier(watermark), now);
  return `SELECT TO_VARCHAR(COUNT(*)), ${columns.join(", ")} FROM ${identifier(object.table)}`;
}

function watermarkColumns(column: string, now: LocalText): readonly string[] {
  const greatest = (comparison: "<=" | ">"): string => {
    const isWanted = `${column}::TIMESTAMP_NTZ ${comparison} '${now}.999'::TIMESTAMP_NTZ`;
    return `TO_VARCHAR(MAX(CASE WHEN ${isWanted} THEN ${column} END)::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS')`;
  };
  return [greatest("<="), greatest(">"), `IFF(FALSE, MAX(${column}), NULL)`];
}

/** Table or view, and column: those that the role has any privilege on (vendor docs, COLUMNS view). */
export const SCHEMA_SQL =
  "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = CURRENT_SCHEMA()";

/** The name of each file of which the table has rows, null for unrecorded ones; how many; when the last were loaded. */
export function loadedFilesSql(table: string): string {
  const loaded = `TO_VARCHAR(CONVERT_TIMEZONE('UTC', MAX("_PARDOT_ETL_LOADED_AT")), 'YYYY-MM-DD HH24:MI:SS')`;
  return `SELECT SPLIT_PART("_PARDOT_ETL_FILE", '/', -1), TO_VARCHAR(COUNT(*)), ${loaded} FROM ${identifier(table)} GROUP BY 1`;
}

/**
 * Files of which Snowflake did not take every row, newest first: name, time, and the first error with its place. The
 * vendor keeps 14 days, and any privilege on the table is enough (vendor docs, COPY_HISTORY).
 */
export function refusalsSql(table: string): string {
  const name = identifier(table).replaceAll("'", "''");
  return [
    "SELECT SPLIT_PART(FILE_NAME, '/', -1), TO_VARCHAR(CONVERT_TIMEZONE('UTC', LAST_LOAD_TIME), 'YYYY-MM-DD HH24:MI:SS'),",
    "FIRST_ERROR_MESSAGE, TO_VARCHAR(FIRST_ERROR_LINE_NUMBER), FIRST_ERROR_COLUMN_NAME",
    `FROM TABLE(INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => '${name}', START_TIME => DATEADD('DAY', -13, CURRENT_TIMESTAMP())))`,
    "WHERE FIRST_ERROR_MESSAGE IS NOT NULL ORDER BY LAST_LOAD_TIME DESC",
  ].join(" ");
}

/** Each id in `group` with the least id in `value`, least group first. */
export function leastBySql(table: string, group: string, value: string): string {
  return [
    "SELECT TO_VARCHAR(L), TO_VARCHAR(MIN(E))",
    `FROM (SELECT ${idNumber(group)} AS L, ${idNumber(value)} AS E FROM ${identifier(table)})`,
    "WHERE L IS NOT NULL AND E IS NOT NULL GROUP BY L ORDER BY L",
  ].join(" ");
}

/** The ids in a column, each once. */
export function keysSql(table: string, column: string): string {
  const id = idNumber(column);
  return `SELECT DISTINCT TO_VARCHAR(${id}) FROM ${identifier(table)} WHERE ${id} IS NOT NULL`;
}

/** An id as a number, also where its column is text: as text, 9 would be greater than 10. */
function idNumber(column: string): string {
  return `TRY_TO_NUMBER(TO_VARCHAR(${identifier(column)}))`;
}

/** Tables and columns are created with unquoted names, which Snowflake keeps in upper case. */
function identifier(name: string): string {
  return `"${name.toUpperCase().replaceAll('"', '""')}"`;
}
