import { assert } from "../errors.ts";
import { Scratch } from "../storage/scratch.ts";
import type { ScratchOptions } from "../storage/scratch.ts";

/** Bytes of all unfinished blocks together. */
const BUFFER_BYTES = 8 * 1024 * 1024;
const BLOCK_BYTES_MIN = 4 * 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

/** Most partitions in one scratch file: their smallest blocks together take 16 MiB. */
export const PARTITIONS_MAX = 4096;

/** Bytes on the local disk. */
export type Stored = Pick<Scratch, "bytes" | "read">;

interface Partition {
  /** Offset and length of each block in turn. */
  readonly blocks: number[];
  block: Buffer | null;
  filled: number;
  bytes: number;
}

/**
 * Bytes sorted into numbered partitions, as lists of blocks in one local file: thousands of partitions need one open
 * file. Each partition keeps its order. Memory: until `finish`, one block for each partition, 8 MiB together (16 MiB with
 * `PARTITIONS_MAX`); then the offsets of the blocks, 16 bytes each.
 */
export class Partitions {
  readonly #partitions: readonly Partition[];
  readonly #blockBytes: number;
  readonly #scratch: Scratch;

  private constructor(count: number, scratch: Scratch) {
    this.#partitions = Array.from({ length: count }, () => ({ blocks: [], block: null, filled: 0, bytes: 0 }));
    this.#blockBytes = Math.max(BLOCK_BYTES_MIN, Math.min(BLOCK_BYTES_MAX, Math.floor(BUFFER_BYTES / count)));
    this.#scratch = scratch;
  }

  static async open(count: number, options: ScratchOptions): Promise<Partitions> {
    assert(count >= 1 && count <= PARTITIONS_MAX, `1 to ${PARTITIONS_MAX} partitions`);
    return new Partitions(count, await Scratch.open(options));
  }

  get count(): number {
    return this.#partitions.length;
  }

  /** Appends to a partition. One call at a time; the bytes may be reused afterwards. */
  async add(index: number, bytes: Uint8Array): Promise<void> {
    const partition = this.#at(index);
    let taken = 0;
    while (taken < bytes.length) {
      partition.block ??= Buffer.allocUnsafeSlow(this.#blockBytes);
      const part = bytes.subarray(taken, taken + this.#blockBytes - partition.filled);
      partition.block.set(part, partition.filled);
      partition.filled += part.length;
      taken += part.length;
      if (partition.filled === this.#blockBytes) await this.#flush(partition);
    }
    partition.bytes += bytes.length;
  }

  /** Writes the unfinished blocks. Call once, between adding and reading. */
  async finish(): Promise<void> {
    for (const partition of this.#partitions) {
      if (partition.filled > 0) await this.#flush(partition);
      partition.block = null;
    }
  }

  /** A partition, to be read block by block. */
  part(index: number): Stored {
    const { blocks, bytes } = this.#at(index);
    const scratch = this.#scratch;
    async function* read(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < blocks.length; i += 2) yield await scratch.readAt(blocks[i] ?? 0, blocks[i + 1] ?? 0);
    }
    return { bytes, read };
  }

  /** Closes and removes the file; may be called at any time, also twice. Never rejects. */
  async discard(): Promise<void> {
    await this.#scratch.discard();
  }

  async #flush(partition: Partition): Promise<void> {
    if (partition.block === null) return;
    partition.blocks.push(this.#scratch.bytes, partition.filled);
    await this.#scratch.write(partition.block.subarray(0, partition.filled));
    partition.filled = 0;
  }

  #at(index: number): Partition {
    const partition = this.#partitions[index];
    assert(partition !== undefined, "the partition exists");
    return partition;
  }
}
