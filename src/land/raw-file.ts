import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Column } from "../catalog/catalog.ts";
import { datetimeText } from "../encode/canonical.ts";
import { readCsv } from "../encode/csv-read.ts";
import { salvageCsv, unreadableRecords } from "../encode/csv-salvage.ts";
import type { Salvaged } from "../encode/csv-salvage.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import type { CsvScanOptions, CsvScanResult } from "../encode/csv-scan.ts";
import type { Row } from "../encode/row.ts";
import { Utf8Check } from "../encode/utf8-check.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { tmpError } from "../storage/local-errors.ts";
import type { Compression } from "./names.ts";

/** What was seen of a result file while its bytes went by, all of which are kept. */
export interface SeenFile {
  /** Null when two readers would read it differently; `fault` says where. */
  readonly scan: CsvScanResult | null;
  readonly fault: DataError | null;
  /** Whether its bytes are UTF-8, its line ends the same everywhere, and no line is blank. */
  readonly isClean: boolean;
}

/** Hands every chunk to `keep`, whatever it holds, and looks at it as it flows. Memory: one chunk and one record. */
export async function seeFile(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvScanOptions,
  keep: (chunk: Uint8Array) => Promise<void>,
): Promise<SeenFile> {
  const scanner = new CsvScanner(options);
  const utf8 = new Utf8Check();
  let fault: DataError | null = null;
  const attempt = <T>(step: () => T): T | null => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      fault = error;
      return null;
    }
  };
  for await (const chunk of chunks) {
    utf8.push(chunk);
    if (fault === null) attempt(() => scanner.push(chunk));
    await keep(chunk);
  }
  const scan = fault === null ? attempt(() => scanner.end()) : null;
  const isClean = scan !== null && utf8.isValid && scan.lineEnding !== "mixed" && scan.blankLines === 0;
  return { scan, fault, isClean };
}

const INCOMPLETE = "data.csv-incomplete";

export interface RecordsOptions {
  readonly object: string;
  /** What is read, for messages. */
  readonly subject: string;
  /** Fields of its header. */
  readonly columns: number;
  /** Whether the stream begins with the header. */
  readonly hasHeader: boolean;
  /** Records that may be set aside. */
  readonly room: number;
  readonly onEvent: OnEvent;
}

/**
 * The records of a file that cannot stand as it is, read from what was kept of it: `open` begins it anew. Those that
 * cannot be read come with the reason. Reports PHP's dialect and bytes that are no UTF-8. Throws the file's own fault
 * when no way of reading it leaves a few records unreadable, or when it ends inside a record or with a text that is none.
 */
export async function* recordsOf(
  open: () => AsyncIterable<Uint8Array>,
  { scan, fault }: SeenFile,
  options: RecordsOptions,
): AsyncGenerator<Salvaged, void, undefined> {
  const { object, subject, columns, hasHeader, room, onEvent } = options;
  let mended = 0;
  const onMended = (): void => void (mended += 1);
  if (fault === null) {
    const endless = scan === null || scan.endedWithNewline ? 0 : scan.records;
    let number = 0;
    for await (const row of readCsv(open(), { subject, hasHeader, atStart: hasHeader, onMended })) {
      number += 1;
      yield { row, isEnded: number !== endless };
    }
  } else {
    const reading = { subject, columns, hasHeader };
    // What looks cut is, unless another dialect reads it to the last byte.
    const isCut = fault.code === INCOMPLETE;
    const rfc = isCut ? Infinity : await unreadableRecords(open(), { ...reading, dialect: "rfc" });
    const php = rfc === 0 ? Infinity : await unreadableRecords(open(), { ...reading, dialect: "php" });
    if (Math.min(rfc, php) > (isCut ? 0 : room)) throw fault;
    const dialect = php < rfc ? "php" : "rfc";
    if (dialect === "php") warnOfPhp(subject, object, onEvent);
    let last: Salvaged | null = null;
    for await (const record of salvageCsv(open(), { ...reading, dialect, onMended })) {
      last = record;
      yield record;
    }
    // A server that dies in mid-answer writes why behind the records: those it still had to send are not there.
    if (last?.row === null && columns > 2 && isOneField(last.raw)) throw foreignEnd(subject, String(last.raw));
  }
  if (mended === 0) return;
  const message = `${mended} records of ${subject} have bytes that are not UTF-8: each is replaced by U+FFFD`;
  onEvent({ type: "warning", code: "data.csv-encoding", object, message });
}

function warnOfPhp(subject: string, object: string, onEvent: OnEvent): void {
  const message = `${subject} is written in PHP's dialect (a backslash before a quote inside a quoted field): it is read as such, and encoded as RFC 4180`;
  onEvent({ type: "warning", code: "data.csv-php-dialect", object, message });
}

/**
 * Throws DataError when the last field of a file that no line end ends has been cut short, as far as its column can tell.
 * An empty one may be whole: old activities have no updated_at (Crim/pardot-java-client visitorActivityQuery.xml).
 */
export function checkLastField(text: string | null, column: Column, subject: string): void {
  if (column.type === "datetime" && text !== null && !isWholeTime(text)) throw cutShort(subject);
}

function isWholeTime(text: string): boolean {
  return /\d\d:\d\d:\d\d/.test(text) && datetimeText(text) !== undefined;
}

/** The failure of a file whose last record is not whole. */
export function cutShort(subject: string): DataError {
  return new DataError(`read ${subject}: the file ends inside the last field of a record`, {
    code: INCOMPLETE,
    hint: "The file was cut on its way. Nothing of it was landed, and its window stays open. Run again.",
  });
}

function isOneField(raw: Row | string): boolean {
  return typeof raw === "string" ? !raw.includes(",") : raw.length === 1;
}

/** The failure of a file behind whose records something else is written, as an error of the server. */
function foreignEnd(subject: string, text: string): DataError {
  return new DataError(`read ${subject}: the file ends with something that is no record: ${text.slice(0, 100)}`, {
    code: INCOMPLETE,
    hint: "Pardot, or a server before it, stopped in the middle of the file. Nothing of it was landed, and its window stays open. Run again; if it happens again, report it with the last line of the file.",
  });
}

/** Reads a finished spool again, as it was written. */
export async function* readSpool(path: string, compression: Compression): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path);
  try {
    yield* decompressed(file, compression);
  } catch (error) {
    throw tmpError("read spool", path, error);
  } finally {
    file.destroy();
  }
}

function decompressed(file: Readable, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === "none") return file as AsyncIterable<Uint8Array>;
  const transform = compression === "gzip" ? createGunzip() : createZstdDecompress();
  return file.compose(transform) as AsyncIterable<Uint8Array>;
}
