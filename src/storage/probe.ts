import { DataError, StorageError } from "../errors.ts";
import { systemRandom } from "../platform/random.ts";
import type { Random } from "../platform/random.ts";
import { inSpool } from "./spool.ts";
import type { Storage } from "./storage.ts";

/**
 * Verifies for the command `check` that the destination is suitable: writes one small object below
 * `_pardot_etl/check/`, requires that the same name with other bytes is refused (for landed files and for documents),
 * reads it back and removes it. Throws `StorageError`, code `storage.overwrites` when the store takes other bytes under
 * the same name (some emulators do), `storage.lost` when it returns other bytes than were written.
 */
export async function probeStorage(
  storage: Storage,
  tmpDir: string,
  signal: AbortSignal,
  random: Random = systemRandom,
): Promise<void> {
  const key = `_pardot_etl/check/${random.hex(16)}`;
  const first = Buffer.from(`first ${key}\n`);
  const second = Buffer.from(`other ${key}\n`);
  const publish = async (bytes: Uint8Array): Promise<void> => {
    await inSpool({ dir: tmpDir, compression: "none", random, signal }, async (spool) => {
      await spool.write(bytes);
      await storage.publish(key, await spool.finish(), signal);
    });
  };
  try {
    await publish(first);
    if (!(await isRefused(publish(second)))) throw overwrites(storage, "a landed file");
    if ((await storage.create(key, second, signal)) !== "exists") throw overwrites(storage, "a document");
    const found = await storage.read(key, signal);
    if (found === null || Buffer.compare(found, first) !== 0) throw lost(storage, key);
  } catch (error) {
    // The first failure matters more than a leftover.
    await storage.remove([key], signal).catch(() => {});
    throw error;
  }
  await storage.remove([key], signal);
}

async function isRefused(publishing: Promise<void>): Promise<boolean> {
  try {
    await publishing;
    return false;
  } catch (error) {
    if (error instanceof DataError && error.code === "storage.different-bytes") return true;
    throw error;
  }
}

function overwrites(storage: Storage, what: string): StorageError {
  return new StorageError(`check ${storage.location}: it accepted different bytes for ${what} under an existing name`, {
    code: "storage.overwrites",
    hint: "This store ignores If-None-Match, so it can hold neither landed files nor the lease. Use Amazon S3 or a store that refuses such a write with 412.",
  });
}

function lost(storage: Storage, key: string): StorageError {
  return new StorageError(`check ${storage.location}: ${key} does not read back as it was written`, {
    code: "storage.lost",
    hint: "Look for a proxy or gateway between this machine and the store that caches or changes objects.",
    context: { key },
  });
}
