import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../errors.ts";
import type { Random } from "../platform/random.ts";
import { removeFile } from "./folder/link.ts";
import { temporaryName } from "./folder/temporary.ts";
import { tmpError } from "./local-errors.ts";

const CHUNK_BYTES = 256 * 1024;

export interface ScratchOptions {
  /** Config `etl.tmpDir`; it must exist. */
  readonly dir: string;
  readonly random: Random;
  /** Once aborted, reading and writing reject with its reason. */
  readonly signal: AbortSignal;
}

/**
 * A local file for bytes between two steps, which is never published: mode 0600, unguessable name, neither synced nor
 * hashed. Disk failures are `StorageError`s that name PARDOT_ETL_TMPDIR. Always `discard` it.
 */
export interface Scratch {
  /** Bytes appended so far. */
  readonly bytes: number;
  /** Appends. One call at a time; the chunk may be reused afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** `length` bytes from `offset` on, in a new buffer. */
  readAt(offset: number, length: number): Promise<Buffer>;
  /** The whole file in chunks of 256 KiB, one of which is in memory. */
  read(): AsyncIterable<Uint8Array>;
  /** Closes and removes the file; may be called at any time, also twice. Never rejects: `tidySpools` removes leftovers. */
  discard(): Promise<void>;
}

export async function openScratch(options: ScratchOptions): Promise<Scratch> {
  const { dir, random, signal } = options;
  signal.throwIfAborted();
  const path = join(dir, temporaryName(random));
  const handle = await openFile(path, dir);
  let bytes = 0;
  let closed: Promise<void> | null = null;

  async function readAt(offset: number, length: number): Promise<Buffer> {
    signal.throwIfAborted();
    assert(offset + length <= bytes, "only what was written is read");
    const buffer = Buffer.allocUnsafeSlow(length);
    try {
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw new Error(`it ends after ${offset + filled} of ${bytes} bytes`);
        filled += bytesRead;
      }
    } catch (error) {
      throw tmpError("read scratch file", path, error);
    }
    return buffer;
  }

  return {
    get bytes() {
      return bytes;
    },

    async write(chunk) {
      signal.throwIfAborted();
      try {
        // writeFile continues at the current position and writes everything, where one write may write a part.
        await handle.writeFile(chunk);
      } catch (error) {
        throw tmpError("write scratch file", path, error);
      }
      bytes += chunk.length;
    },

    readAt,

    async *read() {
      for (let offset = 0; offset < bytes; offset += CHUNK_BYTES) {
        yield await readAt(offset, Math.min(CHUNK_BYTES, bytes - offset));
      }
    },

    async discard() {
      await (closed ??= handle.close()).catch(() => {});
      await removeFile(path).catch(() => {});
    },
  };
}

async function openFile(path: string, dir: string): Promise<FileHandle> {
  try {
    return await open(path, "wx+", 0o600);
  } catch (error) {
    throw tmpError("create scratch file in", dir, error);
  }
}
