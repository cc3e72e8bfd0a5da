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

/** A new file that only this user can read, under an unguessable name. */
export async function openPrivate(
  what: "scratch file" | "spool",
  { dir, random, signal }: ScratchOptions,
): Promise<{ readonly path: string; readonly handle: FileHandle }> {
  signal.throwIfAborted();
  const path = join(dir, temporaryName(random));
  try {
    return { path, handle: await open(path, "wx+", 0o600) };
  } catch (error) {
    throw tmpError(`create ${what} in`, dir, error);
  }
}

/**
 * A local file for bytes between two steps, which is never published: mode 0600, unguessable name, neither synced nor
 * hashed. Disk failures are `StorageError`s that name PARDOT_ETL_TMPDIR. Always `discard` it.
 */
export class Scratch {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal;
  #bytes = 0;
  #closed: Promise<void> | null = null;

  private constructor(path: string, handle: FileHandle, signal: AbortSignal) {
    this.#path = path;
    this.#handle = handle;
    this.#signal = signal;
  }

  static async open(options: ScratchOptions): Promise<Scratch> {
    const { path, handle } = await openPrivate("scratch file", options);
    return new Scratch(path, handle, options.signal);
  }

  /** Where other processes of this user can read it. */
  get path(): string {
    return this.#path;
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends. One call at a time; the chunk may be reused afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    try {
      // writeFile continues at the current position and writes everything, where one write may write a part.
      await this.#handle.writeFile(chunk);
    } catch (error) {
      throw tmpError("write scratch file", this.#path, error);
    }
    this.#bytes += chunk.length;
  }

  /** `length` bytes from `offset` on, in a new buffer. */
  async readAt(offset: number, length: number): Promise<Buffer> {
    this.#signal.throwIfAborted();
    assert(offset + length <= this.#bytes, "only written bytes are read");
    const buffer = Buffer.allocUnsafeSlow(length);
    try {
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw new Error(`it ends after ${offset + filled} of ${this.#bytes} bytes`);
        filled += bytesRead;
      }
    } catch (error) {
      throw tmpError("read scratch file", this.#path, error);
    }
    return buffer;
  }

  /** The whole file in chunks of 256 KiB, one of which is in memory. */
  async *read(): AsyncIterable<Uint8Array> {
    for (let offset = 0; offset < this.#bytes; offset += CHUNK_BYTES) {
      yield await this.readAt(offset, Math.min(CHUNK_BYTES, this.#bytes - offset));
    }
  }

  /** Closes and removes the file; may be called at any time, also twice. Never rejects: `tidySpools` removes leftovers. */
  async discard(): Promise<void> {
    await (this.#closed ??= this.#handle.close()).catch(() => {});
    await removeFile(this.#path).catch(() => {});
  }
}
