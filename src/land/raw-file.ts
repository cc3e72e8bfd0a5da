import type { Column, RangeField } from "../catalog/catalog.ts";
import { datetimeText } from "../encode/canonical.ts";
import type { Row } from "../encode/canonical.ts";
import type { CsvDialect } from "../encode/csv-record.ts";
import { salvageCsv, unreadableRecords } from "../encode/csv-salvage.ts";
import type { Salvaged } from "../encode/csv-salvage.ts";
import { CsvScanner, readCsv } from "../encode/csv-scan.ts";
import type { CsvScanOptions, CsvScanResult } from "../encode/csv-scan.ts";
import type { TimeBounds } from "../encode/plain-values.ts";
import { Utf8Check } from "../encode/utf8-check.ts";
import { DataError } from "../errors.ts";
import { warn } from "../events.ts";
import type { OnEvent } from "../events.ts";
import type { LocalText } from "../time/instant.ts";
import type { Rejects } from "./rejects.ts";
import { wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";

/** Findings about a result file while its bytes passed. */
export interface SeenFile {
  /** Null when two readers would read it differently; `fault` names the place. */
  readonly scan: CsvScanResult | null;
  readonly fault: DataError | null;
  /** Whether its bytes are UTF-8, its line ends the same everywhere, and no line is blank. */
  readonly isClean: boolean;
}

/** Passes every chunk to `keep`, also invalid ones, and checks it on the way. Memory: one chunk and one record. */
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
  return { scan, fault, isClean: scan?.isUniform === true && utf8.isValid };
}

/**
 * Times that the records of a window may have, as text of their files, with a day of tolerance: it is not documented
 * whether Pardot's bounds are exclusive in every export, and which of two readings of a repeated hour it takes.
 */
export interface RowBounds extends TimeBounds {
  readonly field: RangeField;
}

export function isOutside(text: LocalText | null, bounds: RowBounds): boolean {
  if (text === null) return false;
  return (text < bounds.least || text > bounds.greatest) && text < bounds.movedFrom;
}

/** Throws DataError when a file has records outside its window: it belongs to another one. */
export function checkOutside(outside: number, subject: string, bounds: RowBounds | null): void {
  if (outside === 0 || bounds === null) return;
  const { field, least, greatest } = bounds;
  throw new DataError(
    `read ${subject}: ${outside} of its records are outside the window (${field} from ${least} to ${greatest}, a day on each side included), so the file of this window was not delivered`,
    {
      code: "data.csv-window",
      hint: "Nothing of this file was landed, and its window stays open. Run again; if it happens again, report it: Pardot delivered other records than requested.",
    },
  );
}

const INCOMPLETE = "data.csv-incomplete";

export interface RecordsOptions extends Pick<ExpectedFile, "object" | "columns" | "key"> {
  /** Name of the file in messages. */
  readonly subject: string;
  readonly header: readonly string[];
  /** Whether the stream begins with the header. */
  readonly hasHeader: boolean;
  /** Receives the unreadable records. */
  readonly rejects: Rejects;
  readonly onEvent: OnEvent;
}

/** A record of a file, and whether a line end ends it, rather than the end of the file. */
export type ReadableRecord = Extract<Salvaged, { readonly isEnded: boolean }>;

/**
 * The readable records of a file that must be encoded, from its local copy: each `open` starts from its beginning. Sets
 * the others aside. Reports PHP's dialect and bytes that are not UTF-8. Throws the file's own fault when every dialect
 * leaves too many records unreadable, and when it ends inside a record or with other text.
 */
export async function* recordsOf(
  open: () => AsyncIterable<Uint8Array>,
  seen: SeenFile,
  options: RecordsOptions,
): AsyncGenerator<ReadableRecord, void, undefined> {
  const { subject, columns, header, key, rejects } = options;
  const last = columns.find((column) => wireName(column) === header.at(-1));
  for await (const record of allRecords(open, seen, options)) {
    if (record.row === null) {
      rejects.addUnreadable(record, header.indexOf(key));
      continue;
    }
    if (!record.isEnded && last !== undefined) checkLastField(record.row.at(-1) ?? null, last, subject);
    yield record;
  }
}

