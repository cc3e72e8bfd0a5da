import type { Destination } from "../../config/config.ts";
import type { FormatName } from "../../encode/encoder.ts";
import { FORMATS } from "../../encode/formats.ts";
import { castText, identifier, literal } from "../duckdb/sql.ts";
import type { DdlObject, Statement } from "./statement.ts";

/**
 * Views for DuckDB straight over the landed files: nothing is loaded. Of a record they show the version that was read last
 * at Pardot, as the embedded warehouse does, because the manifests say when each file was read.
 */

export interface DuckdbDdl {
  readonly objects: readonly DdlObject[];
  readonly others: readonly DdlObject[];
  readonly destination: Destination;
}

const FILES = "PARDOT_ETL_FILES";
const WHOLE = "PARDOT_ETL_WHOLE";

/** Memory for one manifest, which may name a hundred thousand files. */
const MANIFEST_BYTES_MAX = 100_000_000;
/** Longest record of a landed file. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

/** The extensions for S3 with the AWS SDK's own chain of credentials; the views; none while nothing has landed. */
export function duckdbDdl({ objects, others, destination }: DuckdbDdl): readonly Statement[] {
  const root = rootOf(destination);
  const gone = others.filter(({ table }) => objects.some((object) => goneTable(object) === table));
  const landed = [...gone, ...objects].filter(({ formats }) => formats.length > 0);
  if (landed.length === 0) return [];
  const tables = new Set(landed.map(({ table }) => table));
  // Views of deleted records come first, because others need them.
  const needed = new Set(landed.map(goneTable));
  const ordered = [
    ...landed.filter(({ table }) => needed.has(table)),
    ...landed.filter(({ table }) => !needed.has(table)),
  ];
  return [
    ...(destination.kind === "s3" ? s3() : []),
    files(root),
    whole(root),
    ...ordered.flatMap((object) => [raw(object, root), current(object, tables)]),
  ];
}

/** The table of its deleted records, where it has one. */
function goneTable({ deletes }: DdlObject): string | null {
  return deletes?.by === "table" ? deletes.table : null;
}

