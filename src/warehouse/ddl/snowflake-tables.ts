import type { Column, ColumnType } from "../../catalog/catalog.ts";
import { pluralize } from "../../text.ts";
import { MANIFESTS, METADATA } from "./snowflake-load.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { quoted, tableName, text, upper } from "./statement.ts";

/** Raw tables in Snowflake: every version that ever landed; and the view of each record's newest version. */

const TYPES: Readonly<Record<ColumnType, string>> = {
  integer: "NUMBER(38,0)",
  number: "NUMBER(38,6)",
  boolean: "BOOLEAN",
  datetime: "TIMESTAMP_NTZ(0)",
  string: "VARCHAR",
  // A VARIANT loaded from CSV would hold the text. The view parses it.
  json: "VARCHAR",
};

export const DELETED = "_PARDOT_ETL_DELETED";
/** Name of the view that tells up to when always-whole objects are read and loaded whole. */
export const WHOLE = "PARDOT_ETL_WHOLE";

export function viewName(object: Pick<DdlObject, "table">): string {
  return `${upper(object.table)}_CURRENT`;
}

/** Nothing is a key or NOT NULL: that could only keep files out. */
export function table(object: DdlObject): Statement {
  const columns = [
    ...object.columns.map((column) => `${quoted(column.name)} ${TYPES[column.type]}`),
    ...METADATA.map(([name, type]) => `${quoted(name)} ${type}`),
  ];
  const times = object.columns.some(({ type }) => type === "datetime") ? ` Times are in ${object.zone}.` : "";
  const comment = `${object.name} of Pardot by API ${object.api}: every version that landed.${times} ${viewName(object)} has the newest of each.`;
  const sql = `CREATE TABLE IF NOT EXISTS ${tableName(object.table)} (\n  ${columns.join(",\n  ")}\n) COMMENT = ${text(comment)}`;
  return { kind: "table", name: upper(object.table), sql };
}

/** Statements that are named in a message. */
const ADDED_MAX = 5;

/** The statements that add columns to a table, for a message. */
export function addedBy(object: Pick<DdlObject, "table">, columns: readonly Column[]): string {
  const added = columns.slice(0, ADDED_MAX).map(({ name, type }) => addColumn(object, name, TYPES[type]).sql);
  const more = columns.length - added.length;
  return [...added, ...(more > 0 ? [`… (${pluralize(more, "more column")})`] : [])].join("; ");
}

function addColumn(object: Pick<DdlObject, "table">, name: string, type: string): Statement {
  const sql = `ALTER TABLE ${tableName(object.table)} ADD COLUMN IF NOT EXISTS ${quoted(name)} ${type}`;
  return { kind: "column", name: `${upper(object.table)}.${upper(name)}`, sql };
}

/** For a table that is there already: the columns of `wanted`, or those that a table made earlier or by hand may lack. */
export function addedColumns(object: DdlObject, wanted?: ReadonlySet<string>): readonly Statement[] {
  const columns = wanted === undefined ? object.columns.slice(object.core) : object.columns;
  const all: readonly (readonly [string, string])[] = [
    ...columns.map(({ name, type }): [string, string] => [name, TYPES[type]]),
    ...METADATA.map(([name, type]): [string, string] => [name, type]),
  ];
  const added = all.filter(([name]) => wanted?.has(upper(name)) ?? true);
  return added.map(([name, type]) => addColumn(object, name, type));
}

/**
 * R1, the order of a record's versions, newest first: the clock hour of the watermark, then the file that landed later,
 * then the later record. Not the watermark itself: in the hour that the end of summer time repeats, the older version may
 * have the later one, and versions of the same second are ordered by nothing else. Not the landing alone: an export that
 * a later run takes over lands after newer data. Not the loading: pipes load in any order.
 */
export function newestFirst(watermark: string | null, qualifier: string): string {
  const hour = watermark === null ? [] : [`DATE_TRUNC('HOUR', ${qualifier}${quoted(watermark)}) DESC NULLS LAST`];
  const landed = ["_PARDOT_ETL_LANDED_AT", "_PARDOT_ETL_FILE", "_PARDOT_ETL_ROW"];
  return [...hour, ...landed.map((name) => `${qualifier}${quoted(name)} DESC NULLS LAST`)].join(", ");
}

