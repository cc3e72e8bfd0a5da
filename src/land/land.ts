import type { Column, RangeField } from "../catalog/catalog.ts";
import type { Encoder, Format } from "../encode/encoder.ts";
import type { Row } from "../encode/canonical.ts";
import type { OnEvent } from "../events.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import { inSpool } from "../storage/spool.ts";
import type { Spool, SpoolOptions } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { COMPRESSION_SUFFIX } from "./names.ts";

/** Where and how a run lands its files. */
export interface Landing {
  readonly storage: Storage;
  /** Format of the files that are encoded here. */
  readonly format: Format;
  readonly spool: SpoolOptions;
  readonly onEvent: OnEvent;
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

/** Finishes a spool, publishes and announces it. Returns null when it has no row. */
export async function publish(
  spool: Spool,
  { rows, min, max, exportId, incompleteRows, nameOf }: Filled,
  { object, columns, span, readAt }: FileFacts,
  { storage, format, spool: { compression, signal }, onEvent }: Landing,
): Promise<LandedFile | null> {
  if (rows === 0) return null;
  const file = await spool.finish();
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

  async add(row: Row): Promise<void> {
    this.#encoder.add(row);
    if (this.#tap !== null) this.#tap.onRecord(this.#tapped.map((place) => row[place] ?? null));
    const mark = row[this.#watermark] ?? null;
    if (mark !== null && (this.#min === null || mark < this.#min)) this.#min = mark;
    if (mark !== null && (this.#max === null || mark > this.#max)) this.#max = mark;
    const chunk = this.#encoder.takeFull();
    if (chunk !== null) await this.#spool.write(chunk);
  }

  /** Writes the rest. */
  async end(): Promise<Pick<Filled, "rows" | "min" | "max">> {
    const rest = this.#encoder.takeRest();
    if (rest.length > 0) await this.#spool.write(rest);
    return { rows: this.rows, min: this.#min, max: this.#max };
  }
}
