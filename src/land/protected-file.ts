import type { Column } from "../catalog/catalog.ts";
import type { Row } from "../encode/canonical.ts";
import type { SplitCsv } from "../encode/csv-header.ts";
import type { CsvDialect } from "../encode/csv-record.ts";
import { Salvager } from "../encode/csv-salvage.ts";
import type { Salvaged } from "../encode/csv-salvage.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import { csvRow } from "../encode/csv-write.ts";
import { TextChunks } from "../encode/encoder.ts";
import { protectCell } from "../encode/protect.ts";
import type { Protection } from "../encode/protect.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { checkLastField, dialectBy, foreignEnd, isOneField, warnOfDialect, warnOfReplaced } from "./raw-file.ts";
import type { ReadableRecord } from "./raw-file.ts";
import type { Rejects } from "./rejects.ts";
import { wireName } from "./result-header.ts";

// Values of dropped and hashed columns must not reach the local disk. So a result file that has any is rewritten while it
// is downloaded, and what cannot be decided in one pass (its dialect) takes further downloads, not a copy.

/**
 * How the values of a result file are kept from the disk, over all its downloads: scanned as RFC 4180 at first; if that
 * fails, its unreadable records are counted in both dialects, and then it is read in the better one.
 */
export class ProtectedReading {
  readonly protection: Protection;
  /** The fault of the scan; null: none so far. */
  fault: DataError | null = null;
  dialect: CsvDialect | null = null;

  constructor(protection: Protection) {
    this.protection = protection;
  }
}

export interface ProtectedOptions {
  readonly object: string;
  /** Name of the file in messages. */
  readonly subject: string;
  /** Null: the object has no dropped or hashed column. */
  readonly reading: ProtectedReading | null;
  /** As in `ExpectedFile`. */
  readonly localZone: string | null;
  /** Receives the unreadable records, without their text. */
  readonly rejects: Rejects;
  readonly onEvent: OnEvent;
}

/** Takes the place of an unreadable record, any part of which may be a protected value. */
const WITHHELD = "withheld, because columns of this object are dropped or hashed";

/**
 * The file without columns that are not landed, and with hashes in place of the values of hashed ones; the same object if
 * it has neither. It is RFC 4180 and UTF-8 then. Throws DataError (`data.csv-…`) when it must be downloaded again.
 */
export function protectFile(split: SplitCsv, options: ProtectedOptions): SplitCsv {
  const { reading } = options;
  if (reading === null) return split;
  const { columns } = reading.protection;
  const kept = split.header.flatMap((name, place) => {
    const column = columns.find((one) => wireName(one) === name);
    return column === undefined ? [] : [{ name, place, column }];
  });
  if (kept.length === split.header.length && kept.every(({ column }) => column.hashed === undefined)) return split;
  const header = kept.map(({ name }) => name);
  const rest = (): AsyncGenerator<Uint8Array> => rewritten(split, kept, reading, options);
  return {
    header,
    hasBom: false,
    rest: { [Symbol.asyncIterator]: rest },
    all: { [Symbol.asyncIterator]: () => withHeader(header, rest()) },
    close: split.close,
  };
}

