import { splitHeader } from "../encode/csv-header.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import { openScratch } from "../storage/scratch.ts";
import type { Scratch, ScratchOptions } from "../storage/scratch.ts";

/** One result file of one group of fields, on the local disk, whole and without its header. */
export interface GroupFile {
  /** Index of its group. */
  readonly group: number;
  readonly exportId: string;
  /** The id in Pardot's download address. */
  readonly fileId: string;
  /** Empty when the body had no byte at all. */
  readonly header: readonly string[];
  readonly records: number;
  /** Ends with a line end unless it is empty. Whoever has the file discards it. */
  readonly scratch: Scratch;
}

const LINE_END = new TextEncoder().encode("\n");

/**
 * Takes one result file in, checked as it flows: throws DataError as `CsvScanner` does when it is broken, and nothing is
 * left of it then. Memory: one chunk.
 */
export async function takeGroupFile(
  chunks: AsyncIterable<Uint8Array>,
  about: Pick<GroupFile, "group" | "exportId" | "fileId"> & { readonly object: string },
  options: ScratchOptions,
): Promise<GroupFile> {
  const { object, group, exportId, fileId } = about;
  const scratch = await openScratch(options);
  try {
    const { header, rest } = await splitHeader(chunks);
    const subject = `${object} export ${exportId} file ${fileId}`;
    const scanner = new CsvScanner({ subject, columns: header.length, hasHeader: false, atStart: false });
    for await (const chunk of rest) {
      scanner.push(chunk);
      await scratch.write(chunk);
    }
    const { records, endedWithNewline } = scanner.end();
    if (records > 0 && !endedWithNewline) await scratch.write(LINE_END);
    return { group, exportId, fileId, header, records, scratch };
  } catch (error) {
    await scratch.discard();
    throw error;
  }
}
