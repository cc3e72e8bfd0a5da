import { splitHeader } from "./csv-header.ts";
import { CsvScanner } from "./csv-scan.ts";
import { csvEncoder } from "./csv-write.ts";
import type { Content, Format, FormatName } from "./encoder.ts";
import { jsonlEncoder, jsonlHeader, scanJsonl } from "./jsonl.ts";
import { scanParquet } from "./parquet.ts";

/**
 * The formats of landed files. To add one: a name and an entry here, its value in PARDOT_ETL_FORMAT (config/settings.ts),
 * its suffix in land/names.ts, and how DuckDB reads it (warehouse/duckdb/files.ts). One that is converted from CSV also
 * has a `Converter` (land/land.ts), which warehouse/open.ts opens.
 */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  csv: { name: "csv", suffix: ".csv", encoder: csvEncoder, isConverted: false, scan: scanCsv, header: csvHeader },
  jsonl: {
    name: "jsonl",
    suffix: ".jsonl",
    encoder: jsonlEncoder,
    isConverted: false,
    scan: scanJsonl,
    header: jsonlHeader,
  },
  parquet: {
    name: "parquet",
    suffix: ".parquet",
    encoder: csvEncoder,
    isConverted: true,
    scan: scanParquet,
    header: async (chunks, subject) => (await scanParquet(chunks, subject)).columns,
  },
};

/** The format of a landed file, by its name: files of an earlier run may have been landed with another setting. */
export function formatOf(key: string): Format {
  const name = key.replace(/\.(?:gz|zst)$/, "");
  return Object.values(FORMATS).find(({ suffix }) => name.endsWith(suffix)) ?? FORMATS.csv;
}

async function scanCsv(chunks: AsyncIterable<Uint8Array>, subject: string): Promise<Content> {
  const { header, all } = await splitHeader(chunks);
  const scanner = new CsvScanner({ subject, columns: header.length });
  for await (const chunk of all) scanner.push(chunk);
  return { rows: scanner.end().records, columns: header };
}

async function csvHeader(chunks: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const { header, close } = await splitHeader(chunks);
  await close();
  return header;
}
