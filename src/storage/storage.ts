import { DataError, StorageError } from "../errors.ts";
import type { Tidied } from "./folder/temporary.ts";

/**
 * The destination: one small port with adapters for S3 and a folder; tests have one in memory.
 *
 * Keys are relative to the destination, with `/` between segments, and never start with one. A key is written once: no
 * call can change the bytes under a name. That single primitive, exclusive creation, carries the landed files, the
 * manifests, the numbered state and the lease.
 *
 * - A file is whole or absent: no reader ever sees part of one, not even after a kill or on a full disk.
 * - "written" and "already-there" mean durable: synced, or acknowledged by the object store.
 * - Adapters retry what is safe to retry (src/aws/retry.ts, not the SDK); callers do not.
 * - After `signal` is aborted no further write starts, and the call rejects with the signal's reason.
 * - Refusals are `StorageError` (exit 7) with a hint; other bytes under the same name are `DataError` (exit 6).
 */
export interface Storage {
  /** Name in messages: `s3://bucket/prefix` or the absolute folder. */
  readonly location: string;

  /**
   * Publishes a checked local file under `key` in one step. Returns "already-there" when the key exists with the same
   * size and SHA-256; throws `DataError` code `storage.different-bytes` when it exists with anything else.
   */
  publish(key: string, file: SpooledFile, signal: AbortSignal): Promise<"written" | "already-there">;

  /**
   * Creates a small document exclusively. Returns "exists", and writes nothing, when the key existed before with any
   * bytes. After a failure that may or may not have written, the adapter reads the key back: bytes equal to ours count
   * as "written".
   */
  create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<"written" | "exists">;

  /** A small document, whole; null if there is none. */
  read(key: string, signal: AbortSignal): Promise<Uint8Array | null>;

  /** A landed file as a stream, for verification and loading. Throws `StorageError` if there is none. */
  open(key: string, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /** Size and recorded SHA-256 (lower-case hex; null where the store has none) of a key; null if there is none. */
  stat(key: string, signal: AbortSignal): Promise<StoredFile | null>;

  /**
   * Every key below `prefix` (a folder, ending in `/`), in ascending byte order; with `after`, only keys behind that one,
   * which the store skips without reading. Never lists unfinished files.
   */
  list(prefix: string, signal: AbortSignal, after?: string): AsyncIterable<StoredFile>;

  /** Removes the keys that exist, in any order. Only for keys below the state's folder. */
  remove(keys: readonly string[], signal: AbortSignal): Promise<void>;

  /** Removes temporary files of dead writers, where permitted. Safe while this process writes. */
  tidy(signal: AbortSignal): Promise<Tidied>;
}

export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string | null;
}

/** A local file, closed and checked, ready to publish. */
export interface SpooledFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** `stampOf` the file when it was finished; absent: not known. */
  readonly stamp?: string;
}

/**
 * Largest document. Documents are read whole, and an oversized one must not exhaust the memory. The state of a large
 * account has some 30 MB; writers of documents that grow keep to this limit (src/state/journal.ts).
 */
export const DOCUMENT_BYTES_MAX: number = 128 * 1024 * 1024;

export function documentTooLarge(location: string, key: string, bytes: number): StorageError {
  return new StorageError(
    `read ${key} in ${location}: its ${bytes} bytes are more than the ${DOCUMENT_BYTES_MAX} that a document may have`,
    {
      code: "storage.document-too-large",
      hint: /_pardot_etl\/state\/\d+\.json$/.test(key)
        ? "This version writes no state of this size. Do not remove the file, because the state would be lost: restore _pardot_etl/state from the bucket's versions or a backup."
        : "No run writes a document of this size: another program wrote this file. Move it away and run again.",
      context: { key, bytes, limit: DOCUMENT_BYTES_MAX },
    },
  );
}

/**
 * For `publish` under a taken name: throws if it holds anything but the file, exit 6. `found`: size and SHA-256 of what
 * it holds, null for something that is not a file.
 */
export function requireSame(
  location: string,
  key: string,
  file: SpooledFile,
  found: { readonly bytes: number; readonly sha256: string | null } | null,
): void {
  const { bytes: foundBytes = null, sha256: foundSha256 = null } = found ?? {};
  if (foundBytes === file.bytes && foundSha256 === file.sha256) return;
  const held = foundBytes === null ? "something that is not a file" : `${foundBytes} bytes, sha-256 ${foundSha256}`;
  throw new DataError(
    `publish ${key} to ${location}: the name already holds ${held}; ours has ${file.bytes} bytes, sha-256 ${file.sha256}`,
    {
      code: "storage.different-bytes",
      hint: "A published name never gets other bytes. Find out what wrote the file there, move it away if it is not ours, and run again.",
      context: { key, bytes: file.bytes, sha256: file.sha256, foundBytes, foundSha256 },
    },
  );
}

/** The failure of `open` when there is no such file. */
export function missingError(location: string, key: string): StorageError {
  return new StorageError(`open ${key} in ${location}: there is no such file`, {
    code: "storage.missing",
    hint: "A landed file is gone. Restore it, or load its object again with --full.",
    context: { key },
  });
}
