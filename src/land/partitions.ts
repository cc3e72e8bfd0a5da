import { assert } from "../errors.ts";
import { openScratch } from "../storage/scratch.ts";
import type { ScratchOptions } from "../storage/scratch.ts";

/** Bytes of all unfinished blocks together. */
const BUFFER_BYTES = 8 * 1024 * 1024;
const BLOCK_BYTES_MIN = 4 * 1024;
const BLOCK_BYTES_MAX = 64 * 1024;

/** Most partitions in one scratch file: their smallest blocks together take 16 MiB. */
export const PARTITIONS_MAX = 4096;

/**
 * Bytes sorted into numbered partitions, as lists of blocks in one local file: thousands of partitions need one open
 * file. Each partition keeps its order. Memory: until `finish`, one block for each partition, 8 MiB together (16 MiB with
 * `PARTITIONS_MAX`); then the offsets of the blocks, 16 bytes each.
 */
export interface Partitions {
  readonly count: number;
  /** Bytes in a partition. */
  sizeOf(partition: number): number;
  /** Appends to a partition. One call at a time; the bytes may be reused afterwards. */
  add(partition: number, bytes: Uint8Array): Promise<void>;
  /** Writes the unfinished blocks. Call once, between adding and reading. */
  finish(): Promise<void>;
  /** The bytes of a partition, block by block. */
  read(partition: number): AsyncIterable<Uint8Array>;
  /** Closes and removes the file; may be called at any time, also twice. Never rejects. */
  discard(): Promise<void>;
}

interface Partition {
  /** Offset and length of each block in turn. */
  readonly blocks: number[];
  block: Buffer | null;
  filled: number;
  bytes: number;
}

export async function openPartitions(count: number, options: ScratchOptions): Promise<Partitions> {
  assert(count >= 1 && count <= PARTITIONS_MAX, `1 to ${PARTITIONS_MAX} partitions`);
  const blockBytes = Math.max(BLOCK_BYTES_MIN, Math.min(BLOCK_BYTES_MAX, Math.floor(BUFFER_BYTES / count)));
  const partitions = Array.from({ length: count }, (): Partition => ({ blocks: [], block: null, filled: 0, bytes: 0 }));
  const scratch = await openScratch(options);

  function partitionAt(index: number): Partition {
    const partition = partitions[index];
    assert(partition !== undefined, "the partition exists");
    return partition;
  }

  async function append(partition: Partition, bytes: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < bytes.length) {
      partition.block ??= Buffer.allocUnsafeSlow(blockBytes);
      const part = bytes.subarray(taken, taken + blockBytes - partition.filled);
      partition.block.set(part, partition.filled);
      partition.filled += part.length;
      taken += part.length;
      if (partition.filled < blockBytes) continue;
      await flush(partition, partition.block);
    }
    partition.bytes += bytes.length;
  }

  async function flush(partition: Partition, block: Buffer): Promise<void> {
    partition.blocks.push(scratch.bytes, partition.filled);
    await scratch.write(block.subarray(0, partition.filled));
    partition.filled = 0;
  }

  return {
    count,
    sizeOf: (index) => partitionAt(index).bytes,
    add: (index, bytes) => append(partitionAt(index), bytes),
    async finish() {
      for (const partition of partitions) {
        if (partition.block !== null && partition.filled > 0) await flush(partition, partition.block);
        partition.block = null;
      }
    },
    async *read(index) {
      const { blocks } = partitionAt(index);
      for (let i = 0; i < blocks.length; i += 2) yield await scratch.readAt(blocks[i] ?? 0, blocks[i + 1] ?? 0);
    },
    discard: () => scratch.discard(),
  };
}
