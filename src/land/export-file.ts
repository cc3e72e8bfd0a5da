import { createHash } from "node:crypto";
import type { Column } from "../catalog/catalog.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import { splitHeader } from "../encode/csv-header.ts";
import type { SplitCsv } from "../encode/csv-header.ts";
import { normaliseCell } from "../encode/normalise.ts";
import { PlainValues } from "../encode/plain-values.ts";
import type { Reject } from "../encode/reject.ts";
import type { Row } from "../encode/row.ts";
import type { OnEvent } from "../events.ts";
import type { Random } from "../platform/random.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { SpooledFile, Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { EncodedRows } from "./encoded-rows.ts";
import { exportFileKey } from "./names.ts";
import type { Compression } from "./names.ts";
import { checkLastField, cutShort, readSpool, recordsOf, seeFile } from "./raw-file.ts";
import type { SeenFile } from "./raw-file.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { missingFields, warnOfMissing, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";
import { checkOutside, isOutside, plainBounds } from "./row-bounds.ts";
import type { RowBounds } from "./row-bounds.ts";

export interface ExportFileOptions extends ExpectedFile {
  readonly span: Pick<OpenWindow, "id" | "from" | "to">;
  /** Where its records stand in time; null: anywhere. */
  readonly bounds: RowBounds | null;
  readonly exportId: string;
  /** The id in Pardot's download address. */
  readonly fileId: string;
  /** Pardot's time when the export was created. */
  readonly readAt: Instant;
  /** Looks at some columns of every record on its way; null when nothing does. */
  readonly tap: Tap | null;
  /** Takes the records that cannot be encoded. */
  readonly rejects: Rejects;
  readonly compression: Compression;
  readonly tmpDir: string;
  readonly random: Random;
  readonly storage: Storage;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** Sees the values of some columns of each record of a file. */
export interface Tap {
  readonly columns: readonly string[];
  /** Values in the order of `columns`. */
  readonly onRecord: (values: readonly (string | null)[]) => void;
  /** Forgets what it has seen: the records come once more, as they are landed. */
  readonly forget: () => void;
}

/** What became of the records of a file. */
export interface LandedExport {
  /** Null when no record is left to land. */
  readonly file: LandedFile | null;
  readonly rejects: readonly Reject[];
}

/** What was written to the spool, counted while it flowed. */
interface Counted {
  readonly rows: number;
  readonly min: string | null;
  readonly max: string | null;
  readonly fingerprint: string | null;
}

/**
 * Lands one result file of an export. Its bytes pass through untouched when its header names the columns of the file, one
 * by one, and every value is plainly what its column says. Otherwise the records are read again from the local disk, put
 * into that order and encoded, and those that cannot be encoded are set aside. Throws DataError (exit 6) when the body is
 * no result file, ends inside a record, or is the file of another window; nothing is visible in the destination then.
 */
export async function landExportFile(
  chunks: AsyncIterable<Uint8Array>,
  options: ExportFileOptions,
): Promise<LandedExport> {
  const { columns, compression, onEvent, rejects, tap } = options;
  const what = subject(options);
  const split = await splitHeader(chunks);
  try {
    const missing = missingFields(split.header, what, options);
    const isAsAsked = !split.hasBom && sameNames(split.header, namesOf(columns));
    const packed = isAsAsked ? compression : "none";
    return await inSpool(packed, options, async (raw) => {
      const passed = isAsAsked ? await passThrough(raw, split, options) : await keepAll(raw, split, options);
      const kept = await raw.finish();
      if ("rows" in passed) return { file: await publish(kept, passed, options), rejects: [] };
      warnOfMissing(what, options.object, missing, onEvent);
      tap?.forget();
      return inSpool(compression, options, async (spool) => {
        const open = (): AsyncIterable<Uint8Array> => readSpool(kept.path, packed);
        const counted = await encodeAnew(spool, open, split.header, passed, options);
        const file = await publish(await spool.finish(), counted, options);
        return { file, rejects: rejects.take() };
      });
    });
  } finally {
    await split.close();
  }
}

async function inSpool<T>(
  compression: Compression,
  { tmpDir: dir, random, signal }: ExportFileOptions,
  work: (spool: Spool) => Promise<T>,
): Promise<T> {
  const spool = await openSpool({ dir, compression, random, signal });
  try {
    return await work(spool);
  } finally {
    await spool.discard();
  }
}

async function publish(file: SpooledFile, counted: Counted, options: ExportFileOptions): Promise<LandedFile | null> {
  const { object, columns, span, exportId, fileId, compression, storage, onEvent, signal, readAt } = options;
  const { rows, min, max } = counted;
  if (rows === 0) return null;
  const key = exportFileKey(object, span, { exportId, fileId }, counted.fingerprint, compression);
  const outcome = await storage.publish(key, file, signal);
  onEvent({ type: "file-landed", object, window: span.id, key, rows, bytes: file.bytes, outcome });
  return {
    key,
    rows,
    bytes: file.bytes,
    sha256: file.sha256,
    minWatermark: min,
    maxWatermark: max,
    exportId,
    readAt,
    columns: namesOf(columns),
  };
}

/** Writes the file as it comes. Answers what was seen of it when it cannot stay as it is. */
async function passThrough(spool: Spool, split: SplitCsv, options: ExportFileOptions): Promise<Counted | SeenFile> {
  const { columns, tap, bounds, watermark, key } = options;
  const place = (name: string | null): number => columns.findIndex((column) => column.name === name);
  const marks = watermark === null ? [] : [place(watermark)];
  const timed = bounds === null ? null : plainBounds(bounds, place(bounds.field));
  const values = new PlainValues(
    columns,
    columns.findIndex((column) => wireName(column) === key),
    timed,
  );
  const seen = await seeFile(
    split.all,
    {
      subject: subject(options),
      columns: columns.length,
      watched: [...marks, ...(tap === null ? [] : tap.columns.map(place))],
      onBytes: (bytes, start, ends) => values.look(bytes, start, ends),
      // Such a file does not stay as it is.
      onMended: () => undefined,
      ...(tap === null ? {} : { onRecord: (cells) => tap.onRecord(cells.slice(marks.length)) }),
    },
    (chunk) => spool.write(chunk),
  );
  const { scan, isClean } = seen;
  if (scan === null || !isClean || !values.isPlain) return seen;
  checkOutside(values.outside, subject(options), bounds);
  const range = marks.length === 0 ? undefined : scan.watched[0];
  return { rows: scan.records, min: range?.min ?? null, max: range?.max ?? null, fingerprint: null };
}

/** Writes the file as it comes, to be encoded anew. */
async function keepAll(spool: Spool, split: SplitCsv, options: ExportFileOptions): Promise<SeenFile> {
  const scan = { subject: subject(options), columns: split.header.length };
  return seeFile(split.all, scan, (chunk) => spool.write(chunk));
}

async function encodeAnew(
  spool: Spool,
  open: () => AsyncIterable<Uint8Array>,
  header: readonly string[],
  seen: SeenFile,
  options: ExportFileOptions,
): Promise<Counted> {
  const { columns, object, rejects, bounds, onEvent } = options;
  const what = subject(options);
  const places = columns.map((column) => header.indexOf(wireName(column)));
  const key = header.indexOf(options.key);
  const last = columns[places.indexOf(header.length - 1)];
  const timed = columns.findIndex(({ name }) => name === bounds?.field);
  const reading = { object, subject: what, columns: header.length, hasHeader: true, room: rejects.room, onEvent };
  const rows = new EncodedRows(spool, options);
  let outside = 0;
  for await (const record of recordsOf(open, seen, reading)) {
    if (record.row === null) {
      rejects.addUnreadable(record, key);
      continue;
    }
    const { row: cells, isEnded } = record;
    if (!isEnded && last !== undefined) checkLastField(cells.at(-1) ?? null, last, what);
    const row = encodeCells(cells, { columns, places, key, header, object, rejects });
    if (row === null) {
      // A value that is cut short is none of its column's.
      if (!isEnded) throw cutShort(what);
      continue;
    }
    if (bounds !== null && isOutside(row[timed] ?? null, bounds)) outside += 1;
    await rows.add(row);
  }
  checkOutside(outside, what, bounds);
  return { ...(await rows.end()), fingerprint: fingerprint(columns, [{ header, source: null }]) };
}

interface CellsOptions {
  readonly columns: readonly Column[];
  /** Where each column's value stands in a record; -1: nowhere. */
  readonly places: readonly number[];
  /** Where its key stands. */
  readonly key: number;
  readonly header: readonly string[];
  readonly object: string;
  readonly rejects: Rejects;
}

/** A record of a file as a row; null when it is set aside. */
function encodeCells(cells: Row, { columns, places, key, header, object, rejects }: CellsOptions): Row | null {
  const id = cells[key] ?? null;
  try {
    const row = columns.map((column, i) => normaliseCell(cells[places[i] ?? -1] ?? null, column, object, id));
    const place = places.indexOf(key);
    if (row[place] !== null) return row;
    rejects.addWhole(
      `${header[key] ?? "its key"} is empty`,
      recordOf(header, cells),
      null,
      columns[place]?.name ?? null,
    );
  } catch (error) {
    rejects.addRefused(error, recordOf(header, cells));
  }
  return null;
}

function namesOf(columns: readonly Column[]): string[] {
  return columns.map((column) => column.name);
}

/**
 * What was done to the bytes: which files' columns stood where, and where they stand now. `source` names files whose ids
 * do not stand in the name of the landed one.
 */
export function fingerprint(
  columns: readonly Column[],
  sources: readonly { readonly header: readonly string[]; readonly source: string | null }[],
): string {
  const target = columns.map(({ name, type, wire }) => [name, type, wire ?? name]);
  return createHash("sha256")
    .update(JSON.stringify(["encode", 3, sources.map(({ header, source }) => [header, source]), target]))
    .digest("hex");
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function subject(options: ExportFileOptions): string {
  return `${options.object} export ${options.exportId} file ${options.fileId}`;
}
