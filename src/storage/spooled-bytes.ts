import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { DataError } from "../errors.ts";
import { tmpError } from "./local-errors.ts";
import type { SpooledFile } from "./storage.ts";

const CHUNK_BYTES = 128 * 1024;
/**
 * Memory of a chunk is used again this many chunks later. A fresh buffer for each grows the process by some 70 MB of
 * memory that waits to be collected (measured, 400 MB file). Node's streams and sockets hold at most half of these
 * between two waits for the drain; were it ever more, the store would refuse the bytes for their hash.
 */
const RING_CHUNKS = 12;

/**
 * The bytes of a spooled file, checked against what was declared of it. The last chunk is held back until size and
 * SHA-256 are known to be right, so whoever passes the chunks on can never complete a file that is not the declared
 * one. Throws `DataError` code `storage.spool-changed`. Up to 12 chunks of 128 KiB are in memory; a chunk is to be
 * passed on at once, or copied: its memory is used again.
 */
export async function* spooledBytes(file: SpooledFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await openSpooled(file);
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    let held: Uint8Array | null = null;
    const ring: Buffer[] = [];
    for (let turn = 0; ; turn += 1) {
      signal.throwIfAborted();
      // One byte of room beyond the declared size, so that a file that grew is noticed.
      const buffer = (ring[turn % RING_CHUNKS] ??= Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, file.bytes + 1)));
      const chunk = await readChunk(handle, buffer, file);
      if (chunk.length === 0) break;
      bytes += chunk.length;
      if (bytes > file.bytes) throw spoolChanged(file, `more than ${file.bytes} bytes`);
      hash.update(chunk);
      if (held !== null) yield held;
      held = chunk;
    }
    if (bytes !== file.bytes) throw spoolChanged(file, `${bytes} bytes instead of ${file.bytes}`);
    const sha256 = hash.digest("hex");
    if (sha256 !== file.sha256) throw spoolChanged(file, `sha-256 ${sha256} instead of ${file.sha256}`);
    if (held !== null) yield held;
  } finally {
    await handle.close();
  }
}

/** Reads the whole file once and throws as `spooledBytes` does if it is not the declared one. */
export async function verifySpooled(file: SpooledFile, signal: AbortSignal): Promise<void> {
  const chunks = spooledBytes(file, signal);
  while ((await chunks.next()).done !== true);
}

async function openSpooled(file: SpooledFile): Promise<FileHandle> {
  try {
    return await open(file.path, "r");
  } catch (error) {
    throw tmpError("open spooled file", file.path, error);
  }
}

async function readChunk(handle: FileHandle, buffer: Buffer, file: SpooledFile): Promise<Uint8Array> {
  try {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw tmpError("read spooled file", file.path, error);
  }
}

/** The spooled file is not the declared one any more. */
export function spoolChanged(file: SpooledFile, found: string): DataError {
  return new DataError(`publish spooled file ${file.path}: it holds ${found}`, {
    code: "storage.spool-changed",
    hint: "nothing was published; see whether another program writes or cleans in PARDOT_ETL_TMPDIR, then run again",
    context: { bytes: file.bytes, sha256: file.sha256 },
  });
}