async function* allRecords(
  open: () => AsyncIterable<Uint8Array>,
  { scan, fault }: SeenFile,
  { object, subject, header, hasHeader, rejects, onEvent }: RecordsOptions,
): AsyncGenerator<Salvaged, void, undefined> {
  const reading = { subject, columns: header.length, hasHeader };
  let replaced = 0;
  const onReplaced = (): void => void (replaced += 1);
  if (fault === null) {
    const endless = scan === null || scan.endedWithNewline ? 0 : scan.records;
    let number = 0;
    for await (const row of readCsv(open(), { ...reading, onReplaced })) {
      number += 1;
      yield { row, isEnded: number !== endless };
    }
  } else {
    // A file that looks cut counts as cut, unless another dialect reads it to the last byte.
    const isCut = fault.code === INCOMPLETE;
    const rfc = isCut ? Infinity : await unreadableRecords(open(), { ...reading, dialect: "rfc" });
    const php = rfc === 0 ? Infinity : await unreadableRecords(open(), { ...reading, dialect: "php" });
    const dialect = dialectBy({ rfc, php }, fault, rejects);
    if (dialect === "php") warnOfDialect(subject, object, onEvent);
    let last: Salvaged | null = null;
    for await (const record of salvageCsv(open(), { ...reading, dialect, onReplaced })) {
      last = record;
      yield record;
    }
    // A server that fails while responding writes the reason after the records, so the rest of them is missing.
    if (last?.row === null && header.length > 2 && isOneField(last.raw)) throw foreignEnd(subject, String(last.raw));
  }
  warnOfReplaced(replaced, subject, object, onEvent);
}

/** Warns that a file is read in PHP's dialect. */
export function warnOfDialect(subject: string, object: string, onEvent: OnEvent): void {
  const message = `${subject} is written in PHP's dialect (a backslash before a quote inside a quoted field): read as such, and encoded as RFC 4180`;
  warn(onEvent, "data.csv-php-dialect", message, object);
}

/** Warns of records with bytes that are not UTF-8. */
export function warnOfReplaced(replaced: number, subject: string, object: string, onEvent: OnEvent): void {
  if (replaced === 0) return;
  const message = `${replaced} records of ${subject} have bytes that are not UTF-8: each is replaced by U+FFFD`;
  warn(onEvent, "data.csv-encoding", message, object);
}

/** The dialect that leaves fewer records unreadable. Throws the file's fault when both leave too many. */
export function dialectBy(
  unreadable: { readonly rfc: number; readonly php: number },
  fault: DataError,
  rejects: Rejects,
): CsvDialect {
  const isCut = fault.code === INCOMPLETE;
  const rfc = isCut ? Infinity : unreadable.rfc;
  const php = rfc === 0 ? Infinity : unreadable.php;
  if (Math.min(rfc, php) > (isCut ? 0 : rejects.room)) throw fault;
  return php < rfc ? "php" : "rfc";
}

/**
 * Throws DataError when the last field of a file without a final line end was cut short, as far as its type can show.
 * An empty one may be complete: old activities have no updated_at (Crim/pardot-java-client visitorActivityQuery.xml).
 */
export function checkLastField(text: string | null, column: Pick<Column, "type">, subject: string): void {
  if (column.type !== "datetime" || text === null) return;
  if (!/\d\d:\d\d:\d\d/.test(text) || datetimeText(text) === undefined) throw cutShort(subject);
}

/** The failure of a file whose last record is incomplete. */
export function cutShort(subject: string): DataError {
  return new DataError(`read ${subject}: the file ends inside the last field of a record`, {
    code: INCOMPLETE,
    hint: "The file was cut in transfer. Nothing of it was landed, and its window stays open. Run again.",
  });
}

export function isOneField(raw: Row | string): boolean {
  return typeof raw === "string" ? !raw.includes(",") : raw.length === 1;
}

/** The failure of a file with other text, such as a server error, after its records. */
export function foreignEnd(subject: string, text: string | null): DataError {
  const quote = text === null ? "" : `: ${text.slice(0, 100)}`;
  return new DataError(`read ${subject}: the file ends with something that is not a record${quote}`, {
    code: INCOMPLETE,
    hint: "Pardot, or a server in front of it, stopped in the middle of the file. Nothing of it was landed, and its window stays open. Run again; if it happens again, report it with the last line of the file.",
  });
}
