import type { LoadFile } from "../warehouse.ts";
import type { Database } from "./database.ts";
import type { ParquetInput } from "./protocol.ts";
import { identifier, literal, sqlType } from "./sql.ts";

/** A local file as DuckDB reads it. */
type Source = Pick<LoadFile, "path" | "format" | "compression" | "columns">;

/** Longest record, 16 MiB: no landed file has a longer one. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;

/** A query for the records of a file as text, in the order of the file, with `more` values after its columns. */
export function selectText(file: Source, more: string): string {
  if (file.format === "csv") return `SELECT *, ${more} FROM ${readCsv(file, { header: true })}`;
  const texts = file.columns.map(({ name }) => `${identifier(name)}::VARCHAR`);
  const records = file.format === "parquet" ? readParquet(file) : readJsonl(file);
  return `SELECT ${texts.join(", ")}, ${more} FROM ${records}`;
}

/** Names of the file's columns. Those of JSON Lines are in the first record. */
export async function headerOf(database: Database, file: Source): Promise<readonly string[]> {
  if (file.format === "csv") {
    const [header = []] = await database.query(`SELECT * FROM ${readCsv(file, { header: false })} LIMIT 1`);
    return header.map(String);
  }
  if (file.format === "parquet") {
    const columns = await database.query(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${readParquet(file)})`);
    return columns.map(([name]) => String(name));
  }
  const [first = []] = await database.query(`SELECT json_keys(json) FROM ${readJsonl(file, "objects")} LIMIT 1`);
  return first[0] as readonly string[];
}

/**
 * The records of a CSV file as text: empty and unquoted is null, quoted empty is the empty string. One thread reads it
 * because of line ends inside quotes. DuckDB detects the line end itself: with a wrong one it silently reads no record,
 * which is why rows are counted.
 */
function readCsv(file: Source, options: { readonly header: boolean }): string {
  const columns = file.columns.map((column) => `${literal(column.name)}: 'VARCHAR'`);
  const settings = [
    literal(file.path),
    `columns = {${columns.join(", ")}}`,
    `compression = ${literal(file.compression)}`,
    `header = ${String(options.header)}`,
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
 * The records of a JSON Lines file, `values` with text of every column (json columns as JSON, digits of numbers as far as
 * 64 bits hold them), or whole `objects`. A line may be longer than the record in CSV.
 */
function readJsonl(file: Source, as: "values" | "objects" = "values"): string {
  const columns = file.columns.map(({ name, type }) => `${literal(name)}: '${type === "json" ? "JSON" : "VARCHAR"}'`);
  const settings = [
    literal(file.path),
    "format = 'newline_delimited'",
    `compression = '${file.compression === "none" ? "uncompressed" : file.compression}'`,
    `maximum_object_size = ${2 * RECORD_BYTES_MAX}`,
    ...(as === "values" ? [`columns = {${columns.join(", ")}}`] : []),
  ];
  return `${as === "values" ? "read_json" : "read_json_objects"}(${settings.join(", ")})`;
}

function readParquet({ path }: Source): string {
  return `read_parquet(${literal(path)})`;
}

/** Writes a CSV file with canonical values as Parquet. Returns the number of its rows. */
export async function writeParquet(
  database: Database,
  { path, columns, groupRows, groupBytes }: ParquetInput,
  target: string,
): Promise<number> {
  // Neutral names, because a custom field may have any.
  const source = columns.map(({ type }, place) => ({ name: `c${place}`, type }));
  const csv = readCsv({ path, format: "csv", compression: "none", columns: source }, { header: true });
  const values = columns.map(({ name, type }, place) => `CAST(c${place} AS ${sqlType(type)}) AS ${identifier(name)}`);
  const options = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${groupRows}, ROW_GROUP_SIZE_BYTES ${groupBytes}`;
  return database.count(`COPY (SELECT ${values.join(", ")} FROM ${csv}) TO ${literal(target)} (${options})`);
}

/** Writes the rows of a Parquet file, in their order, as CSV of the kind that `encode/csv-write.ts` writes. */
export async function parquetAsCsv(database: Database, path: string, target: string): Promise<void> {
  const options = `FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '', TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S'`;
  await database.run(`COPY (SELECT * FROM read_parquet(${literal(path)})) TO ${literal(target)} (${options})`);
}