function rootOf(destination: Destination): string {
  if (destination.kind === "s3") {
    return `s3://${destination.bucket}/${destination.prefix === "" ? "" : `${destination.prefix}/`}`;
  }
  // A path is a pattern there: its own brackets and stars must not be.
  const path = destination.path.replaceAll(/[[*?]/g, (sign) => `[${sign}]`);
  return path.endsWith("/") ? path : `${path}/`;
}

function s3(): readonly Statement[] {
  const extensions = ["httpfs", "aws"].flatMap((name) => [
    { kind: "extension", name, sql: `INSTALL ${name}` },
    { kind: "extension", name, sql: `LOAD ${name}` },
  ]);
  const secret = "CREATE OR REPLACE SECRET pardot_etl (TYPE s3, PROVIDER credential_chain)";
  return [...extensions, { kind: "secret", name: "pardot_etl", sql: secret }];
}

function view(name: string, body: string): Statement {
  return { kind: "view", name, sql: `CREATE OR REPLACE VIEW ${identifier(name)} AS\n${body}` };
}

function manifests(root: string): string {
  const file = `STRUCT("key" VARCHAR, "rows" BIGINT, sha256 VARCHAR, read_at VARCHAR)[]`;
  const window = `STRUCT(field VARCHAR, "to" VARCHAR, through_id VARCHAR, through_time VARCHAR)[]`;
  const columns = `{run_id: 'VARCHAR', finished_at: 'VARCHAR', objects: 'STRUCT("table" VARCHAR, windows ${window}, files ${file})[]'}`;
  return `read_json(${literal(`${root}_pardot_etl/runs/*/manifest.json`)}, columns = ${columns}, maximum_object_size = ${MANIFEST_BYTES_MAX})`;
}

/** Every committed file: only these count. */
function files(root: string): Statement {
  return view(
    FILES,
    [
      "  SELECT object_table AS table_name, file.key AS file_key, split_part(file.key, '/', -1) AS file_name, max(file.rows) AS rows,",
      "    max(file.sha256) AS sha256, min(run_id) AS run_id, max(file.read_at)::TIMESTAMP AS read_at,",
      "    min(finished_at)::TIMESTAMP AS committed_at",
      "  FROM (SELECT run_id, finished_at, object.table AS object_table, unnest(object.files) AS file",
      `    FROM (SELECT run_id, finished_at, unnest(objects) AS object FROM ${manifests(root)}))`,
      "  GROUP BY ALL",
    ].join("\n"),
  );
}

/** Up to when objects that are always read in full have been read: the end of their newest window that has no rest. */
function whole(root: string): Statement {
  return view(
    WHOLE,
    [
      `  SELECT object_table AS table_name, max(replace(replace(span.to, '-', ''), ':', '')) AS until`,
      "  FROM (SELECT object.table AS object_table, unnest(object.windows) AS span",
      `    FROM (SELECT unnest(objects) AS object FROM ${manifests(root)}))`,
      "  WHERE span.field IS NULL AND span.through_id IS NULL AND span.through_time IS NULL GROUP BY object_table",
    ].join("\n"),
  );
}

/** An instant in the name of a landed file. */
const INSTANT = "????????T??????Z";

/** The names of an object's landed files. Others in its folder are not ours. */
function landedFiles({ name }: DdlObject, root: string, suffix: string): string {
  return literal(`${root}${name}/${name}_*_${INSTANT}_${INSTANT}_*${suffix}`);
}

/** The records of an object's files of one format. Each record has the path of its file and its place in it. */
function records(object: DdlObject, root: string, format: FormatName): string {
  const pattern = landedFiles(object, root, `${FORMATS[format].suffix}${format === "parquet" ? "" : "*"}`);
  const named = "filename = '_pardot_etl_path'";
  switch (format) {
    case "csv": {
      const settings = [
        pattern,
        "header = true, all_varchar = true, union_by_name = true",
        named,
        `delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, strict_mode = true`,
        // Because of line ends inside quotes.
        `parallel = false, max_line_size = ${RECORD_BYTES_MAX}, buffer_size = ${2 * RECORD_BYTES_MAX}`,
      ];
      return `read_csv(${settings.join(", ")})`;
    }
    case "jsonl": {
      const types = object.columns.map(
        (column) => `${identifier(column.name)}: '${column.type === "json" ? "JSON" : "VARCHAR"}'`,
      );
      const settings = [
        pattern,
        `format = 'newline_delimited', columns = {${types.join(", ")}}`,
        named,
        // A line may be longer than the record in CSV.
        `maximum_object_size = ${2 * RECORD_BYTES_MAX}`,
      ];
      return `read_json(${settings.join(", ")})`;
    }
    case "parquet":
      return `read_parquet(${pattern}, union_by_name = true, ${named})`;
  }
}

/**
 * No record, with every column, also one that no file has yet. An error if files of a format have landed that the view
 * does not read, because it was printed before: DuckDB has no reading of files that may not be there.
 */
function noRecord(object: DdlObject, root: string): string {
  const columns = object.columns.map(({ name }) => `NULL::VARCHAR AS ${identifier(name)}`).join(", ");
  const others = Object.values(FORMATS).filter(({ name }) => !object.formats.includes(name));
  if (others.length === 0) return `SELECT ${columns} WHERE false`;
  const suffixes = others.map(({ suffix }) => suffix.slice(1)).join("|");
  const isOther = `regexp_matches(file, ${literal(`[.](${suffixes})([.](gz|zst))?$`)})`;
  const text = literal(`${rawName(object)} does not read this format yet; run pardot-etl ddl again: `);
  return `SELECT ${columns} FROM glob(${landedFiles(object, root, "")}) WHERE CASE WHEN ${isOther} THEN error(${text} || file) ELSE false END`;
}

export function rawName({ table }: Pick<DdlObject, "table">): string {
  return `${table}_RAW`;
}

export function currentName({ table }: Pick<DdlObject, "table">): string {
  return `${table}_CURRENT`;
}

/** Every version that landed, in files of any format, as its column's type. */
function raw(object: DdlObject, root: string): Statement {
  const columns = object.columns.map(({ name, type }) => `${castText(type, identifier(name))} AS ${identifier(name)}`);
  // As text, because formats differ in their types.
  const branches = object.formats.map(
    (format) =>
      `SELECT COLUMNS(*)::VARCHAR, row_number() OVER () AS _pardot_etl_row FROM ${records(object, root, format)}`,
  );
  return view(
    rawName(object),
    [
      `  SELECT ${columns.join(",\n    ")},`,
      "    parse_filename(_pardot_etl_path) AS _pardot_etl_file, _pardot_etl_row",
      `  FROM (${[...branches, noRecord(object, root)].join("\n    UNION ALL BY NAME ")})`,
    ].join("\n"),
  );
}

/** The version of each record that was read last: by the file's reading, then by the place in it. */
function current(object: DdlObject, tables: ReadonlySet<string>): Statement {
  const columns = object.columns.map(({ name, type }) => {
    const column = `r.${identifier(name)}`;
    return type === "json" ? `TRY_CAST(${column} AS JSON) AS ${identifier(name)}` : column;
  });
  const deleted = deletion(object, tables);
  return view(
    currentName(object),
    [
      `  SELECT ${columns.join(", ")},`,
      `    f.file_key AS _pardot_etl_file, f.run_id AS _pardot_etl_run_id, f.read_at AS _pardot_etl_landed_at${deleted === null ? "" : `,\n    ${deleted.sql} AS _pardot_etl_deleted`}`,
      `  FROM ${identifier(rawName(object))} AS r JOIN ${FILES} AS f ON f.file_name = r._pardot_etl_file${deleted?.join ?? ""}`,
      `  QUALIFY row_number() OVER (PARTITION BY r.${identifier(object.key)} ORDER BY f.read_at DESC NULLS LAST, f.file_key DESC, r._pardot_etl_row DESC) = 1`,
    ].join("\n"),
  );
}

function deletion(
  { table, key, watermark, deletes }: DdlObject,
  tables: ReadonlySet<string>,
): { readonly sql: string; readonly join: string } | null {
  if (deletes === null) return null;
  if (deletes.by === "column") return { sql: "coalesce(r.is_deleted, false)", join: "" };
  if (deletes.by === "whole") {
    const until = String.raw`regexp_extract(r._pardot_etl_file, '_(\d{8}T\d{6}Z)_[^_]*$', 1)`;
    return {
      sql: `coalesce(${until} < (SELECT max(w.until) FROM ${WHOLE} AS w WHERE w.table_name = ${literal(table)}), false)`,
      join: "",
    };
  }
  // None has been deleted yet, or no run has read it.
  if (!tables.has(deletes.table)) return { sql: "false", join: "" };
  const hour = (column: string): string => `coalesce(date_trunc('hour', ${column}), TIMESTAMP '0001-01-01')`;
  const [was, is] = [hour("d.updated_at"), hour(`r.${identifier(watermark ?? "updated_at")}`)];
  return {
    sql: `d.${identifier(deletes.key)} IS NOT NULL AND (${was} > ${is} OR (${was} = ${is} AND coalesce(d._pardot_etl_landed_at >= f.read_at, true)))`,
    join: `\n  LEFT JOIN ${identifier(currentName(deletes))} AS d ON d.${identifier(deletes.key)} = r.${identifier(key)}`,
  };
}
