import { splitHeader } from "./csv-header.ts";
import { CsvScanner } from "./csv-scan.ts";
import type { Row } from "./row.ts";

export interface CsvReadOptions {
  /** Name of the data in messages: `VisitorActivity export 17 file 4021`. */
  readonly subject: string;
  /** Whether the first record is a header, which is checked and skipped. */
  readonly hasHeader: boolean;
  /** Whether the stream is the start of a file, which may have a byte-order mark. Default true. */
  readonly atStart?: boolean;
  /** Most bytes of one record. Default `RECORD_BYTES_MAX`. */
  readonly recordBytesMax?: number;
  /** Called for each record with bytes that are not UTF-8, which become U+FFFD. Default: such a file is refused. */
  readonly onReplaced?: () => void;
}

/**
 * Records of a CSV stream as cells: null for an empty, unquoted field, "" for an empty, quoted one. The first record
 * determines the number of fields. `CsvScanner` checks the records and throws the errors. Memory: one chunk and the
 * largest record. Ending the loop closes the source.
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
