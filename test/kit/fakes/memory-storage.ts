import { createHash } from "node:crypto";
import { checkKey, checkPrefix, compareKeys } from "../../../src/storage/key.ts";
import { spooledBytes } from "../../../src/storage/spooled-bytes.ts";
import { missingError, requireSame } from "../../../src/storage/storage.ts";
import type { Storage } from "../../../src/storage/storage.ts";

/** A change of a `MemoryStorage`; refusals and reads are not recorded. */
export interface MemoryEffect {
  readonly type: "publish" | "create" | "remove";
  readonly key: string;
}

/** Storage for tests: everything in one map, and the order of changes. */
export interface MemoryStorage extends Storage {
  /** Every change so far, first to last. */
  readonly effects: readonly MemoryEffect[];
  /** The bytes under every key. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function openMemoryStorage(): MemoryStorage {
  const files = new Map<string, Uint8Array>();
  const effects: MemoryEffect[] = [];
  const location = "memory:";

  /** Takes a free name, in one synchronous step. */
  const place = (type: "publish" | "create", key: string, bytes: Uint8Array): boolean => {
    if (files.has(key)) return false;
    files.set(key, bytes);
    effects.push({ type, key });
    return true;
  };

  return {
    location,
    effects,
    files,

    async publish(key, file, signal) {
      checkKey(key);
      const chunks: Uint8Array[] = [];
      for await (const chunk of spooledBytes(file, signal)) chunks.push(Buffer.from(chunk));
      signal.throwIfAborted();
      if (place("publish", key, Buffer.concat(chunks))) return "written";
      const there = files.get(key) ?? new Uint8Array();
      requireSame(location, key, file, { bytes: there.length, sha256: sha256Of(there) });
      return "already-there";
    },

    async create(key, bytes, signal) {
      checkKey(key);
      signal.throwIfAborted();
      return place("create", key, Uint8Array.from(bytes)) ? "written" : "exists";
    },

    async read(key, signal) {
      checkKey(key);
      signal.throwIfAborted();
      return files.get(key) ?? null;
    },

    async *open(key, signal) {
      checkKey(key);
      signal.throwIfAborted();
      const bytes = files.get(key);
      if (bytes === undefined) throw missingError(location, key);
      yield bytes;
    },

    async stat(key, signal) {
      checkKey(key);
      signal.throwIfAborted();
      const bytes = files.get(key);
      return bytes === undefined ? null : { key, bytes: bytes.length, sha256: sha256Of(bytes) };
    },

    async *list(prefix, signal, after = "") {
      checkPrefix(prefix);
      for (const key of [...files.keys()].toSorted(compareKeys)) {
        signal.throwIfAborted();
        const bytes = files.get(key);
        if (bytes !== undefined && key.startsWith(prefix) && compareKeys(key, after) > 0)
          yield { key, bytes: bytes.length, sha256: null };
      }
    },

    async remove(keys, signal) {
      for (const key of keys) checkKey(key);
      signal.throwIfAborted();
      for (const key of keys) if (files.delete(key)) effects.push({ type: "remove", key });
    },

    tidy: async () => ({ removed: 0, kept: 0 }),
  };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
