import { splitHeader } from "./csv-header.ts";
import { CsvScanner } from "./csv-scan.ts";
import type { Row } from "./row.ts";

export interface CsvReadOptions {
  /** What is read, for messages: `VisitorActivity export 17 file 4021`. */
  readonly subject: string;
  /** Whether the first record is a header, which is checked and left out. */
  readonly hasHeader: boolean;
  /** Whether a file begins here, where a byte-order mark may stand and is no text; true by default. */
  readonly atStart?: boolean;
  /** Bytes one record may have; `RECORD_BYTES_MAX` by default. */
  readonly recordBytesMax?: number;
  /** Called for each record with a value that is not UTF-8, which gets U+FFFD then; such a file is refused by default. */
  readonly onReplaced?: () => void;
}

/**
 * Records of a CSV stream as cells: null where a field is empty and unquoted, "" where it is empty and quoted. The
 * first record sets the number of fields. The checks are those of `CsvScanner`, by the very same code, and so are the
 * errors; a cell that is not UTF-8 is refused. Memory: one chunk and the largest record. Ending the loop closes the
 * source.
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvReadOptions,
): AsyncGenerator<Row, void, undefined> {
  const { header, all, close } = await splitHeader(chunks, options.recordBytesMax);
  try {
    let rows: Row[] = [];
    const scanner = new CsvScanner({
      ...options,
      columns: header.length,
      watched: header.map((_, index) => index),
      extremes: false,
      onRecord: (cells) => rows.push(cells),
    });
    for await (const chunk of all) {
      scanner.push(chunk);
      for (const row of rows) yield row;
      rows = [];
    }
    scanner.end();
    for (const row of rows) yield row;
  } finally {
    await close();
  }
}
