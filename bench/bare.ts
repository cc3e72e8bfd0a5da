import { createHash } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { SaxesParser } from "saxes";
import { request } from "undici";

/**
 * `node bench/bare.ts KIND URL FILE`: the duties of a path in a bare loop, as the measure of what this machine can do.
 * bulk, gzip, zstd: stream, find the records and the greatest watermark, hash, write, sync. json, xml: fetch, parse,
 * write as CSV, hash, sync, in whole files of 1,000 rows as a run lands them.
 */
const [, , kind = "", url = "", file = ""] = process.argv;
/** Bytes of `YYYY-MM-DD HH:MM:SS`. */
const TIME_BYTES = 19;
/** PARDOT_ETL_ROWS_PER_FILE, the default. */
const ROWS_PER_FILE = 1000;

let handle = await open(file, "w");
const hash = createHash("sha256");
let records = 0;
if (kind === "json" || kind === "xml") await query();
else await bulk();
await handle.sync();
await handle.close();
process.stdout.write(`${records} ${hash.digest("hex").slice(0, 8)}\n`);

async function write(chunk: Uint8Array): Promise<void> {
  hash.update(chunk);
  await handle.writeFile(chunk);
}

/** Gives a whole file its name, and opens the next one. */
async function nextFile(): Promise<void> {
  await handle.sync();
  await handle.close();
  await rename(file, `${file}-${records}`);
  const folder = await open(dirname(file), "r");
  await folder.sync();
  await folder.close();
  handle = await open(file, "w");
}

async function bulk(): Promise<void> {
  const { body } = await request(`${url}/api/export/version/4/do/downloadResults/id/1/file/1`);
  const packer =
    kind === "gzip"
      ? createGzip({ level: 1 })
      : kind === "zstd"
        ? createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
        : null;
  const source = packer === null ? scanned(body) : Readable.from(scanned(body)).pipe(packer);
  for await (const chunk of source) await write(chunk as Uint8Array);
}

async function* scanned(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isQuoted = false;
  let start = 0;
  let last = Buffer.alloc(0);
  let max = "";
  for await (const bytes of chunks) {
    const chunk = bytes as Buffer;
    start = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i];
      if (byte === 34) isQuoted = !isQuoted;
      else if (byte === 10 && !isQuoted) {
        records += 1;
        const mark =
          i - start >= TIME_BYTES
            ? chunk.toString("latin1", i - TIME_BYTES, i)
            : Buffer.concat([last, chunk.subarray(0, i)])
                .toString("latin1")
                .slice(-TIME_BYTES);
        if (mark > max) max = mark;
        start = i + 1;
      }
    }
    last = Buffer.from(chunk.subarray(start));
    yield chunk;
  }
}

async function query(): Promise<void> {
  let after = 0;
  for (;;) {
    const object = kind === "json" ? "emailClick" : "list";
    const { body } = await request(`${url}/api/${object}/version/4/do/query?id_greater_than=${after}`);
    const text = await body.text();
    const rows = kind === "json" ? jsonRows(text) : xmlRows(text);
    if (rows.length === 0) return;
    let csv = "";
    for (const row of rows) csv += `${row.map((cell) => (cell === undefined ? "" : quoted(String(cell)))).join(",")}\n`;
    await write(Buffer.from(csv));
    records += rows.length;
    after = Number(rows.at(-1)?.[0]);
    if (records % ROWS_PER_FILE === 0) await nextFile();
  }
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

type Cells = readonly (string | number | undefined)[];

function jsonRows(text: string): Cells[] {
  const { result } = JSON.parse(text) as { result: { emailClick?: Record<string, string | number>[] } };
  return (result.emailClick ?? []).map((r) => [
    r["id"],
    r["prospect_id"],
    r["url"],
    r["list_email_id"],
    r["drip_program_action_id"],
    r["email_template_id"],
    r["tracker_redirect_id"],
    r["created_at"],
  ]);
}

function xmlRows(text: string): Cells[] {
  const rows: Cells[] = [];
  let record: Record<string, string> = {};
  let cell = "";
  const parser = new SaxesParser();
  parser.on("opentag", ({ name }) => {
    if (name === "list") record = {};
    cell = "";
  });
  parser.on("text", (part) => (cell += part));
  parser.on("closetag", ({ name }) => {
    if (name === "list") {
      rows.push([
        record["id"],
        record["name"],
        record["is_public"],
        record["is_dynamic"],
        record["title"],
        record["description"],
        record["is_crm_visible"],
        record["created_at"],
        record["updated_at"],
      ]);
    } else record[name] = cell;
  });
  parser.write(text).close();
  return rows;
}
