import type { Column, RangeField } from "../catalog/catalog.ts";
import type { Encoder, Format } from "../encode/encoder.ts";
import type { Row } from "../encode/canonical.ts";
import type { KeyedHash } from "../encode/protect.ts";
import { assert, DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import { inSpool } from "../storage/spool.ts";
import type { Spool, SpoolOptions } from "../storage/spool.ts";
import type { SpooledFile, Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { readSpool } from "./landed-file.ts";
import { COMPRESSION_SUFFIX } from "./names.ts";

/** Where and how a run lands its files. */
export interface Landing {
  readonly storage: Storage;
  /** Format of the files that are encoded here. */
  readonly format: Format;
  /** For a format that is converted from CSV, else null. */
  readonly converter: Converter | null;
  /** For hashed columns. Default: there is none. */
  readonly hash?: KeyedHash | null;
  readonly spool: SpoolOptions;
  readonly onEvent: OnEvent;
}

/** Turns CSV that was encoded here into another format, outside this process. */
export interface Converter {
  /** Stands for everything but the rows that decides over the bytes. */
  readonly version: string;
  /**
   * Passes the bytes of the converted file to `write`. The same rows give the same bytes. Fails with `WarehouseError` when
   * the process fails, and when it reads another number of rows.
   */
  convert(source: ConvertedFrom, write: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Ends the process, if there is one; the next conversion starts another. */
  close(): Promise<void>;
}

/** An uncompressed CSV file with canonical values. */
export interface ConvertedFrom extends Pick<FileFacts, "object" | "columns"> {
  readonly path: string;
  readonly rows: number;
}

/** A file to land, before its bytes. */
export interface FileFacts {
  readonly object: string;
  /** Every column of the file, in order. */
  readonly columns: readonly Column[];
  readonly span: Pick<OpenWindow, "id" | "from" | "to">;
  /** Pardot's time when its content was read. */
  readonly readAt: Instant;
}

/** The content of a spool. */
export interface Filled {
  readonly rows: number;
  /** Least and greatest watermark; null when no row has one. */
  readonly min: string | null;
  readonly max: string | null;
  /** Export of the rows; null for rows of queries. */
  readonly exportId: string | null;
  /** Rows without the values of some group of fields. */
  readonly incompleteRows?: number;
  /** Key of the file, without suffixes. */
  readonly nameOf: (sha256: string) => string;
}

/**
 * Lands one file: `fill` writes it to a spool, which is then published in one step and announced. Returns null, and
 * publishes nothing, when it has no row.
 */
export async function land(
  facts: FileFacts,
  landing: Landing,
  fill: (spool: Spool) => Promise<Filled>,
): Promise<LandedFile | null> {
  return inSpool(landing.spool, async (spool) => publish(spool, await fill(spool), facts, landing));
}

/** Finishes a spool, converts its file where the format needs it, publishes and announces it. Null: it has no row. */
export async function publish(
  spool: Spool,
  filled: Filled,
  facts: FileFacts,
  landing: Landing,
): Promise<LandedFile | null> {
  if (filled.rows === 0) return null;
  const encoded = await spool.finish();
  if (!landing.format.isConverted) return publishFile(encoded, filled, facts, landing);
  return inSpool({ ...landing.spool, compression: "none" }, async (target) => {
    const converted = await convert(encoded, target, filled.rows, facts, landing);
    return publishFile(converted, filled, facts, landing);
  });
}

async function convert(
  { path }: SpooledFile,
  target: Spool,
  rows: number,
  { object, columns }: FileFacts,
  { format, converter, spool: { signal } }: Landing,
): Promise<SpooledFile> {
  assert(converter !== null, `a converter writes ${format.name}`);
  await converter.convert({ object, columns, path, rows }, (chunk) => target.write(chunk), signal);
  const file = await target.finish();
  const found = await format.scan(readSpool(file.path, "none"), `the ${format.name} file of ${object}`);
  if (found.rows === rows && found.columns.length === columns.length) return file;
  throw new DataError(
    `convert ${object} to ${format.name}: it has ${found.rows} rows of ${found.columns.length} columns, ${rows} of ${columns.length} were encoded`,
    { code: "data.rows-differ", hint: "Nothing of this file was landed. Run again; if it happens again, report it." },
  );
}

async function publishFile(
  file: SpooledFile,
  { rows, min, max, exportId, incompleteRows, nameOf }: Filled,
  { object, columns, span, readAt }: FileFacts,
  { storage, format, spool: { compression, signal }, onEvent }: Landing,
): Promise<LandedFile> {
  const { bytes, sha256 } = file;
  const key = `${nameOf(sha256)}${format.suffix}${COMPRESSION_SUFFIX[compression]}`;
  const outcome = await storage.publish(key, file, signal);
  onEvent({ type: "file-landed", object, window: span.id, key, rows, bytes, outcome });
  return {
    key,
    rows,
    bytes,
    sha256,
    minWatermark: min,
    maxWatermark: max,
    exportId,
    readAt,
    columns: columns.map(({ name }) => name),
    ...(incompleteRows === undefined ? {} : { incompleteRows }),
  };
}

/** Sees the values of some columns of each record of a file. */
export interface Tap {
  readonly columns: readonly string[];
  /** Values in the order of `columns`. */
  readonly onRecord: (values: readonly (string | null)[]) => void;
  /**
   * The same for a record that is not decoded: `columns` are at `places` of the record that begins at `start`, and whose
   * field n ends at `start + ends[n]`.
   */
  readonly onBytes: (bytes: Uint8Array, start: number, ends: Int32Array, places: readonly number[]) => void;
  /** Forgets all records, because they are about to be read again for landing. */
  readonly forget: () => void;
}

/** Encodes rows into a spool, and keeps their count and watermarks. Memory: one chunk of encoded text. */
export class EncodedRows {
  readonly #spool: Spool;
  readonly #encoder: Encoder;
  readonly #watermark: number;
  readonly #tap: Tap | null;
  readonly #tapped: readonly number[];
  #min: string | null = null;
  #max: string | null = null;

  constructor(
    spool: Spool,
    format: Format,
    options: { readonly columns: readonly Column[]; readonly watermark: RangeField | null; readonly tap: Tap | null },
  ) {
    const { columns, watermark, tap } = options;
    const place = (name: string | null): number => columns.findIndex((column) => column.name === name);
    this.#spool = spool;
    this.#encoder = format.encoder(columns);
    this.#watermark = place(watermark);
    this.#tap = tap;
    this.#tapped = tap === null ? [] : tap.columns.map(place);
  }

  get rows(): number {
    return this.#encoder.rows;
  }

  /** Encoded bytes, before compression. */
  get bytes(): number {
    return this.#encoder.bytes;
  }

  /** Adds a row; null: there is nothing to wait for. */
  add(row: Row): Promise<void> | null {
    this.#encoder.add(row);
    if (this.#tap !== null) this.#tap.onRecord(this.#tapped.map((place) => row[place] ?? null));
    const mark = row[this.#watermark] ?? null;
    if (mark !== null && (this.#min === null || mark < this.#min)) this.#min = mark;
    if (mark !== null && (this.#max === null || mark > this.#max)) this.#max = mark;
    const chunk = this.#encoder.takeFull();
    return chunk === null ? null : this.#spool.write(chunk);
  }

  /** Writes the rest. */
  async end(): Promise<Pick<Filled, "rows" | "min" | "max">> {
    const rest = this.#encoder.takeRest();
    if (rest.length > 0) await this.#spool.write(rest);
    // The state keeps them, and V8 keeps the whole text of which a text is a part: for XML, the page.
    const copy = (mark: string | null): string | null => mark && Buffer.from(mark).toString();
    return { rows: this.rows, min: copy(this.#min), max: copy(this.#max) };
  }
}
