import type { Destination } from "../../config/config.ts";
import type { FormatName } from "../../encode/encoder.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { quoted, tableName, text } from "./statement.ts";

/** How Snowflake reads the files: formats, stage, COPY, pipes or a task. */

/** What fills the tables: a pipe for each, one daily task, or something else. */
export type LoadBy = "pipe" | "task" | "none";

/** Columns of every raw table besides the object's. COPY fills them; a default would not be used (docs/decisions/0010). */
export const METADATA: readonly (readonly [name: string, type: string, source: string])[] = [
  ["_PARDOT_ETL_FILE", "VARCHAR", "METADATA$FILENAME"],
  ["_PARDOT_ETL_ROW", "NUMBER(38,0)", "METADATA$FILE_ROW_NUMBER"],
  ["_PARDOT_ETL_LANDED_AT", "TIMESTAMP_NTZ", "METADATA$FILE_LAST_MODIFIED"],
  ["_PARDOT_ETL_LOADED_AT", "TIMESTAMP_LTZ", "METADATA$START_SCAN_TIME"],
];

export const STAGE = "PARDOT_ETL_FILES";
export const MANIFESTS = "PARDOT_ETL_MANIFESTS";
const INTEGRATION = "PARDOT_ETL_S3";
const JSON_FORMAT = "PARDOT_ETL_JSON";

/** Stands for what only the operator knows. */
export const PLACEHOLDER_URL = "s3://REPLACE-WITH-YOUR-BUCKET/PREFIX/";
const PLACEHOLDER_ROLE = "arn:aws:iam::REPLACE-WITH-ACCOUNT:role/REPLACE-WITH-ROLE";

/** A named format, and which files it is for. */
interface NamedFormat {
  readonly name: string;
  readonly options: string;
}

/**
 * How CSV is read. Backslashes are ordinary characters, bad UTF-8 fails the file, and a column that only one of file and
 * table has is null or left out. `nullIf`: texts that are null.
 */
function csv(name: string, nullIf: readonly string[]): NamedFormat {
  const options = [
    "TYPE = CSV COMPRESSION = AUTO PARSE_HEADER = TRUE ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE",
    "FIELD_DELIMITER = ',' RECORD_DELIMITER = '\\n' FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
    "ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE",
    `EMPTY_FIELD_AS_NULL = TRUE NULL_IF = (${nullIf.map(text).join(", ")})`,
    "TRIM_SPACE = FALSE REPLACE_INVALID_CHARACTERS = FALSE ENCODING = 'UTF8'",
    "DATE_FORMAT = AUTO TIMESTAMP_FORMAT = AUTO",
  ];
  return { name, options: options.join("\n  ") };
}

const OWN_CSV = csv("PARDOT_ETL_CSV", []);
// How Pardot quotes in exports, and what it writes for "no date", is not known for sure: one such text in a column of
// numbers or times would make Snowpipe leave the whole file out.
const EXPORT_CSV = csv("PARDOT_ETL_EXPORT_CSV", ["", "0000-00-00 00:00:00", "0000-00-00"]);
const JSONL: NamedFormat = { name: "PARDOT_ETL_JSONL", options: "TYPE = JSON COMPRESSION = AUTO" };
const PARQUET: NamedFormat = { name: "PARDOT_ETL_PARQUET", options: "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE" };

/** Each format of landed files: its named formats, names of files, and the part of a pipe's name that it adds. */
const FORMATS: Readonly<
  Record<
    FormatName,
    {
      readonly named: readonly NamedFormat[];
      readonly of: (object: CopiedObject) => NamedFormat;
      readonly pattern: string;
      /** A change of format needs a second pipe, because the first one goes on with what has not been loaded yet. */
      readonly pipe: string;
    }
  >
