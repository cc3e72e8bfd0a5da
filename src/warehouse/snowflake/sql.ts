import type { CatalogObject } from "../../catalog/catalog.ts";
import type { LocalText } from "../../time/instant.ts";
import { ACTIVITY_TABLE, EMAIL_TABLE } from "../email-tables.ts";

/** What the session has, null for what does not exist or may not be used. */
export const SESSION_SQL = "SELECT CURRENT_ROLE(), CURRENT_WAREHOUSE(), CURRENT_DATABASE(), CURRENT_SCHEMA()";

/**
 * One row: how many rows there are, the newest watermark up to `now` and the newest later one as text, and a null of the
 * watermark's type. The cast to TIMESTAMP_NTZ keeps the wall clock of TIMESTAMP_NTZ and TIMESTAMP_TZ as it is in the
 * table, whatever the session's zone (vendor docs, date and time data types); text is parsed, and the greatest text is
 * never later than the latest time. TIMESTAMP_LTZ alone is shown in the session's zone: the type says so.
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

/** List e-mails of visitor activities, each with its smallest e-mail id, smallest list e-mail first. */
export const EMAIL_PAIRS_SQL: string = [
  "SELECT TO_VARCHAR(L), TO_VARCHAR(MIN(E))",
  `FROM (SELECT ${idNumber("list_email_id")} AS L, ${idNumber("email_id")} AS E FROM ${identifier(ACTIVITY_TABLE)})`,
  "WHERE L IS NOT NULL AND E IS NOT NULL GROUP BY L ORDER BY L",
].join(" ");

/** The list e-mails whose e-mail stands in its table. */
export const KNOWN_EMAILS_SQL: string = [
  `SELECT DISTINCT TO_VARCHAR(${idNumber("list_email_id")}) FROM ${identifier(EMAIL_TABLE)}`,
  `WHERE ${idNumber("list_email_id")} IS NOT NULL`,
].join(" ");

/** An id as a number, whether its column is a number or text: as text, 9 would be greater than 10. */
function idNumber(column: string): string {
  return `TRY_TO_NUMBER(TO_VARCHAR(${identifier(column)}))`;
}

/** Tables and columns are created with unquoted names, which Snowflake keeps in upper case. */
function identifier(name: string): string {
  return `"${name.toUpperCase().replaceAll('"', '""')}"`;
}
