import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { splitHeader } from "../encode/csv-header.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import { StorageError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";

/** A landed file as it stands in the destination. */
export interface MeasuredFile {
  readonly rows: number;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Reads a landed file as a stream and counts. Throws DataError when it is no whole CSV, StorageError when it is gone. */
export async function measureFile(storage: Storage, key: string, signal: AbortSignal): Promise<MeasuredFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  async function* stored(): AsyncGenerator<Uint8Array> {
    for await (const chunk of storage.open(key, signal)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  const { header, all } = await splitHeader(decompressed(key, stored()));
  const scanner = new CsvScanner({ subject: key, columns: header.length });
  for await (const chunk of all) scanner.push(chunk);
  return { rows: scanner.end().records, bytes, sha256: hash.digest("hex") };
}

/**
 * What is wrong with a committed file: "missing", a sentence, or null when it is as committed. One request: a file that
 * cannot be opened is not asked about before.
 */
export async function checkFile(
  storage: Storage,
  key: string,
  committed: MeasuredFile,
  signal: AbortSignal,
): Promise<"missing" | (string & {}) | null> {
  let found: MeasuredFile;
  try {
    found = await measureFile(storage, key, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StorageError && error.code === "storage.missing") return "missing";
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (found.bytes !== committed.bytes) return `it has ${found.bytes} bytes, ${committed.bytes} were committed`;
  if (found.sha256 !== committed.sha256) return "its bytes are not those that were committed";
  return found.rows === committed.rows ? null : `it has ${found.rows} rows, ${committed.rows} were committed`;
}

/** A landed file without its compression, which its name says. */
export function decompressed(key: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (key.endsWith(".gz")) return Readable.from(chunks).compose(createGunzip()) as AsyncIterable<Uint8Array>;
  if (key.endsWith(".zst")) return Readable.from(chunks).compose(createZstdDecompress()) as AsyncIterable<Uint8Array>;
  return chunks;
}