> = {
  csv: {
    named: [OWN_CSV, EXPORT_CSV],
    of: ({ isExported }) => (isExported ? EXPORT_CSV : OWN_CSV),
    pattern: ".*[.]csv([.]gz|[.]zst)?",
    pipe: "",
  },
  jsonl: { named: [JSONL], of: () => JSONL, pattern: ".*[.]jsonl([.]gz|[.]zst)?", pipe: "_JSONL" },
  parquet: { named: [PARQUET], of: () => PARQUET, pattern: ".*[.]parquet", pipe: "_PARQUET" },
};

/**
 * The format that runs land now, and the others in which files of the object have landed: these are valid after a change
 * of format, and may not be loaded yet.
 */
function formatsOf({ formats }: DdlObject, format: FormatName): readonly FormatName[] {
  return [format, ...formats.filter((each) => each !== format)];
}

export function fileFormats(objects: readonly DdlObject[], format: FormatName): readonly Statement[] {
  const formats = new Set([format, ...objects.flatMap((object) => formatsOf(object, format))]);
  const named = [...[...formats].flatMap((each) => FORMATS[each].named), { name: JSON_FORMAT, options: "TYPE = JSON" }];
  return named.map(({ name, options }) => ({
    kind: "file format",
    name,
    sql: `CREATE FILE FORMAT IF NOT EXISTS ${name}\n  ${options}`,
  }));
}

/** The address of the landed files, with a slash at its end; null for a folder, which Snowflake cannot read. */
function stageUrl(destination: Destination): string | null {
  if (destination.kind === "folder") return null;
  const { bucket, prefix } = destination;
  return `s3://${bucket}/${prefix === "" ? "" : `${prefix.replace(/\/+$/, "")}/`}`;
}

export function stage(destination: Destination): Statement {
  const url = stageUrl(destination);
  const sql = `CREATE STAGE IF NOT EXISTS ${STAGE} URL = ${text(url ?? PLACEHOLDER_URL)} STORAGE_INTEGRATION = ${INTEGRATION}`;
  const note =
    "Replace the address: the destination is a folder, which Snowflake cannot read. Copy the files to this bucket.";
  return { kind: "stage", name: STAGE, sql, ...(url === null ? { note } : {}) };
}

/** What is created once for a whole account: the right to read the bucket. */
export function account(destination: Destination): readonly Statement[] {
  const url = stageUrl(destination) ?? PLACEHOLDER_URL;
  const sql = [
    `CREATE STORAGE INTEGRATION IF NOT EXISTS ${INTEGRATION}`,
    "TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE",
    `STORAGE_AWS_ROLE_ARN = ${text(PLACEHOLDER_ROLE)}`,
    `STORAGE_ALLOWED_LOCATIONS = (${text(url)})`,
    `STORAGE_BLOCKED_LOCATIONS = (${text(`${url}_pardot_etl/state/`)})`,
  ].join("\n  ");
  return [
    {
      kind: "integration",
      name: INTEGRATION,
      sql,
      note: "Once per Snowflake account, by an administrator. Replace the role by the one that may read the bucket.",
    },
    {
      kind: "describe",
      name: INTEGRATION,
      sql: `DESC INTEGRATION ${INTEGRATION}`,
      note: "STORAGE_AWS_IAM_USER_ARN and STORAGE_AWS_EXTERNAL_ID go into the trust policy of that role.",
    },
  ];
}

/** What COPY needs to know of an object. */
export type CopiedObject = Pick<DdlObject, "name" | "table" | "isExported">;

/**
 * Loads the files of one format of an object by the names in their headers, so that a new column needs no other
 * statement. A file is loaded whole or not at all. The slash after the folder keeps files of `ProspectAccount` out of
 * `Prospect`.
 */
function copy(object: DdlObject, format: FormatName): string {
  return copyInto(object, format, `PATTERN = ${text(FORMATS[format].pattern)} ON_ERROR = SKIP_FILE`);
}

/** Loads these files of one format, whatever was loaded before: all of them or none. At most 1,000 (vendor docs, COPY INTO). */
export function copyFiles(object: CopiedObject, format: FormatName, names: readonly string[]): string {
  return copyInto(object, format, `FILES = (${names.map(text).join(", ")}) FORCE = TRUE ON_ERROR = ABORT_STATEMENT`);
}

