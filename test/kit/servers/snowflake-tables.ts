import type { Refusal } from "./snowflake-login.ts";

/**
 * The tables of the stand-in and the statements it understands: those that the warehouse sends, by their shape. What a
 * statement says is worked out from the rows, so a statement that asks for the wrong thing gets the wrong answer.
 * Messages and codes: vendor docs and community articles on each error.
 */
export interface SnowflakeTable {
  /** Type of the timestamps (NTZ); TZ values end in an offset (`2026-01-02 03:04:05 +0200`), LTZ values are UTC. */
  readonly timestamps?: "NTZ" | "TZ" | "LTZ" | "TEXT";
  /** Values by column, as text; null is null. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  /** Columns; without them those of the rows, and any when there are none. */
  readonly columns?: readonly string[];
  /** What its loads had to say: `COPY_HISTORY`. */
  readonly history?: readonly CopyHistory[];
}

/** One file that a pipe did not take whole. `at`: UTC. */
export interface CopyHistory {
  readonly file: string;
  readonly at: string;
  readonly message: string | null;
  readonly line: number | null;
  readonly column: string | null;
}

const SCHEMA = "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = CURRENT_SCHEMA()";
const HISTORY =
  /^SELECT SPLIT_PART\(FILE_NAME, '\/', -1\), TO_VARCHAR\(CONVERT_TIMEZONE\('UTC', LAST_LOAD_TIME\), 'YYYY-MM-DD HH24:MI:SS'\), FIRST_ERROR_MESSAGE, TO_VARCHAR\(FIRST_ERROR_LINE_NUMBER\), FIRST_ERROR_COLUMN_NAME FROM TABLE\(INFORMATION_SCHEMA\.COPY_HISTORY\(TABLE_NAME => '"([^']+)"', START_TIME => DATEADD\('DAY', -13, CURRENT_TIMESTAMP\(\)\)\)\) WHERE FIRST_ERROR_MESSAGE IS NOT NULL ORDER BY LAST_LOAD_TIME DESC$/;
const BY_FILE =
  /^SELECT SPLIT_PART\("_PARDOT_ETL_FILE", '\/', -1\), TO_VARCHAR\(COUNT\(\*\)\), TO_VARCHAR\(CONVERT_TIMEZONE\('UTC', MAX\("_PARDOT_ETL_LOADED_AT"\)\), 'YYYY-MM-DD HH24:MI:SS'\) FROM "[^"]+" GROUP BY 1$/;

export interface SessionPlace {
  readonly role: string | null;
  readonly warehouse: string | null;
  readonly database: string | null;
  readonly schema: string | null;
  /** The session's TIMEZONE. */
  readonly timeZone: string;
}

export interface Result {
  readonly types: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export type Tables = ReadonlyMap<string, SnowflakeTable>;

export function answerStatement(sql: string, place: SessionPlace, tables: Tables): Result | Refusal {
  if (/^SELECT CURRENT_ROLE\(\), CURRENT_WAREHOUSE\(\), CURRENT_DATABASE\(\), CURRENT_SCHEMA\(\)$/.test(sql)) {
    return texts([[place.role, place.warehouse, place.database, place.schema]]);
  }
  if (sql === SCHEMA) {
    const rows = [...tables].flatMap(([table, each]) => columnsOf(each).map((column) => [table, column]));
    return { types: ["text", "text"], rows };
  }
  const name = HISTORY.exec(sql)?.[1] ?? /\bFROM "([^"]+)"/.exec(sql)?.[1];
  if (name === undefined)
    return { code: "001003", message: `SQL compilation error:\nsyntax error: ${sql}`, sqlState: "42000" };
  if (place.database === null || place.schema === null) {
    const message = `Cannot perform SELECT. This session does not have a current ${place.database === null ? "database. Call 'USE DATABASE'" : "schema. Call 'USE SCHEMA'"}, or use a qualified name.`;
    return { code: place.database === null ? "090105" : "090106", message, sqlState: "22000" };
  }
  const table = tables.get(name);
  if (table === undefined) {
    const message = `SQL compilation error:\nObject '${place.database}.${place.schema}.${name}' does not exist or not authorized.`;
    return { code: "002003", message, sqlState: "42S02" };
  }
  if (HISTORY.test(sql)) return historyOf(table);
  const columns = columnsOf(table);
  const asked = [...sql.matchAll(/"([A-Z_]+)"/g)].map(([, column = ""]) => column).filter((column) => column !== name);
  const unknown = columns.length === 0 ? undefined : asked.find((column) => !columns.includes(column));
  if (unknown !== undefined) {
    const message = `SQL compilation error: error line 1 at position 7\ninvalid identifier '"${unknown}"'`;
    return { code: "000904", message, sqlState: "42000" };
  }
  return query(sql, table, place);
}

function columnsOf({ columns, rows }: SnowflakeTable): readonly string[] {
  return columns ?? Object.keys(rows[0] ?? {});
}

