import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { ConvertedFrom, Converter } from "../../land/land.ts";
import { tmpError } from "../../storage/local-errors.ts";
import { Worker } from "../worker.ts";
import type { DuckdbOperations } from "./protocol.ts";

const { version } = createRequire(import.meta.url)("@duckdb/node-api/package.json") as { readonly version: string };

/** Rows of a row group. It decides over the bytes, as DuckDB's version does. */
const GROUP_ROWS = 20_480;

/**
 * Bytes of the rows (not of the file) after which a row group ends before that, so that long texts do not fill the
 * memory. It decides over the bytes, too.
 */
const GROUP_BYTES = 16_000_000;

/**
 * Writes and reads Parquet with a DuckDB process without a database: it starts at the first file and converts one at a time. About
 * 200 MB; up to about 900 MB for records with megabytes of text.
 */
export class ParquetConverter implements Converter {
  readonly version: string = `duckdb ${version.split("-")[0] ?? version}, ${GROUP_ROWS} rows, ${GROUP_BYTES} bytes`;
  readonly #worker: Worker<DuckdbOperations>;

  constructor(options: { readonly tmpDir: string }) {
    this.#worker = new Worker({
      warehouse: "DuckDB",
      name: "DuckDB",
      entry: new URL("./process.ts", import.meta.url),
      deathHint:
        "Nothing of this file was landed. Run again. If it was killed for its memory (up to about 900 MB), give the machine more.",
      tmpDir: options.tmpDir,
      open: { doing: "open", input: (tempDir) => ({ path: null, tempDir }) },
    });
  }

  /** The operating system's id of the process; null when there is none. */
  get processId(): number | null {
    return this.#worker.processId;
  }

  async convert(
    { object, columns, path, rows }: ConvertedFrom,
    write: (chunk: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const doing = `write ${object} as Parquet with`;
    const input = { path, columns, rows, groupRows: GROUP_ROWS, groupBytes: GROUP_BYTES };
    await this.#worker.serialize(async () => {
      const target = await this.#worker.ask("writeParquet", input, doing, signal);
      try {
        for await (const chunk of chunksOf(target)) await write(chunk);
      } finally {
        await rm(target, { force: true });
      }
    });
  }

  /** The rows of a local Parquet file as CSV, with a header. One file at a time. */
  async *read(key: string, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const target = await this.#worker.serialize(() =>
      this.#worker.ask("readParquet", { path }, `read ${key} with`, signal),
    );
    try {
      yield* chunksOf(target);
    } finally {
      await rm(target, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#worker.serialize(async () => this.#worker.drop());
  }
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path);
  try {
    yield* file as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw tmpError("read the file of DuckDB", path, error);
  } finally {
    file.destroy();
  }
}
