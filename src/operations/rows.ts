import type { CatalogObject, ColumnType } from "../catalog/catalog.ts";
import type { DestinationConfig } from "../config/config.ts";
import type { Cell } from "../encode/canonical.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { readCsv } from "../encode/csv-scan.ts";
import { formatOf } from "../encode/formats.ts";
import { jsonlRecords } from "../encode/jsonl.ts";
import { UsageError } from "../errors.ts";
import { decompressed } from "../land/landed-file.ts";
import { readAccepted } from "../manifest/accepted.ts";
import { Scratch } from "../storage/scratch.ts";
import type { ScratchOptions } from "../storage/scratch.ts";
import { openParquetReader } from "../warehouse/open.ts";
import type { ParquetReader } from "../warehouse/open.ts";
import { committedFiles } from "./committed-files.ts";
import { openDestination } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";

/** Any value of a json column. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A value of a row: numbers beyond 2^53 are `bigint`; times are text, in the zone of the object. */
export type RowValue = JsonValue | bigint;

/** A record by the names of its columns, as `pardot-etl objects` lists them, custom fields included. */
export type Row = Readonly<Record<string, RowValue>>;

/**
 * The rows of an object's committed files in the order in which they were read at Pardot. A record that has changed comes
 * again: the later one is newer. Files that `--full` has superseded, or that were written off, are left out. Makes no call
 * to Pardot. Throws `UsageError` for an unknown object, `StorageError` for a file that is gone, and `DataError` for a
 * damaged one. Memory: one chunk, and some 300 bytes for each committed file. A Parquet file is copied to
 * PARDOT_ETL_TMPDIR, and read by a DuckDB process.
 */
export async function* rows(
  config: DestinationConfig,
  object: string,
  runtime: Pick<Runtime, "signal" | "clock" | "random" | "openStorage">,
): AsyncGenerator<Row, void, undefined> {
  const { signal } = runtime;
  const found = config.catalog.find(({ name }) => name.toLowerCase() === object.toLowerCase());
  if (found === undefined) {
    throw new UsageError(`read the rows of ${object}: there is no such object`, {
      code: "usage.object-unknown",
      hint: "`pardot-etl objects` lists the objects.",
    });
  }
  const storage = await openDestination(config, runtime);
  const { files } = await committedFiles(storage, signal);
  const accepted = new Set(await readAccepted(storage, signal));
  const counting = [...files]
    .filter(([key, file]) => file.object === found.name && !file.superseded && !file.isLeft && !accepted.has(key))
    .toSorted(([a, one], [b, other]) => (one.readAt ?? 0) - (other.readAt ?? 0) || (a < b ? -1 : 1));
  let parquet: ParquetReader | null = null;
  try {
    for (const [key] of counting) {
      const chunks = storage.open(key, signal);
      const { name } = formatOf(key);
      if (name === "parquet") {
        parquet ??= await openParquetReader(config.etl);
        yield* parquetRows(parquet, key, chunks, found, { dir: config.etl.tmpDir, ...runtime });
      } else {
        const plain = decompressed(key, chunks);
        yield* name === "csv" ? csvRows(plain, key, found) : (jsonlRecords(plain, key) as AsyncGenerator<Row>);
      }
    }
  } finally {
    await parquet?.close();
  }
}

async function* csvRows(
  chunks: AsyncIterable<Uint8Array>,
  key: string,
  object: CatalogObject,
): AsyncGenerator<Row, void, undefined> {
  const { header, all } = await splitHeader(chunks);
  const types = header.map((name) => object.columns.find((column) => column.name === name)?.type ?? "string");
  for await (const cells of readCsv(all, { subject: key, columns: header.length, hasHeader: true })) {
    yield Object.fromEntries(header.map((name, at) => [name, valueOf(cells[at] ?? null, types[at] ?? "string")]));
  }
}

/** DuckDB reads files, not streams. */
async function* parquetRows(
  parquet: ParquetReader,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  object: CatalogObject,
  scratch: ScratchOptions,
): AsyncGenerator<Row, void, undefined> {
  const copy = await Scratch.open(scratch);
  try {
    for await (const chunk of chunks) await copy.write(chunk);
    yield* csvRows(parquet.read(key, copy.path, scratch.signal), key, object);
  } finally {
    await copy.discard();
  }
}

/** Files of exports are as Pardot wrote them: what is no value of the column's type is text. */
function valueOf(cell: Cell, type: ColumnType): RowValue {
  if (cell === null || type === "string" || type === "datetime") return cell;
  if (cell.trim() === "") return null;
  switch (type) {
    case "integer":
      return /^-?\d+$/.test(cell) ? safe(BigInt(cell)) : cell;
    case "number":
      return Number.isNaN(Number(cell)) ? cell : Number(cell);
    case "boolean":
      return BOOLEANS[cell.toLowerCase()] ?? cell;
    case "json":
      return parsed(cell);
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, "1": true, "0": false };

function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