function query(sql: string, table: SnowflakeTable, place: SessionPlace): Result | Refusal {
  const state =
    /^SELECT TO_VARCHAR\(COUNT\(\*\)\), (?:NULL, NULL, NULL|TO_VARCHAR\(MAX\(CASE WHEN "([A-Z_]+)"::TIMESTAMP_NTZ <= '([-0-9 :]{19})\.999'::TIMESTAMP_NTZ THEN "\1" END\)::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS'\), TO_VARCHAR\(MAX\(CASE WHEN "\1"::TIMESTAMP_NTZ > '\2\.999'::TIMESTAMP_NTZ THEN "\1" END\)::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS'\), IFF\(FALSE, MAX\("\1"\), NULL\)) FROM "[^"]+"$/.exec(
      sql,
    );
  if (state !== null) {
    const count = String(table.rows.length);
    const [, column, now = ""] = state;
    return column === undefined ? texts([[count, null, null, null]]) : maxOf({ column, now, count }, table, place);
  }
  if (BY_FILE.test(sql)) return byFile(table);
  const pairs =
    /^SELECT TO_VARCHAR\(L\), TO_VARCHAR\(MIN\(E\)\) FROM \(SELECT TRY_TO_NUMBER\(TO_VARCHAR\("LIST_EMAIL_ID"\)\) AS L, TRY_TO_NUMBER\(TO_VARCHAR\("EMAIL_ID"\)\) AS E FROM "[^"]+"\) WHERE L IS NOT NULL AND E IS NOT NULL GROUP BY L ORDER BY L$/;
  if (pairs.test(sql)) {
    const least = new Map<number, number>();
    for (const row of table.rows) {
      const list = tryNumber(row["LIST_EMAIL_ID"]);
      const email = tryNumber(row["EMAIL_ID"]);
      if (list !== null && email !== null) least.set(list, Math.min(email, least.get(list) ?? email));
    }
    return texts([...least].toSorted(([a], [b]) => a - b).map(([list, email]) => [String(list), String(email)]));
  }
  if (
    /^SELECT DISTINCT TO_VARCHAR\((TRY_TO_NUMBER\(TO_VARCHAR\("LIST_EMAIL_ID"\)\))\) FROM "[^"]+" WHERE \1 IS NOT NULL$/.test(
      sql,
    )
  ) {
    const ids = table.rows.map((row) => tryNumber(row["LIST_EMAIL_ID"])).filter((id) => id !== null);
    return texts([...new Set(ids)].map((id) => [String(id)]));
  }
  return { code: "001003", message: `SQL compilation error:\nthe stand-in does not know: ${sql}`, sqlState: "42000" };
}

function historyOf({ history = [] }: SnowflakeTable): Result {
  const errors = history
    .filter(({ message }) => message !== null)
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .map(({ file, at, message, line, column }) => [
      file.split("/").at(-1) ?? null,
      at,
      message,
      line === null ? null : String(line),
      column,
    ]);
  return { types: Array.from({ length: 5 }, () => "text"), rows: errors };
}

function byFile({ rows }: SnowflakeTable): Result {
  const groups = new Map<string | null, { count: number; newest: string | null }>();
  for (const row of rows) {
    const name = row["_PARDOT_ETL_FILE"]?.split("/").at(-1) ?? null;
    const loadedAt = row["_PARDOT_ETL_LOADED_AT"] ?? null;
    const group = groups.get(name) ?? { count: 0, newest: null };
    group.count += 1;
    if (loadedAt !== null && loadedAt > (group.newest ?? "")) group.newest = loadedAt;
    groups.set(name, group);
  }
  const lines = Array.from(groups, ([name, { count, newest }]) => [name, String(count), newest]);
  return { types: ["text", "text", "text"], rows: lines };
}

function maxOf(
  { column, now, count }: { readonly column: string; readonly now: string; readonly count: string },
  table: SnowflakeTable,
  place: SessionPlace,
): Result | Refusal {
  const kind = table.timestamps ?? "NTZ";
  const values = table.rows.map((row) => row[column] ?? null).filter((value) => value !== null);
  const type = kind === "TEXT" ? "text" : `timestamp_${kind.toLowerCase()}`;
  // Each row is cast for the comparison, so one that is no time fails the statement wherever it is.
  const garbage = kind === "TEXT" ? values.find((value) => Number.isNaN(Date.parse(value))) : undefined;
  if (garbage !== undefined) {
    return { code: "100035", message: `Timestamp '${garbage}' is not recognized`, sqlState: "22007" };
  }
  const greatest = (isWanted: (wall: string) => boolean): string | null => {
    const wanted = values.filter((value) => isWanted(wallClock(kind, value, place.timeZone)));
    const [max = null] = wanted.toSorted((a, b) => compare(kind, b, a));
    return max === null ? null : wallClock(kind, max, place.timeZone);
  };
  const row = [count, greatest((wall) => wall <= now), greatest((wall) => wall > now), null];
  return { types: ["text", "text", "text", type], rows: [row] };
}

/** Text by its characters, times with a zone by the instant. */
function compare(kind: "NTZ" | "TZ" | "LTZ" | "TEXT", a: string, b: string): number {
  if (kind === "TZ") return instant(a) - instant(b);
  return a < b ? -1 : Number(a > b);
}

function instant(text: string): number {
  const [day = "", time = "", offset = "+0000"] = text.split(" ");
  return Date.parse(`${day}T${time}${offset.slice(0, 3)}:${offset.slice(3)}`);
}

/** `::TIMESTAMP_NTZ`: drops an offset; a local-time-zone value shows in the session's zone. */
function wallClock(kind: "NTZ" | "TZ" | "LTZ" | "TEXT", text: string, timeZone: string): string {
  if (kind !== "LTZ") return text.replace("T", " ").slice(0, 19);
  const shown = new Date(`${text.replace(" ", "T")}Z`).toLocaleString("sv-SE", { timeZone });
  return shown.replace("T", " ").slice(0, 19);
}

function tryNumber(value: string | null | undefined): number | null {
  return value !== null && value !== undefined && /^-?\d+$/.test(value.trim()) ? Number(value) : null;
}

function texts(rows: Result["rows"]): Result {
  return { types: (rows[0] ?? ["", ""]).map(() => "text"), rows };
}