function copyInto(object: CopiedObject, format: FormatName, which: string): string {
  const metadata = METADATA.map(([name, , source]) => `${quoted(name)} = ${source}`);
  return [
    `COPY INTO ${tableName(object.table)} FROM @${STAGE}/${object.name}/`,
    `FILE_FORMAT = (FORMAT_NAME = ${text(FORMATS[format].of(object).name)}) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE`,
    `INCLUDE_METADATA = (${metadata.join(", ")})`,
    which,
  ].join("\n  ");
}

/** Removes the rows of these files. */
export function deleteFiles({ table }: CopiedObject, names: readonly string[]): string {
  const is = names.length === 1 ? `= ${names.map(text).join("")}` : `IN (${names.map(text).join(", ")})`;
  return `DELETE FROM ${tableName(table)} WHERE SPLIT_PART(${quoted("_PARDOT_ETL_FILE")}, '/', -1) ${is}`;
}

/** Loads the manifests as they are. */
export function copyManifests(): string {
  const columns = `$1, ${METADATA.filter(([name]) => name !== "_PARDOT_ETL_ROW")
    .map(([, , source]) => source)
    .join(", ")}`;
  return [
    `COPY INTO ${MANIFESTS} FROM (SELECT ${columns} FROM @${STAGE}/_pardot_etl/runs/)`,
    `FILE_FORMAT = (FORMAT_NAME = ${text(JSON_FORMAT)}) PATTERN = '.*manifest[.]json' ON_ERROR = SKIP_FILE`,
  ].join("\n  ");
}

function pipe(name: string, copySql: string): Statement {
  const sql = `CREATE PIPE IF NOT EXISTS ${tableName(name)} AUTO_INGEST = TRUE AS\n  ${copySql.replaceAll("\n", "\n  ")}`;
  return { kind: "pipe", name, sql };
}

/** The name of the pipe for the files of one format. */
export function pipeName({ table }: Pick<DdlObject, "table">, format: FormatName): string {
  return `${table}${FORMATS[format].pipe}_PIPE`;
}

/** One for each format: none loads the files of another one. */
export function objectPipes(object: DdlObject, format: FormatName): readonly Statement[] {
  return formatsOf(object, format).map((each) => ({
    ...pipe(pipeName(object, each), copy(object, each)),
    object: object.name,
  }));
}

export function manifestsPipe(): Statement {
  return pipe(`${MANIFESTS}_PIPE`, copyManifests());
}

const TASK = "PARDOT_ETL_LOAD";

/** One procedure that loads every table, and a task that calls it every day; an orchestrator may call it instead. */
export function task(objects: readonly DdlObject[], format: FormatName): readonly Statement[] {
  const copies = [
    ...objects.flatMap((object) => formatsOf(object, format).map((each) => copy(object, each))),
    copyManifests(),
  ];
  const body = copies.map((sql) => `  ${sql.replaceAll("\n", "\n  ")};`).join("\n");
  return [
    {
      kind: "procedure",
      name: TASK,
      // The body is between $$, so that the backslashes and quotes in it stay as they are.
      sql: `CREATE OR REPLACE PROCEDURE ${TASK}() COPY GRANTS RETURNS VARCHAR LANGUAGE SQL AS $$\nBEGIN\n${body}\n  RETURN 'loaded';\nEND\n$$`,
    },
    {
      kind: "task",
      name: TASK,
      sql: `CREATE TASK IF NOT EXISTS ${TASK} SCHEDULE = 'USING CRON 0 6 * * * UTC' AS CALL ${TASK}()`,
      note: "Once a day without a virtual warehouse; needs EXECUTE MANAGED TASK. An orchestrator may call the procedure instead.",
    },
    { kind: "task", name: TASK, sql: `ALTER TASK ${TASK} RESUME` },
  ];
}