function isNewest(object: Pick<DdlObject, "key" | "watermark">, qualifier: string): string {
  const order = newestFirst(object.watermark, qualifier);
  return `QUALIFY ROW_NUMBER() OVER (PARTITION BY ${qualifier}${quoted(object.key)} ORDER BY ${order}) = 1`;
}

/** Before all times. */
const NEVER = "'0001-01-01'::TIMESTAMP_NTZ";

/** Where the deletion of a record is known: the expression, and what is joined for it. */
function deletion(object: DdlObject): { readonly sql: string; readonly join: string } | null {
  const { deletes } = object;
  if (deletes === null) return null;
  if (deletes.by === "column") return { sql: `COALESCE(T.${quoted("is_deleted")}, FALSE)`, join: "" };
  if (deletes.by === "whole") {
    // The end of the reading is in the name of each of its files. Until the newest one is loaded whole, nothing is gone.
    const until = `SPLIT_PART(SPLIT_PART(T."_PARDOT_ETL_FILE", '/', -1), '_', 4)`;
    const whole = `(SELECT MAX(W."UNTIL") FROM ${WHOLE} AS W WHERE W."TABLE_NAME" = ${text(upper(object.table))})`;
    return { sql: `COALESCE(${until} < ${whole}, FALSE)`, join: "" };
  }
  const { key, table: gone } = deletes;
  const hour = (alias: string, column: string): string =>
    `COALESCE(DATE_TRUNC('HOUR', ${alias}.${quoted(column)}), ${NEVER})`;
  const landed = (alias: string): string => `COALESCE(${alias}."_PARDOT_ETL_LANDED_AT", ${NEVER})`;
  const [was, is] = [hour("D", "updated_at"), hour("T", object.watermark ?? "updated_at")];
  const columns = [key, "updated_at", "_PARDOT_ETL_LANDED_AT"].map((name) => `G.${quoted(name)}`).join(", ");
  const newest = isNewest({ key, watermark: "updated_at" }, "G.");
  return {
    // A record that was restored has a version that is later than its deletion.
    sql: `D.${quoted(key)} IS NOT NULL AND (${was} > ${is} OR (${was} = ${is} AND ${landed("D")} >= ${landed("T")}))`,
    join: `\n  LEFT JOIN (SELECT ${columns} FROM ${tableName(gone)} AS G\n    ${newest}) AS D ON D.${quoted(key)} = T.${quoted(object.key)}`,
  };
}

export function isMetadata(name: string): boolean {
  return METADATA.some(([each]) => each === name);
}

/** The columns of the raw table, as Snowflake keeps their names. */
export function tableColumns({ columns }: DdlObject): readonly string[] {
  return [...columns.map(({ name }) => upper(name)), ...METADATA.map(([name]) => name)];
}

/** Those of the view of the newest versions. */
export function viewColumns(object: DdlObject): readonly string[] {
  return [...tableColumns(object), ...(object.deletes === null ? [] : [DELETED])];
}

/** The newest version of each record. Its columns are listed, because a view of `*` fails once its table has another one. */
export function view(object: DdlObject): Statement {
  const deleted = deletion(object);
  const columns = [
    ...object.columns.map((column) => selected(column)),
    ...METADATA.map(([name]) => `T.${quoted(name)}`),
    ...(deleted === null ? [] : [`${deleted.sql} AS ${quoted(DELETED)}`]),
  ];
  const sql = [
    `CREATE OR REPLACE VIEW ${tableName(viewName(object))} COPY GRANTS AS`,
    `  SELECT\n    ${columns.join(",\n    ")}`,
    `  FROM ${tableName(object.table)} AS T${deleted?.join ?? ""}`,
    `  ${isNewest(object, "T.")}`,
  ].join("\n");
  return { kind: "view", name: viewName(object), sql };
}

function selected({ name, type }: Column): string {
  const column = `T.${quoted(name)}`;
  return type === "json" ? `TRY_PARSE_JSON(${column}) AS ${quoted(name)}` : column;
}

export function manifestsTable(): Statement {
  const metadata = METADATA.filter(([name]) => name !== "_PARDOT_ETL_ROW").map(
    ([name, type]) => `${quoted(name)} ${type}`,
  );
  const sql = `CREATE TABLE IF NOT EXISTS ${MANIFESTS} (\n  "MANIFEST" VARIANT,\n  ${metadata.join(",\n  ")}\n) COMMENT = 'One row for each manifest of pardot-etl: what a run has committed.'`;
  return { kind: "table", name: MANIFESTS, sql };
}
