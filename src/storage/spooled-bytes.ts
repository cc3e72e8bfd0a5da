import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { DataError } from "../errors.ts";
import { tmpError } from "./local-errors.ts";
import type { SpooledFile } from "./storage.ts";

const CHUNK_BYTES = 128 * 1024;
/**
 * The memory of a chunk is reused this many chunks later. A new buffer for each grows the process by some 70 MB of
 * memory that waits for collection (measured, 400 MB file). Node's streams and sockets hold at most half of these
 * between two waits for the drain. If it were ever more, the store would refuse the bytes for their hash.
 */
const RING_CHUNKS = 12;

/**
 * The bytes of a spooled file, checked against its declared size and SHA-256. The last chunk is held back until both are
 * verified, so a caller can never complete a file other than the declared one. Throws `DataError` code
 * `storage.spool-changed`. Memory: up to 12 chunks of 128 KiB. Use a chunk at once, or copy it: its memory is reused.
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
      // One byte more than the declared size, to notice a file that grew.
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

/** Stands for the content of a file that only this process writes. */
export function stampOf({ ino, size, mtimeNs }: Pick<BigIntStats, "ino" | "size" | "mtimeNs">): string {
  return `${ino} ${size} ${mtimeNs}`;
}

/**
 * Throws as `spooledBytes` does if the file is not the declared one. Reads it only if it may have changed since it was
 * finished: reading a large file takes longer than everything else about landing it.
 */
export async function verifyUnchanged(file: SpooledFile, signal: AbortSignal): Promise<void> {
  const found = await stat(file.path, { bigint: true }).catch(() => null);
  if (found === null || stampOf(found) !== file.stamp) await verifySpooled(file, signal);
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

/** The failure of a spooled file that is no longer the declared one. */
export function spoolChanged(file: SpooledFile, found: string): DataError {
  return new DataError(`publish spooled file ${file.path}: it holds ${found}`, {
    code: "storage.spool-changed",
    hint: "Nothing was published. Check whether another program writes or cleans in PARDOT_ETL_TMPDIR, then run again.",
    context: { bytes: file.bytes, sha256: file.sha256 },
  });
}
