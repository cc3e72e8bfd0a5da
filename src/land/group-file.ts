import type { Column } from "../catalog/catalog.ts";
import { datetimeText, integerText } from "../encode/canonical.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { csvRow } from "../encode/csv-write.ts";
import { TextChunks } from "../encode/encoder.ts";
import { PlainValues } from "../encode/plain-values.ts";
import type { TimeBounds } from "../encode/plain-values.ts";
import type { Reject } from "../encode/reject.ts";
import { Scratch } from "../storage/scratch.ts";
import type { Landing } from "./land.ts";
import { checkLastField, recordsOf, seeFile } from "./raw-file.ts";
import type { SeenFile } from "./raw-file.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { missingFields, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";
import { checkOutside, isOutside, plainBounds } from "./row-bounds.ts";
import type { RowBounds } from "./row-bounds.ts";

/** One result file of one group of fields, on the local disk, complete and without its header. */
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
  /** RFC 4180 and UTF-8; ends with a line end unless it is empty. The owner of the file discards it. */
  readonly scratch: Scratch;
}

export interface GroupFileOptions extends ExpectedFile {
  readonly group: number;
  readonly exportId: string;
  readonly fileId: string;
  /** Times that its records may have; null: any. */
  readonly bounds: RowBounds | null;
  readonly rejects: Rejects;
}

const LINE_END = new TextEncoder().encode("\n");

/**
 * Writes one result file to the local disk, checked as it flows. One that two readers would read differently is rewritten,
 * and its unreadable records are set aside. Throws DataError as `landExportFile` does when it is not a result file, and
 * leaves nothing behind. Memory: one chunk and one record.
 */
export async function spoolGroupFile(
  chunks: AsyncIterable<Uint8Array>,
  options: GroupFileOptions,
  landing: Pick<Landing, "spool" | "onEvent">,
): Promise<GroupFile> {
  const { group, exportId, fileId } = options;
  const subject = `${options.object} export ${exportId} file ${fileId}`;
  const { header, rest, close } = await splitHeader(chunks);
  const scratch = await Scratch.open(landing.spool);
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
    written = await Scratch.open(landing.spool);
    const records = await rewrite(scratch, written, header, seen, subject, options, landing);
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

/** The columns as far as they are checked here: the key, and the one of the window. */
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

/** Writes the readable records as RFC 4180. Returns their number. */
async function rewrite(
  from: Scratch,
  to: Scratch,
  header: readonly string[],
  seen: SeenFile,
  subject: string,
  options: GroupFileOptions,
  { onEvent }: Pick<Landing, "onEvent">,
): Promise<number> {
  const { object, key, bounds, rejects } = options;
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
