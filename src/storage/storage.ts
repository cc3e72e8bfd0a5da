import type { Tidied } from "./folder/leftover.ts";

/**
 * The destination: one small port with adapters for S3, a folder and memory.
 *
 * Keys are relative to the destination, with `/` between segments, never starting with one. A key is written once: no
 * call can change the bytes that stand under a name. That single primitive, exclusive creation, carries the landed
 * files, the manifests, the numbered state and (later) the lease.
 *
 * - A file is whole or absent: no reader ever sees part of one, also not after a kill or a full disk.
 * - "written" and "already-there" mean durable: synced, or acknowledged by the object store.
 * - Adapters retry what is safe to retry themselves (src/aws/retry.ts, not the SDK); callers do not.
 * - Once `signal` is aborted no further write starts and the call rejects with the signal's reason.
 * - Refusals are `StorageError` (exit 7) and say what to do; other bytes under the same name are `DataError` (exit 6).
 */
export interface Storage {
  /** For people: `s3://bucket/prefix` or the absolute folder. */
  readonly location: string;

  /**
   * Publishes a checked local file under `key` in one step. If the key exists already with the same size and SHA-256
   * the answer is "already-there"; with anything else it throws `DataError` code `storage.different-bytes`.
   */
  publish(key: string, file: SpooledFile, signal: AbortSignal): Promise<"written" | "already-there">;

  /**
   * Creates a small document exclusively. "exists" says that the key was there before, whatever its bytes, and nothing
   * was written. After a failure that leaves it open whether the write took place, the adapter finds out before it
   * answers: bytes equal to ours count as "written".
   */
  create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<"written" | "exists">;

  /** A small document, whole; null if there is none. */
  read(key: string, signal: AbortSignal): Promise<Uint8Array | null>;

  /** A landed file as a stream, for verification and loading; throws `StorageError` if there is none. */
  open(key: string, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** Size and recorded SHA-256 (lower-case hex; null where the store holds none) of a key, null if there is none. */
  stat(key: string, signal: AbortSignal): Promise<StoredFile | null>;

  /** Every key below `prefix` (a folder, ending in `/`), in ascending byte order. Unfinished files are never listed. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredFile>;

  /** Removes a key; done also when there is none. Only for what stands below the state's folder. */
  remove(key: string, signal: AbortSignal): Promise<void>;

  /** Removes leftovers of dead writers (a folder's temporary files); safe while this process writes. Those that may not be removed stay. */
  tidy(signal: AbortSignal): Promise<Tidied>;
}

export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

/** A local file, closed and checked, that waits to be published. */
export interface SpooledFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}