async function* withHeader(
  header: readonly string[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(csvRow(header));
  yield* rest;
}

async function* rewritten(
  split: SplitCsv,
  kept: readonly { readonly place: number; readonly column: Column }[],
  reading: ProtectedReading,
  options: ProtectedOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { protection } = reading;
  const { columns } = protection;
  const last = columns.find((column) => wireName(column) === split.header.at(-1));
  const text = new TextChunks();
  for await (const batch of recordsOf(split, reading, options)) {
    for (const { row, isEnded } of batch) {
      if (!isEnded && last !== undefined) {
        checkLastField(row.at(-1) ?? null, { type: last.hashed ?? last.type }, options.subject);
      }
      const cells = kept.map(({ place, column }) =>
        protectCell(row[place] ?? null, column, protection, options.localZone),
      );
      const line = csvRow(cells);
      text.write(isEnded ? line : line.slice(0, -1));
      const chunk = text.takeFull();
      if (chunk !== null) yield chunk;
    }
  }
  const chunk = text.takeRest();
  if (chunk.length > 0) yield chunk;
}

/** The records in batches, one for each chunk. */
async function* recordsOf(
  split: SplitCsv,
  reading: ProtectedReading,
  options: ProtectedOptions,
): AsyncGenerator<readonly ReadableRecord[], void, undefined> {
  if (reading.fault === null) yield* scanned(split, reading, options);
  else if (reading.dialect === null) throw await counted(split, reading, reading.fault, options);
  else yield* salvaged(split, reading.dialect, options);
}

async function* scanned(
  { header, rest }: SplitCsv,
  reading: ProtectedReading,
  { subject, object, onEvent }: ProtectedOptions,
): AsyncGenerator<readonly ReadableRecord[], void, undefined> {
  let rows: Row[] = [];
  let replaced = 0;
  const scanner = new CsvScanner({
    subject,
    columns: header.length,
    hasHeader: false,
    watched: header.map((_, place) => place),
    onRecord: (row) => rows.push(row),
    onReplaced: () => void (replaced += 1),
  });
  const attempt = <T>(step: () => T): T | null => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      reading.fault = error;
      return null;
    }
  };
  for await (const chunk of rest) {
    // After a fault the rest only shows whether the file is whole.
    if (reading.fault !== null) continue;
    attempt(() => scanner.push(chunk));
    // How the last record ends is known at the end.
    yield rows.splice(0, rows.length - 1).map((row) => ({ row, isEnded: true }));
  }
  const end = reading.fault === null ? attempt(() => scanner.end()) : null;
  if (reading.fault !== null) throw reading.fault;
  const { length } = rows;
  yield rows.map((row, i) => ({ row, isEnded: i + 1 < length || end?.endedWithNewline === true }));
  rows = [];
  warnOfReplaced(replaced, subject, object, onEvent);
}

/** Decides on the dialect. Returns the fault for which the file is downloaded again. */
async function counted(
  { header, rest }: SplitCsv,
  reading: ProtectedReading,
  fault: DataError,
  { subject, rejects }: ProtectedOptions,
): Promise<DataError> {
  const counts = { rfc: 0, php: 0 };
  const readers = (["rfc", "php"] as const).map((dialect) => {
    const salvager = new Salvager({ subject, columns: header.length, dialect });
    const count = (records: Iterable<Salvaged>): void => {
      for (const { row } of records) if (row === null) counts[dialect] += 1;
    };
    return { dialect, salvager, count };
  });
  for await (const chunk of rest) for (const { salvager, count } of readers) count(salvager.push(chunk));
  for (const { dialect, salvager, count } of readers) {
    try {
      count(salvager.end());
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      counts[dialect] = Infinity;
    }
  }
  reading.dialect = dialectBy(counts, fault, rejects);
  return fault;
}

async function* salvaged(
  { header, rest }: SplitCsv,
  dialect: CsvDialect,
  { subject, object, rejects, onEvent }: ProtectedOptions,
): AsyncGenerator<readonly ReadableRecord[], void, undefined> {
  let replaced = 0;
  let last: Salvaged | null = null;
  const salvager = new Salvager({ subject, columns: header.length, dialect, onReplaced: () => void (replaced += 1) });
  const readable = (records: Iterable<Salvaged>): readonly ReadableRecord[] => {
    const batch: ReadableRecord[] = [];
    for (const record of records) {
      last = record;
      if (record.row === null) rejects.addWhole(record.reason, WITHHELD);
      else batch.push(record);
    }
    return batch;
  };
  if (dialect === "php") warnOfDialect(subject, object, onEvent);
  for await (const chunk of rest) yield readable(salvager.push(chunk));
  yield readable(salvager.end());
  const end = last as Salvaged | null;
  if (end?.row === null && header.length > 2 && isOneField(end.raw)) throw foreignEnd(subject, null);
  warnOfReplaced(replaced, subject, object, onEvent);
}
