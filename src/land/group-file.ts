import { datetimeText, integerText } from "../encode/canonical.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { csvRow } from "../encode/csv-write.ts";
import { TextChunks } from "../encode/encoder.ts";
import { PlainValues } from "../encode/plain-values.ts";
import type { Reject } from "../encode/reject.ts";
import { Scratch } from "../storage/scratch.ts";
import type { Landing } from "./land.ts";
import { protectFile } from "./protected-file.ts";
import { checkOutside, isOutside, recordsOf, seeFile } from "./raw-file.ts";
import type { RowBounds, SeenFile } from "./raw-file.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { missingFields, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";

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
  const { onEvent } = landing;
  const { localZone = null, reading = null } = options;
  const body = await splitHeader(chunks);
  const scratch = await Scratch.open(landing.spool);
  let written: Scratch = scratch;
  try {
    missingFields(body.header, subject, options);
    const { header, rest } = protectFile(body, { ...options, subject, localZone, reading, onEvent });
    const key = header.indexOf(options.key);
    const timed = timedIn(header, options);
    // Only these two are checked here: the others when their records are joined.
    const columns = header.map(
      (_, i) => ({ type: i === key ? "integer" : i === timed ? "datetime" : "string" }) as const,
    );
    const values = new PlainValues({ columns, key, timed, bounds: options.bounds });
    const onBytes = (bytes: Uint8Array, start: number, ends: Int32Array): void => values.look(bytes, start, ends);
    const scan = { subject, columns: header.length, hasHeader: false, onBytes };
    const seen = await seeFile(rest, scan, (chunk) => scratch.write(chunk));
    const about = { group, exportId, fileId, header };
    if (seen.isClean && seen.scan !== null && values.isPlain) {
      checkOutside(values.outside, subject, options.bounds);
      const { records, endedWithNewline } = seen.scan;
      if (records > 0 && !endedWithNewline) await scratch.write(LINE_END);
      return { ...about, records, rejects: options.rejects.take(), scratch };
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
    await body.close();
  }
}

/** The index of the window's times; -1: none. */
function timedIn(header: readonly string[], { bounds, columns }: GroupFileOptions): number {
  const column = columns.find(({ name }) => name === bounds?.field);
  return column === undefined ? -1 : header.indexOf(wireName(column));
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
  const { key, bounds, rejects } = options;
  const timed = timedIn(header, options);
  const text = new TextChunks();
  let records = 0;
  let outside = 0;
  const reading = { ...options, subject, header, hasHeader: false, onEvent };
  for await (const { row } of recordsOf(() => from.read(), seen, reading)) {
    const id = row[header.indexOf(key)] ?? "";
    if (integerText(id) === undefined) {
      const reason = id === "" ? `${key} is empty` : `${key} is ${JSON.stringify(id)}, expected integer`;
      rejects.addWhole(reason, recordOf(header, row), id === "" ? null : id, key);
      continue;
    }
    const time = datetimeText(row[timed] ?? "") ?? null;
    if (bounds !== null && isOutside(time, bounds)) outside += 1;
    records += 1;
    text.write(csvRow(row));
    const chunk = text.takeFull();
    if (chunk !== null) await to.write(chunk);
  }
  await to.write(text.takeRest());
  checkOutside(outside, subject, bounds);
  return records;
}
