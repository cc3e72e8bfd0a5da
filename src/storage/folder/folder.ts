import { chmod, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { StorageError } from "../../errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { systemProcesses } from "../../platform/process-identity.ts";
import type { Processes } from "../../platform/process-identity.ts";
import type { Random } from "../../platform/random.ts";
import { differentBytes } from "../different-bytes.ts";
import { chunksOf, fingerprint, listBelow, openFile, readDocument, statFile } from "./read.ts";
import { checkKey, checkPrefix, TEMPORARY_PREFIX } from "../key.ts";
import { claimName, removeLeftovers } from "./leftover.ts";
import { folderError, isErrno } from "../local-errors.ts";
import { link, makeFolder, placeByLink, placeTemporary, removeFile, syncPath, writeTemporary } from "./place.ts";
import type { Link } from "./place.ts";
import { spooledBytes, verifySpooled } from "../spooled-bytes.ts";
import type { SpooledFile, Storage } from "../storage.ts";

export interface FolderOptions {
  /** Absolute, or relative to the working directory. Made on the first write when it does not exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  /** link(2) unless a test says otherwise. */
  readonly link?: Link;
  /** This machine's unless a test says otherwise. */
  readonly processes?: Processes;
}

/**
 * A destination folder. A landed file is the spooled file itself under a second name where both are on one file
 * system, else a synced copy made below `_pardot_etl/tmp/` and then linked; so a name appears in one step with all its
 * bytes, and never over another. `stat` and `list` know no SHA-256; `publish` compares the real bytes.
 */
export function openFolderStorage(options: FolderOptions): Storage {
  const root = resolve(options.path);
  const { clock, random, link: linkTo = link, processes = systemProcesses } = options;
  const temporary = join(root, TEMPORARY_PREFIX);
  // Read once, before anything else runs: Node can only read the umask by setting it for an instant.
  const landedMode = 0o666 & ~process.umask();

  const pathOf = (key: string): string => {
    checkKey(key);
    return join(root, key);
  };

  return {
    location: root,

    async publish(key, file, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        if (await place(path, file, signal)) return "written";
        const found = await fingerprint(path, signal);
        if (found === null || found.bytes !== file.bytes || found.sha256 !== file.sha256) {
          throw differentBytes(root, key, file, found ?? { bytes: null, sha256: null });
        }
        // The earlier writer may have died before it synced what we now call durable.
        await syncPath(path);
        await syncPath(dirname(path));
        return "already-there";
      } catch (error) {
        throw folderError(`publish ${key} to folder`, root, error, signal);
      }
    },

    async create(key, bytes, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        const placed = await placeCopy(path, [bytes], signal);
        return placed ? "written" : "exists";
      } catch (error) {
        throw folderError(`create ${key} in folder`, root, error, signal);
      }
    },

    async read(key, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        return await readDocument(path, key);
      } catch (error) {
        throw folderError(`read ${key} in folder`, root, error, signal);
      }
    },

    async *open(key, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        const handle = await openFile(path);
        if (handle === null) throw missing(root, key);
        yield* chunksOf(handle, signal);
      } catch (error) {
        throw folderError(`open ${key} in folder`, root, error, signal);
      }
    },

    async stat(key, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        const stats = await statFile(path);
        return stats === null ? null : { key, bytes: stats.size, sha256: null };
      } catch (error) {
        throw folderError(`stat ${key} in folder`, root, error, signal);
      }
    },

    async *list(prefix, signal) {
      checkPrefix(prefix);
      try {
        yield* listBelow(root, prefix, signal);
      } catch (error) {
        throw folderError(`list ${prefix} in folder`, root, error, signal);
      }
    },

    async remove(key, signal) {
      const path = pathOf(key);
      signal.throwIfAborted();
      try {
        if (await removeFile(path)) await syncPath(dirname(path));
      } catch (error) {
        throw folderError(`remove ${key} from folder`, root, error, signal);
      }
    },

    async tidy(signal) {
      signal.throwIfAborted();
      try {
        return await removeLeftovers(temporary, clock, signal);
      } catch (error) {
        throw folderError("tidy folder", temporary, error, signal);
      }
    },
  };

  /** True if the name was free and now holds the file, synced. */
  async function place(path: string, file: SpooledFile, signal: AbortSignal): Promise<boolean> {
    await makeFolder(dirname(path));
    const linked = (await onSameFileSystem(file.path, dirname(path)))
      ? await placeSpool(path, file, signal)
      : "unsupported";
    if (linked === "unsupported") return placeCopy(path, spooledBytes(file, signal), signal);
    if (linked === "placed") await syncPath(dirname(path));
    return linked === "placed";
  }

  /** Links the spooled file itself, which costs no copy. Its mode and bytes are settled before the name appears. */
  async function placeSpool(
    path: string,
    file: SpooledFile,
    signal: AbortSignal,
  ): Promise<"placed" | "exists" | "unsupported"> {
    await verifySpooled(file, signal);
    try {
      await chmod(file.path, landedMode);
    } catch (error) {
      if (isErrno(error, "EPERM", "EROFS")) return "unsupported";
      throw error;
    }
    let placed: "placed" | "exists" | "unsupported" = "unsupported";
    try {
      await syncPath(file.path);
      signal.throwIfAborted();
      placed = await placeByLink(file.path, path, linkTo);
    } finally {
      // What did not land is private again.
      if (placed !== "placed") await chmod(file.path, 0o600).catch(() => {});
    }
    return placed;
  }

  async function placeCopy(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<boolean> {
    await makeFolder(dirname(path));
    const copy = await writeTemporary(temporary, random, chunks);
    try {
      signal.throwIfAborted();
      const claim = join(temporary, claimName(relative(root, path)));
      const placed = await placeTemporary(copy, path, { linkTo, claim, clock, random, processes, signal });
      if (placed === "placed") await syncPath(dirname(path));
      return placed === "placed";
    } finally {
      await removeFile(copy).catch(() => {});
    }
  }
}

async function onSameFileSystem(file: string, folder: string): Promise<boolean> {
  const [one, other] = await Promise.all([
    stat(file, { bigint: true }).catch(() => null),
    stat(folder, { bigint: true }),
  ]);
  // A spool that is gone is reported by whoever reads it, in the words of the temporary folder.
  return one === null || one.dev === other.dev;
}

function missing(root: string, key: string): StorageError {
  return new StorageError(`open ${key} in folder ${root}: there is no such file`, {
    code: "storage.missing",
    hint: "a file that was landed is gone; restore it, or load its object again with --full",
    context: { key },
  });
}
