import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CsvScanner, readCsv } from "../src/encode/csv-scan.ts";
import { csvEncoder } from "../src/encode/csv-write.ts";
import type { Encoder } from "../src/encode/encoder.ts";
import { FORMATS } from "../src/encode/formats.ts";
import { PlainValues } from "../src/encode/plain-values.ts";
import { Utf8Check } from "../src/encode/utf8-check.ts";
import { normalise } from "../src/encode/normalise.ts";
import type { Row } from "../src/encode/canonical.ts";
import type { Column } from "../src/catalog/catalog.ts";
import { ParquetConverter } from "../src/warehouse/duckdb/parquet.ts";

/** A measured way of encoding: megabytes and records per second, the best of several rounds. */
export interface EncodeFigure {
  readonly name: string;
  readonly megabytesPerSecond: number;
  readonly recordsPerSecond: number;
}

const ROUNDS = 5;
const RECORDS = 100_000;
const CHUNK_BYTES = 64 * 1024;

const columns: readonly Column[] = [
  ...["id", "prospect_id", "visitor_id", "type"].map((name): Column => ({ name, type: "integer" })),
  ...["type_name", "details"].map((name): Column => ({ name, type: "string" })),
  ...["email_id", "list_email_id", "form_id", "file_id", "visit_id", "campaign_id"].map((name): Column => ({
    name,
    type: "integer",
  })),
  ...["created_at", "updated_at"].map((name): Column => ({ name, type: "datetime" })),
];

/** Typical visitor activities: links, short labels, and one text in ten that needs quotes. */
function activities(): Record<string, string | number | null>[] {
  return Array.from({ length: RECORDS }, (_, i) => {
    const day = String(1 + (i % 28)).padStart(2, "0");
    const seconds = String(i % 60).padStart(2, "0");
    const link = `https://www.example.com/landing/page-${i % 500}?utm_source=newsletter&utm_campaign=c${i % 77}`;
    return {
      id: 650_000_000 + i,
      prospect_id: i % 3 === 0 ? null : 8_102_000 + (i % 7777),
      visitor_id: 440_000 + (i % 99_999),
      type: 1 + (i % 30),
      type_name: i % 4 === 0 ? "Form Handler" : "Email Tracker",
      details: i % 10 === 0 ? 'Contact us, "now" – 😀' : link,
      email_id: 88_000_000 + i,
      list_email_id: i % 4 === 0 ? null : 4021,
      campaign_id: 44,
      created_at: `2024-07-${day} 12:00:${seconds}`,
      updated_at: `2024-07-${day} 12:30:${seconds}`,
    };
  });
}

/** Measures the encoders on one core, in memory, without I/O but for Parquet. */
export async function benchEncode(): Promise<EncodeFigure[]> {
  const records = activities();
  const rows = records.map((record) => normalise(record, columns, "VisitorActivity"));
  const csv = writeAll(csvEncoder(columns), rows);
  const jsonl = writeAll(FORMATS.jsonl.encoder(columns), rows);
  const watched = [columns.length - 2, columns.length - 1];
  return [
    await measure("scan csv", csv.length, () => scan(csv, [])),
    await measure("scan csv, two columns handed over", csv.length, () => scan(csv, watched, () => undefined)),
    await measure("scan csv, every value checked", csv.length, () => check(csv)),
    await measure("read csv into rows", csv.length, () => read(csv)),
    await measure("normalise records", csv.length, () => {
      for (const record of records) normalise(record, columns, "VisitorActivity");
    }),
    await measure("write csv", csv.length, () => writeAll(csvEncoder(columns), rows)),
    await measure("write json lines", jsonl.length, () => writeAll(FORMATS.jsonl.encoder(columns), rows)),
    await measure("scan json lines", jsonl.length, () => FORMATS.jsonl.scan(chunksOf(jsonl), "bench")),
    await benchParquet(csv),
  ];
}

/** DuckDB's process turns the same records into Parquet; MB are those of the CSV. */
async function benchParquet(csv: Buffer): Promise<EncodeFigure> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-bench-"));
  const converter = new ParquetConverter({ tmpDir: folder });
  try {
    const path = join(folder, "rows.csv");
    await writeFile(path, csv);
    const { signal } = new AbortController();
    const source = { object: "VisitorActivity", columns, path, rows: RECORDS };
    return await measure("csv to parquet, by DuckDB", csv.length, () =>
      converter.convert(source, async () => undefined, signal),
    );
  } finally {
    await converter.close();
    await rm(folder, { recursive: true });
  }
}

function writeAll(writer: Encoder, rows: readonly Row[]): Buffer {
  const chunks: Uint8Array[] = [];
  for (const row of rows) {
    writer.add(row);
    const chunk = writer.takeFull();
    if (chunk !== null) chunks.push(chunk);
  }
  chunks.push(writer.takeRest());
  return Buffer.concat(chunks);
}

function scan(csv: Buffer, watched: readonly number[], onRecord?: () => void): void {
  const scanner = new CsvScanner({
    subject: "bench",
    columns: columns.length,
    watched,
    ...(onRecord === undefined ? {} : { onRecord }),
  });
  for (let i = 0; i < csv.length; i += CHUNK_BYTES) scanner.push(csv.subarray(i, i + CHUNK_BYTES));
  if (scanner.end().records !== RECORDS) throw new Error("the scanner lost records");
}

/** All checks of a result file that passes through. */
function check(csv: Buffer): void {
  const values = new PlainValues({ columns, key: 0, watermark: columns.length - 1 });
  const utf8 = new Utf8Check();
  const scanner = new CsvScanner({
    subject: "bench",
    columns: columns.length,
    onBytes: (bytes, start, ends) => values.look(bytes, start, ends),
  });
  for (let i = 0; i < csv.length; i += CHUNK_BYTES) {
    utf8.push(csv.subarray(i, i + CHUNK_BYTES));
    scanner.push(csv.subarray(i, i + CHUNK_BYTES));
  }
  if (scanner.end().records !== RECORDS || !values.isPlain || !utf8.isValid) throw new Error("a value is not plain");
}

async function read(csv: Buffer): Promise<void> {
  let count = 0;
  for await (const row of readCsv(chunksOf(csv), { subject: "bench", columns: columns.length }))
    count += Math.sign(row.length);
  if (count !== RECORDS) throw new Error("the reader lost records");
}

async function* chunksOf(csv: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  for (let i = 0; i < csv.length; i += CHUNK_BYTES) yield csv.subarray(i, i + CHUNK_BYTES);
}

async function measure(name: string, bytes: number, work: () => unknown): Promise<EncodeFigure> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return { name, megabytesPerSecond: Math.round(bytes / 1e6 / best), recordsPerSecond: Math.round(RECORDS / best) };
}

if (import.meta.main) {
  for (const figure of await benchEncode()) {
    const megabytes = String(figure.megabytesPerSecond).padStart(5);
    console.log(`${figure.name.padEnd(36)} ${megabytes} MB/s ${String(figure.recordsPerSecond).padStart(9)} records/s`);
  }
}
