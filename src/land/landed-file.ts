import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Content } from "../encode/encoder.ts";
import { formatOf } from "../encode/formats.ts";
import { StorageError } from "../errors.ts";
import { tmpError } from "../storage/local-errors.ts";
import type { Compression } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";

/** Measures of a landed file in the destination. */
export interface MeasuredFile extends Content {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/**
 * Reads a landed file as a stream and measures it; its name shows its format. Throws DataError when it is not complete,
 * StorageError when it is gone.
 */
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
  const content = await formatOf(key).scan(decompressed(key, stored()), key);
  return { ...content, bytes, sha256: hash.digest("hex") };
}

/**
 * The problem with a committed file: "missing", a clause, or null when it is as committed. Takes one request, because it
 * opens the file without a check first.
 */
export async function checkFile(
  storage: Storage,
  key: string,
  committed: Omit<MeasuredFile, "columns">,
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

/** The content of a landed file; its name shows the compression. */
export function decompressed(key: string, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return decompress(chunks, key.endsWith(".gz") ? "gzip" : key.endsWith(".zst") ? "zstd" : "none");
}

async function* decompress(
  chunks: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (compression === "none") {
    yield* chunks;
    return;
  }
  const transform = compression === "gzip" ? createGunzip() : createZstdDecompress();
  const fed = pipeline(Readable.from(chunks), transform);
  // The loop over the output throws the same error; one that is left early also ends the feeding with an error.
  fed.catch(() => undefined);
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } finally {
    transform.destroy();
    await fed.catch(() => undefined);
  }
}

/** The bytes written to a finished spool. */
export async function* readSpool(path: string, compression: Compression): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path);
  try {
    yield* decompress(file, compression);
  } catch (error) {
    throw tmpError("read spool", path, error);
  } finally {
    file.destroy();
  }
}
