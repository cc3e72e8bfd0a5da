import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Transform } from "node:stream";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { assert } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { removeFile } from "./folder/link.ts";
import { removeLeftovers } from "./folder/temporary.ts";
import type { Tidied } from "./folder/temporary.ts";
import { tmpError } from "./local-errors.ts";
import { openPrivate } from "./scratch.ts";
import type { ScratchOptions } from "./scratch.ts";
import { stampOf } from "./spooled-bytes.ts";
import type { SpooledFile } from "./storage.ts";

/** Size of the blocks that go to the compressor or the disk. */
const BLOCK_BYTES = 256 * 1024;
/** Size of the compressor's output chunks. */
const PACKED_BYTES = 64 * 1024;

export type Compression = "none" | "gzip" | "zstd";

export interface SpoolOptions extends ScratchOptions {
  /** gzip at level 1, zstd at level 3: beyond these the time grows faster than the file shrinks. */
  readonly compression: Compression;
}

/**
 * A local file for the bytes of one landed file until they are checked: mode 0600, unguessable name. Disk failures are
 * `StorageError`s that name PARDOT_ETL_TMPDIR. Always `discard` it.
 */
export interface Spool {
  readonly path: string;
  /**
   * Appends. Resolves when the bytes are passed on, so awaiting it gives back-pressure. One call at a time; the chunk
   * may be reused afterwards.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Compresses and writes the rest, syncs and closes. Size and SHA-256 are those of the file on disk. */
  finish(): Promise<SpooledFile>;
  /**
   * Closes and removes the file; may be called at any time, also twice. Never rejects: `tidySpools` removes leftovers.
   */
  discard(): Promise<void>;
}

/**
 * Opens a spool. The same bytes give the same file, however they are cut into chunks. Memory: two blocks, and for the
 * compressor about 300 KiB (gzip) or 4 MiB (zstd).
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { signal } = options;
  const { path, handle } = await openPrivate("spool", options);
  const disk = fileSink(handle);
  const sink = options.compression === "none" ? disk : compressingSink(compressor(options.compression), disk);
  // One block is filled while the other is compressed, hashed and written.
  let block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  // Most files fit into one.
  let other: Buffer | null = null;
  let writing: Promise<void> = Promise.resolve();
  let filled = 0;
  let ended = false;
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= handle.close());

  /** Every block but the last is full, so that a compressor sees the same input for all chunk sizes. */
  async function append(chunk: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < chunk.length) {
      const part = chunk.subarray(taken, taken + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled < BLOCK_BYTES) continue;
      await writing;
      writing = sink.write(block);
      // The next write or the end reports it; until then it must not be an unhandled rejection.
      writing.catch(() => {});
      [block, other] = [other ?? Buffer.allocUnsafeSlow(BLOCK_BYTES), block];
      filled = 0;
    }
  }

  return {
    path,

    async write(chunk) {
      assert(!ended, "a spool is not written after it is finished");
      signal.throwIfAborted();
      try {
        await append(chunk);
      } catch (error) {
        throw tmpError("write spool", path, error);
      }
    },

    async finish() {
      assert(!ended, "a spool is finished once");
      signal.throwIfAborted();
      ended = true;
      try {
        await writing;
        if (filled > 0) await sink.write(block.subarray(0, filled));
        await sink.end();
        await handle.sync();
        const stamp = stampOf(await handle.stat({ bigint: true }));
        await close();
        return { path, ...disk.digest(), stamp };
      } catch (error) {
        throw tmpError("finish spool", path, error);
      }
    },

    async discard() {
      ended = true;
      await writing.catch(() => {});
      await sink.abandon().catch(() => {});
      await close().catch(() => {});
      await removeFile(path).catch(() => {});
    },
  };
}

/**
 * Removes spools that dead processes left in `dir`, and nothing else. Called at the start of a run. Safe while other
 * runs, and other users, use the same folder.
 */
export async function tidySpools(dir: string, clock: Clock, signal: AbortSignal): Promise<Tidied> {
  try {
    return await removeLeftovers(dir, clock, signal);
  } catch (error) {
    throw tmpError("tidy spools in", dir, error, signal);
  }
}

/** Opens a spool for some work, and discards it afterwards. */
export async function inSpool<T>(options: SpoolOptions, work: (spool: Spool) => Promise<T>): Promise<T> {
  const spool = await openSpool(options);
  try {
    return await work(spool);
  } finally {
    await spool.discard();
  }
}

/** Verifies that a spool can be opened and written in `dir`, before any export is requested. */
export async function probeSpools(dir: string, random: Random, signal: AbortSignal): Promise<void> {
  await inSpool({ dir, compression: "none", random, signal }, async (spool) => {
    await spool.write(new Uint8Array(1));
    await spool.finish();
  });
}

interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  abandon(): Promise<void>;
}

function fileSink(handle: FileHandle): Sink & { digest(): { readonly bytes: number; readonly sha256: string } } {
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    async write(chunk) {
      // writeFile continues at the current position and writes everything, where one write may write a part.
      const written = handle.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
      await written;
    },
    async end() {},
    async abandon() {},
    digest: () => ({ bytes, sha256: hash.digest("hex") }),
  };
}

function compressor(compression: Exclude<Compression, "none">): Transform {
  if (compression === "gzip") return createGzip({ level: 1, chunkSize: PACKED_BYTES });
  return createZstdCompress({ chunkSize: PACKED_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

function compressingSink(transform: Transform, disk: Sink): Sink {
  const drained = (async () => {
    for await (const chunk of transform as AsyncIterable<Uint8Array>) await disk.write(chunk);
  })();
  // The next write or end reports it; until then it must not be an unhandled rejection.
  drained.catch(() => {});
  return {
    async write(bytes) {
      const consumed = new Promise<void>((resolve, reject) => {
        transform.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
      consumed.catch(() => {});
      try {
        // A full disk destroys the transform, which then may never call back.
        await Promise.race([drained, consumed]);
      } catch (error) {
        // Or it only reports that it was destroyed; the drain knows why.
        await drained;
        throw error;
      }
    },
    async end() {
      transform.end();
      await drained;
    },
    async abandon() {
      transform.destroy();
      await drained;
    },
  };
}
