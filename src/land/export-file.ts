import { createHash } from "node:crypto";
import type { Column, RangeField } from "../catalog/catalog.ts";
import type { LandedFile, OpenWindow } from "../commit/state.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { readCsv } from "../encode/csv-read.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import { normaliseCell } from "../encode/normalise.ts";
import type { Cell } from "../encode/row.ts";
import type { OnEvent } from "../events.ts";
import type { Random } from "../platform/random.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { EncodedRows } from "./encoded-rows.ts";
import { exportFileKey } from "./names.ts";
import type { Compression } from "./names.ts";

export interface ExportFileOptions {
  readonly object: string;
  /** Every column of the file, in order. */
  readonly columns: readonly Column[];
  /** The fields that were asked for, by the names they have at Pardot. */
  readonly fields: readonly string[];
  /** The field that tells records apart. */
  readonly key: string;
  readonly watermark: RangeField | null;
  readonly span: Pick<OpenWindow, "id" | "from" | "to">;
  readonly exportId: string;
  /** The id in Pardot's download address. */
  readonly fileId: string;
  /** Pardot's time when the export was created. */
  readonly readAt: Instant;
  /** Looks at some columns of every record on its way; null: nobody does. */
  readonly tap: Tap | null;
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
}

/** The name of a column's values in Pardot's files. */
export function wireName(column: Column): string {
  return column.wire ?? column.name;
}

/** What was written to the spool, counted while it flowed. */
interface Counted {
  readonly rows: number;
  readonly min: string | null;
  readonly max: string | null;
  readonly fingerprint: string | null;
}

/**
 * Lands one result file of an export as a stream. Its bytes pass through untouched when its header names the columns of
 * the file, one by one; otherwise the records are put into that order and encoded anew. Null when the file holds no record: nothing is
 * landed then. Throws DataError (exit 6) when the file is broken; nothing is visible in the destination then.
 */
export async function landExportFile(
  chunks: AsyncIterable<Uint8Array>,
  options: ExportFileOptions,
): Promise<LandedFile | null> {
  const { object, columns, span, exportId, fileId, compression, tmpDir, random, storage, onEvent, signal } = options;
  const spool = await openSpool({ dir: tmpDir, compression, random, signal });
  try {
    const counted = await fill(spool, chunks, options);
    if (counted.rows === 0) return null;
    const file = await spool.finish();
    const key = exportFileKey(object, span, { exportId, fileId }, counted.fingerprint, compression);
    const outcome = await storage.publish(key, file, signal);
    onEvent({ type: "file-landed", object, window: span.id, key, rows: counted.rows, bytes: file.bytes, outcome });
    return {
      key,
      rows: counted.rows,
      bytes: file.bytes,
      sha256: file.sha256,
      minWatermark: counted.min,
      maxWatermark: counted.max,
      exportId,
      readAt: options.readAt,
      columns: columns.map((column) => column.name),
    };
  } finally {
    await spool.discard();
  }
}

async function fill(spool: Spool, chunks: AsyncIterable<Uint8Array>, options: ExportFileOptions): Promise<Counted> {
  const names = options.columns.map((column) => column.name);
  const split = await splitHeader(chunks);
  const isAsAsked = !split.hasBom && sameNames(split.header, names);
  if (isAsAsked) return passThrough(spool, split.all, options);
  return encodeAnew(spool, split.all, split.header, options);
}

async function passThrough(
  spool: Spool,
  chunks: AsyncIterable<Uint8Array>,
  options: ExportFileOptions,
): Promise<Counted> {
  const watermark = options.columns.findIndex((column) => column.name === options.watermark);
  const { tap } = options;
  const marks = watermark === -1 ? [] : [watermark];
  const tapped = tap === null ? [] : placesOf(tap.columns, options.columns);
  const scanner = new CsvScanner({
    subject: subject(options),
    columns: options.columns.length,
    watched: [...marks, ...tapped],
    ...(tap === null ? {} : { onRecord: (values) => tap.onRecord(values.slice(marks.length)) }),
  });
  for await (const chunk of chunks) {
    scanner.push(chunk);
    await spool.write(chunk);
  }
  const result = scanner.end();
  const range = marks.length === 0 ? undefined : result.watched[0];
  return { rows: result.records, min: range?.min ?? null, max: range?.max ?? null, fingerprint: null };
}

async function encodeAnew(
  spool: Spool,
  chunks: AsyncIterable<Uint8Array>,
  header: readonly string[],
  options: ExportFileOptions,
): Promise<Counted> {
  const { columns, object, onEvent } = options;
  if (header.length === 0) return { rows: 0, min: null, max: null, fingerprint: null };
  const missing = options.fields.filter((field) => !header.includes(field));
  if (missing.length > 0) warnOfMissing(subject(options), object, missing, onEvent);
  const places = columns.map((column) => header.indexOf(wireName(column)));
  const key = header.indexOf(options.key);
  const rows = new EncodedRows(spool, options);
  for await (const record of readCsv(chunks, { subject: subject(options), hasHeader: true })) {
    const id = record[key] ?? null;
    const cell = (column: Column, place: number): Cell => normaliseCell(record[place] ?? null, column, object, id);
    await rows.add(columns.map((column, i) => cell(column, places[i] ?? -1)));
  }
  return { ...(await rows.end()), fingerprint: fingerprint(columns, [{ header, source: null }]) };
}

/** Told about fields that were asked for and did not come. */
export function warnOfMissing(what: string, object: string, missing: readonly string[], onEvent: OnEvent): void {
  const message = `${what} lacks the columns ${missing.join(", ")}: they are landed as null`;
  onEvent({ type: "warning", code: "export.columns-missing", object, message });
}

function placesOf(names: readonly string[], columns: readonly Column[]): number[] {
  return names.map((name) => columns.findIndex((column) => column.name === name));
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
    .update(JSON.stringify(["encode", 2, sources.map(({ header, source }) => [header, source]), target]))
    .digest("hex");
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function subject(options: ExportFileOptions): string {
  return `${options.object} export ${options.exportId} file ${options.fileId}`;
}
