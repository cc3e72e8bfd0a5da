import type { LoadFile } from "../warehouse.ts";
import type { Database } from "./database.ts";
import type { ParquetInput } from "./protocol.ts";
import { identifier, literal, sqlType } from "./sql.ts";

/** Longest record, 16 MiB: no landed file has a longer one. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

/** Most files times columns that one statement reads: DuckDB begins a part of each column for each file. */
const TOGETHER_MAX = 2000;

/**
 * Splits files, in their order, into those that one statement can read: CSV files with the same columns. A thousand small
 * files take a third of the time that they take one by one. Parquet files with the same columns may differ in their types.
 */
export function alikeFiles(files: readonly LoadFile[]): readonly (readonly [LoadFile, ...LoadFile[]])[] {
  const groups: [LoadFile, ...LoadFile[]][] = [];
  for (const file of files) {
    const group = groups.at(-1);
    const isFull = group !== undefined && (group.length + 1) * file.columns.length > TOGETHER_MAX;
    if (group === undefined || isFull || !isAlike(group[0], file)) groups.push([file]);
    else group.push(file);
  }
  return groups;
}

function isAlike(a: LoadFile, b: LoadFile): boolean {
  const [one, other] = [a, b].map(({ columns }) => JSON.stringify(columns.map(({ name }) => name)));
  return a.format === "csv" && b.format === "csv" && a.compression === b.compression && one === other;
}

/**
 * A query for the records of alike files as text, in the order of the files and of their records: columns with `names`, and
 * `file`, the place of the record's file.
 */
export function selectText([file, ...others]: readonly [LoadFile, ...LoadFile[]], names: readonly string[]): string {
  if (file.format === "csv") {
    const paths = [file, ...others].map(({ path }) => path);
    return `SELECT *, file_index AS file FROM ${readCsv(paths, names, file.compression)}`;
  }
  const texts = file.columns.map(({ name }, place) => `${identifier(name)}::VARCHAR AS ${names[place] ?? ""}`);
  const records = file.format === "parquet" ? readParquet(file.path) : readJsonl(file);
  return `SELECT ${texts.join(", ")}, 0 AS file FROM ${records}`;
}

/**
 * The records of CSV files as text: empty and unquoted is null, quoted empty is the empty string. One thread reads a file
 * because of line ends inside quotes. DuckDB detects the line end itself: with a wrong one it silently reads no record,
 * which is why rows are counted. Does not look at the header.
 */
function readCsv(paths: readonly string[], names: readonly string[], compression: LoadFile["compression"]): string {
  const settings = [
    `[${paths.map(literal).join(", ")}]`,
    `columns = {${names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ")}}`,
    `compression = ${literal(compression)}`,
    "header = true",
    "auto_detect = false",
    "delim = ','",
    `quote = '"'`,
    `escape = '"'`,
    "nullstr = ''",
    "allow_quoted_nulls = false",
    "null_padding = false",
    "strict_mode = true",
    "parallel = false",
    `max_line_size = ${RECORD_BYTES_MAX}`,
    `buffer_size = ${2 * RECORD_BYTES_MAX}`,
  ];
  return `read_csv(${settings.join(", ")})`;
}

/**
 * The records of a JSON Lines file with text of every column (json columns as JSON, digits of numbers as far as 64 bits hold
 * them). A line may be longer than the record in CSV.
 */
function readJsonl({ path, compression, columns }: LoadFile): string {
  const types = columns.map(({ name, type }) => `${literal(name)}: '${type === "json" ? "JSON" : "VARCHAR"}'`);
  const settings = [
    literal(path),
    "format = 'newline_delimited'",
    `compression = '${compression === "none" ? "uncompressed" : compression}'`,
    `maximum_object_size = ${2 * RECORD_BYTES_MAX}`,
    `columns = {${types.join(", ")}}`,
  ];
  return `read_json(${settings.join(", ")})`;
}

function readParquet(path: string): string {
  return `read_parquet(${literal(path)})`;
}

/** Writes a CSV file with canonical values as Parquet. Returns the number of its rows. */
export async function writeParquet(
  database: Database,
  { path, columns, groupRows, groupBytes }: ParquetInput,
  target: string,
): Promise<number> {
  // Neutral names, because a custom field may have any.
  const names = columns.map((_, place) => `c${place}`);
  const csv = readCsv([path], names, "none");
  const values = columns.map(({ name, type }, place) => `CAST(c${place} AS ${sqlType(type)}) AS ${identifier(name)}`);
  const options = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${groupRows}, ROW_GROUP_SIZE_BYTES ${groupBytes}`;
  return database.count(`COPY (SELECT ${values.join(", ")} FROM ${csv}) TO ${literal(target)} (${options})`);
}

/** Writes the rows of a Parquet file, in their order, as CSV of the kind that `encode/csv-write.ts` writes. */
export async function parquetAsCsv(database: Database, path: string, target: string): Promise<void> {
  const options = `FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S'`;
  await database.run(`COPY (SELECT * FROM ${readParquet(path)}) TO ${literal(target)} (${options})`);
}
