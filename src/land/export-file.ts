import { createHash } from "node:crypto";
import type { Column } from "../catalog/catalog.ts";
import type { Row, WireFields } from "../encode/canonical.ts";
import { splitHeader } from "../encode/csv-header.ts";
import type { SplitCsv } from "../encode/csv-header.ts";
import type { CsvScanOptions } from "../encode/csv-scan.ts";
import { normaliseCell } from "../encode/normalise.ts";
import { PlainValues } from "../encode/plain-values.ts";
import type { Reject } from "../encode/reject.ts";
import type { LandedFile } from "../state/state.ts";
import { inSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import { EncodedRows, land, publish } from "./land.ts";
import type { FileFacts, Filled, Landing, Tap } from "./land.ts";
import { readSpool } from "./landed-file.ts";
import { exportFileName } from "./names.ts";
import { protectFile } from "./protected-file.ts";
import { checkOutside, cutShort, isOutside, recordsOf, seeFile } from "./raw-file.ts";
import type { RowBounds, SeenFile } from "./raw-file.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { missingFields, warnOfMissing, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";

export interface ExportFileOptions extends ExpectedFile, FileFacts {
  /** Times that its records may have; null: any. */
  readonly bounds: RowBounds | null;
  readonly exportId: string;
  /** The id in Pardot's download address. */
  readonly fileId: string;
  /** Sees some columns of every record; null: no column. */
  readonly tap: Tap | null;
  /** Receives the records that cannot be encoded. */
  readonly rejects: Rejects;
}

/** Outcome for the records of a file. */
export interface LandedExport {
  /** Null when there is no record to land. */
  readonly file: LandedFile | null;
  readonly rejects: readonly Reject[];
}

/**
 * Lands one result file of an export. Its bytes pass through unchanged if CSV is the format to land, its header has the
 * expected columns in their order and every value is plain. Otherwise the records are read again from the local disk, put into that order
 * and encoded, and those that cannot be encoded are set aside. Throws DataError (exit 6) when the body is not a result
 * file, ends inside a record, or is the file of another window; then nothing is visible in the destination.
 */
export async function landExportFile(
  chunks: AsyncIterable<Uint8Array>,
  options: ExportFileOptions,
  landing: Landing,
): Promise<LandedExport> {
  const { columns, tap, rejects, localZone = null, reading = null } = options;
  const { onEvent, format, spool: spooling } = landing;
  const what = subject(options);
  const body = await splitHeader(chunks);
  try {
    const missing = missingFields(body.header, what, options);
    const split = protectFile(body, { ...options, subject: what, localZone, reading, onEvent });
    const isUnchanged = split === body && !split.hasBom && localZone === null;
    const isAsRequested = format.name === "csv" && isUnchanged && sameNames(split.header, columns);
    const compression = isAsRequested ? spooling.compression : "none";
    return await inSpool({ ...spooling, compression }, async (raw) => {
      const scan = { subject: what, columns: split.header.length };
      const passed = isAsRequested
        ? await passThrough(raw, split, options)
        : await seeFile(split.all, scan, (chunk) => raw.write(chunk));
      if ("rows" in passed) return { file: await publish(raw, passed, options, landing), rejects: [] };
      const kept = await raw.finish();
      warnOfMissing(what, options.object, missing, onEvent);
      tap?.forget();
      const open = (): AsyncIterable<Uint8Array> => readSpool(kept.path, compression);
      const file = await land(options, landing, (spool) =>
        encodeRecords(spool, open, split.header, passed, options, landing),
      );
      return { file, rejects: rejects.take() };
    });
  } finally {
    await body.close();
  }
}

/** Writes the file unchanged. Returns `SeenFile` when it must be encoded instead. */
async function passThrough(spool: Spool, split: SplitCsv, options: ExportFileOptions): Promise<Filled | SeenFile> {
  const { columns, tap, bounds, watermark, key, exportId } = options;
  const what = subject(options);
  const place = (name: string | null): number => columns.findIndex((column) => column.name === name);
  const values = new PlainValues({
    columns,
    key: columns.findIndex((column) => wireName(column) === key),
    watermark: place(watermark),
    timed: place(bounds?.field ?? null),
    bounds,
  });
  const tapped = tap?.columns.map(place) ?? [];
  const scan: CsvScanOptions = {
    subject: what,
    columns: columns.length,
    onBytes: (bytes, start, ends) => {
      values.look(bytes, start, ends);
      tap?.onBytes(bytes, start, ends, tapped);
    },
  };
  const seen = await seeFile(split.all, scan, (chunk) => spool.write(chunk));
  if (seen.scan === null || !seen.isClean || !values.isPlain) return seen;
  checkOutside(values.outside, what, bounds);
  const nameOf = (): string => exportFileName(options.object, options.span, options, null);
  return { rows: seen.scan.records, ...values.marks, exportId, nameOf };
}

async function encodeRecords(
  spool: Spool,
  open: () => AsyncIterable<Uint8Array>,
  header: readonly string[],
  seen: SeenFile,
  options: ExportFileOptions,
  landing: Landing,
): Promise<Filled> {
  const { format, onEvent } = landing;
  const { columns, object, span, exportId, rejects, bounds, key, localZone = null } = options;
  const what = subject(options);
  const places = columns.map((column) => header.indexOf(wireName(column)));
  const keyPlace = header.indexOf(key);
  const keyColumn = { name: key, place: places.indexOf(keyPlace) };
  const timed = columns.findIndex(({ name }) => name === bounds?.field);
  const rows = new EncodedRows(spool, format, options);
  let outside = 0;
  const records = recordsOf(open, seen, { ...options, subject: what, header, hasHeader: true, onEvent });
  const toRow = (cells: Row): Row => {
    const id = cells[keyPlace] ?? null;
    return columns.map((column, i) => normaliseCell(cells[places[i] ?? -1] ?? null, column, object, id, localZone));
  };
  const toRecord = (cells: Row): WireFields => recordOf(header, cells);
  for await (const { row: cells, isEnded } of records) {
    const row = rejects.encode(cells, toRow, toRecord, keyColumn);
    if (row === null) {
      // A value that is cut short does not match its column.
      if (!isEnded) throw cutShort(what);
      continue;
    }
    if (bounds !== null && isOutside(row[timed] ?? null, bounds)) outside += 1;
    // No wait for each row: most go into a chunk that is not full yet.
    const adding = rows.add(row);
    if (adding !== null) await adding;
  }
  checkOutside(outside, what, bounds);
  const transformation = fingerprint(columns, [{ header, source: null }], localZone, landing);
  const nameOf = (): string => exportFileName(object, span, options, transformation);
  return { ...(await rows.end()), exportId, nameOf };
}

/**
 * Hash of a transformation: the columns of the source files and of the landed one, which of them are hashed and by which
 * key, its format and what converts it.
 * `source` names files whose ids are not in the name of the landed one. `localZone` as in `ExpectedFile`.
 */
export function fingerprint(
  columns: readonly Column[],
  sources: readonly { readonly header: readonly string[]; readonly source: string | null }[],
  localZone: string | null,
  { format, converter, hash = null }: Pick<Landing, "format" | "converter" | "hash">,
): string {
  const target = columns.map(({ name, type, wire, hashed }) => [
    name,
    type,
    wire ?? name,
    ...(hashed === undefined ? [] : ["hashed", hashed, hash?.id ?? null]),
  ]);
  const facts = ["encode", 3, sources.map(({ header, source }) => [header, source]), target];
  const zone = localZone === null ? [] : [localZone];
  // CSV was the only format of the first versions: its names stay.
  const other = format.name === "csv" ? [] : [format.name, converter?.version ?? null];
  return createHash("sha256")
    .update(JSON.stringify([...facts, ...zone, ...other]))
    .digest("hex");
}

function sameNames(header: readonly string[], columns: readonly Column[]): boolean {
  return header.length === columns.length && header.every((name, index) => name === columns[index]?.name);
}

function subject({ object, exportId, fileId }: ExportFileOptions): string {
  return `${object} export ${exportId} file ${fileId}`;
}
