import type { Column } from "../catalog/catalog.ts";
import { datetimeText, integerText } from "../encode/canonical.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { csvRow } from "../encode/csv-write.ts";
import { TextChunks } from "../encode/text-chunks.ts";
import { PlainValues } from "../encode/plain-values.ts";
import type { TimeBounds } from "../encode/plain-values.ts";
import type { Reject } from "../encode/reject.ts";
import type { OnEvent } from "../events.ts";
import { openScratch } from "../storage/scratch.ts";
import type { Scratch, ScratchOptions } from "../storage/scratch.ts";
import { checkLastField, recordsOf, seeFile } from "./raw-file.ts";
import type { SeenFile } from "./raw-file.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { missingFields, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";
import { checkOutside, isOutside, plainBounds } from "./row-bounds.ts";
import type { RowBounds } from "./row-bounds.ts";

/** One result file of one group of fields, on the local disk, whole and without its header. */
export interface GroupFile {
  /** Index of its group. */
  readonly group: number;
  readonly exportId: string;
  /** The id in Pardot's download address. */
  readonly fileId: string;
  readonly header: readonly string[];
  readonly records: number;
  /** Records that cannot be read or have no key. */
  readonly rejects: readonly Reject[];
  /** RFC 4180 and UTF-8; ends with a line end unless it is empty. Whoever has the file discards it. */
  readonly scratch: Scratch;
}

export interface GroupFileOptions extends ExpectedFile {
  readonly group: number;
  readonly exportId: string;
  readonly fileId: string;
  /** Where its records stand in time; null: anywhere. */
  readonly bounds: RowBounds | null;
  readonly rejects: Rejects;
  readonly scratch: ScratchOptions;
  readonly onEvent: OnEvent;
}

const LINE_END = new TextEncoder().encode("\n");

/**
 * Takes one result file in, checked as it flows. One that two readers would read differently is written once more, and
 * its records that cannot be read are set aside. Throws DataError as `landExportFile` does when it is no result file, and
 * nothing is left of it then. Memory: one chunk and one record.
 */
export async function takeGroupFile(chunks: AsyncIterable<Uint8Array>, options: GroupFileOptions): Promise<GroupFile> {
  const { group, exportId, fileId } = options;
  const subject = `${options.object} export ${exportId} file ${fileId}`;
  const { header, rest, close } = await splitHeader(chunks);
  const scratch = await openScratch(options.scratch);
  let written: Scratch = scratch;
  try {
    missingFields(header, subject, options);
    const timed = columnsOf(header, options);
    const values = new PlainValues(timed.columns, header.indexOf(options.key), timed.bounds);
    const scan = { columns: header.length, hasHeader: false, atStart: false };
    const seen = await seeFile(
      rest,
      { ...scan, subject, onBytes: (bytes, start, ends) => values.look(bytes, start, ends) },
      (chunk) => scratch.write(chunk),
    );
    const about = { group, exportId, fileId, header };
    if (seen.isClean && seen.scan !== null && values.isPlain) {
      checkOutside(values.outside, subject, options.bounds);
      const { records, endedWithNewline } = seen.scan;
      if (records > 0 && !endedWithNewline) await scratch.write(LINE_END);
      return { ...about, records, rejects: [], scratch };
    }
    written = await openScratch(options.scratch);
    const records = await rewrite(scratch, written, header, seen, options, subject);
    await scratch.discard();
    return { ...about, records, rejects: options.rejects.take(), scratch: written };
  } catch (error) {
    await scratch.discard();
    await written.discard();
    throw error;
  } finally {
    await close();
  }
}

/** The columns as far as they are looked at here: the key, and the one that the window is cut on. */
function columnsOf(
  header: readonly string[],
  { key, bounds, columns }: GroupFileOptions,
): { readonly columns: readonly Pick<Column, "type">[]; readonly bounds: TimeBounds | null } {
  const timed = columns.find(({ name }) => name === bounds?.field);
  const place = timed === undefined ? -1 : header.indexOf(wireName(timed));
  return {
    columns: header.map((name, i) => ({ type: name === key ? "integer" : i === place ? "datetime" : "string" })),
    bounds: bounds === null || place === -1 ? null : plainBounds(bounds, place),
  };
}

/** Writes the records that can be read as RFC 4180; answers how many there are. */
async function rewrite(
  from: Scratch,
  to: Scratch,
  header: readonly string[],
  seen: SeenFile,
  options: GroupFileOptions,
  subject: string,
): Promise<number> {
  const { object, key, bounds, rejects, onEvent } = options;
  const { columns } = columnsOf(header, options);
  const timed = columns.findIndex(({ type }) => type === "datetime");
  const reading = { object, subject, columns: header.length, hasHeader: false, room: rejects.room, onEvent };
  const last = options.columns.find((column) => wireName(column) === header.at(-1));
  const text = new TextChunks();
  let records = 0;
  let outside = 0;
  for await (const record of recordsOf(() => from.read(), seen, reading)) {
    if (record.row === null) {
      rejects.addUnreadable(record, header.indexOf(key));
      continue;
    }
    const { row, isEnded } = record;
    if (!isEnded && last !== undefined) checkLastField(row.at(-1) ?? null, last, subject);
    const id = row[header.indexOf(key)] ?? "";
    if (integerText(id) === undefined) {
      const reason = id === "" ? `${key} is empty` : `${key} is ${JSON.stringify(id)}, expected integer`;
      rejects.addWhole(reason, recordOf(header, row), id === "" ? null : id, key);
      continue;
    }
    const time = datetimeText(row[timed] ?? "") ?? null;
    if (bounds !== null && isOutside(time, bounds)) outside += 1;
    records += 1;
    text.add(csvRow(row));
    const chunk = text.takeFull();
    if (chunk !== null) await to.write(chunk);
  }
  await to.write(text.takeRest());
  checkOutside(outside, subject, bounds);
  return records;
}
