import { zstdDecompressSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";

/** A record as text, by column. */
export type Cells = Readonly<Record<string, string | null>>;

export interface Records {
  readonly header: readonly string[];
  readonly records: readonly Cells[];
}

/** Texts whose records are kept: simulated accounts are much the same, so most files of a test were read before. */
const KEPT_MAX = 64;
const kept = new Map<string, Records>();

/**
 * Records of a CSV text by a strict third-party reader: every record has every column, nothing is trimmed; an unquoted
 * empty field is null, a quoted one the empty string. Throws on anything else.
 */
export function readStrictly(text: string): Records {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const [header = [], ...rows] = parse(text, {
    relax_column_count: false,
    relax_quotes: false,
    skip_empty_lines: false,
    cast: (value, context) => (value === "" && !context.quoting ? null : value),
  }) as (string | null)[][];
  const names = header.map(String);
  const records = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
  const read = { header: names, records };
  kept.set(text, read);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  return read;
}

/** JSON with its numbers as they are written. */
type RawJson = Readonly<Record<string, string | boolean | object | null>>;
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => object };
const parseRaw = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => RawJson;

/** Records of a JSON Lines text by the platform's parser, digit by digit: numbers and JSON as the text that is there. */
export function readJsonLines(text: string): Records {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("the last record has no line end");
  const objects = lines.map((line) =>
    parseRaw(line, (_, value, { source }) => (typeof value === "number" ? rawJSON(source ?? "") : value)),
  );
  const asCell = (value: RawJson[string] | undefined): string | null => {
    if (value === null || value === undefined) return null;
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const header = Object.keys(objects[0] ?? {});
  return {
    header,
    records: objects.map((each) => Object.fromEntries(header.map((name) => [name, asCell(each[name])]))),
  };
}

type Value = string | number | bigint | boolean | Date | null;

/** Records of a Parquet file by a third-party reader, as text: numbers as JavaScript writes them. */
export async function readParquet(bytes: Uint8Array): Promise<Records> {
  const file = Uint8Array.from(bytes).buffer;
  const header = parquetSchema(parquetMetadata(file)).children.map(({ element }) => element.name);
  const asCell = (value: Value | undefined): string | null => {
    if (value === null || value === undefined) return null;
    return value instanceof Date ? value.toISOString().slice(0, 19).replace("T", " ") : String(value);
  };
  const compressors = { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) };
  const objects: Readonly<Record<string, Value>>[] = await parquetReadObjects({ file, compressors });
  return {
    header,
    records: objects.map((each) => Object.fromEntries(header.map((name) => [name, asCell(each[name])]))),
  };
}

/** The newest version of each record, by id; the later one if two have the same time. */
export function newest(records: readonly Cells[]): Map<string, Cells> {
  const versions = new Map<string, Cells>();
  for (const record of records) {
    const id = String(record["id"]);
    const known = versions.get(id);
    if (known === undefined || (known["updated_at"] ?? "") <= (record["updated_at"] ?? "")) versions.set(id, record);
  }
  return versions;
}
