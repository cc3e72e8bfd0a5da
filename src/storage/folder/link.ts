import { link as linkFile, lstat, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Random } from "../../platform/random.ts";
import { StorageError } from "../../errors.ts";
import { takeLockFile } from "../../platform/lock-file.ts";
import type { LockOptions } from "../../platform/lock-file.ts";
import { temporaryName } from "./temporary.ts";
import { isErrno, unlessMissing } from "../local-errors.ts";

/** link(2), injected so that tests can simulate a file system without hard links. */
export type Link = (from: string, to: string) => Promise<void>;
export const link: Link = linkFile;

export type Placed = "placed" | "exists" | "unsupported";

/** Errors of link(2) where hard links do not exist, are not permitted, or would cross file systems. */
const NO_LINK = ["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES", "EINVAL"];

/**
 * Gives a whole, synced file its final name if the name is free. Returns "exists" when it is taken, and "unsupported"
 * when these two names cannot be linked. link(2) is the one call that is atomic and refuses a taken name.
 */
export async function linkExclusively(from: string, to: string, linkTo: Link): Promise<Placed> {
  try {
    await linkTo(from, to);
    return "placed";
  } catch (error) {
    if (isErrno(error, "EEXIST")) return "exists";
    if (isErrno(error, ...NO_LINK)) return "unsupported";
    throw error;
  }
}

/** Longer than a living program takes between its claim of a name and the rename. */
const CLAIM_SILENCE_MS = 30_000;
const CLAIM_PAUSE_MS = 10;

/** Options for claiming a name that cannot be linked. */
export interface Claiming extends Omit<LockOptions, "silenceMs" | "pauseMs"> {
  readonly linkTo: Link;
  /** The claim file of the name, the same for all programs. */
  readonly claim: string;
}

/**
 * `linkExclusively` for a temporary file in the destination itself. Without hard links (FAT, many network and FUSE
 * mounts) it claims the name by exclusive creation of another file, checks that the name is free, and renames the whole
 * file. Node has no rename that refuses a taken name (RENAME_NOREPLACE). All programs must reach the folder in the same
 * way: one that can link does not look for claims.
 */
export async function placeTemporary(from: string, to: string, claiming: Claiming): Promise<"placed" | "exists"> {
  const { linkTo } = claiming;
  const placed = await linkExclusively(from, to, linkTo);
  // A network file system may repeat a link whose response was lost, and then refuses its own (link(2), NFS).
  if (placed === "exists" && (await isSameFile(from, to))) return "placed";
  return placed === "unsupported" ? renameWithClaim(from, to, claiming) : placed;
}

async function renameWithClaim(from: string, to: string, claiming: Claiming): Promise<"placed" | "exists"> {
  for (;;) {
    if (await exists(to)) return "exists";
    const claim = await takeLockFile(claiming.claim, {
      ...claiming,
      silenceMs: CLAIM_SILENCE_MS,
      pauseMs: CLAIM_PAUSE_MS,
    });
    if (typeof claim === "string") throw claimTaken(to, claim);
    try {
      if (await exists(to)) return "exists";
      // A program that was suspended may have lost its claim to another one.
      if (!(await claim.isHeld())) continue;
      await rename(from, to);
      return "placed";
    } finally {
      await claim.release();
    }
  }
}

function claimTaken(to: string, why: string): StorageError {
  return new StorageError(`claim the name ${to} in a folder without hard links: ${why}`, {
    code: "storage.claim-taken",
    hint: "If no other run is active, remove the file named here and run again. Nothing was written under the name.",
    context: { path: to },
  });
}

/** Writes chunks into a new, synced file with an unguessable name in `folder`. Removes it if anything fails. */
export async function writeTemporary(
  folder: string,
  random: Random,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const path = join(folder, temporaryName(random));
  // 0666 minus the umask: the loader of landed files may run as a different user than their writer.
  const handle = await inFolder(folder, () => open(path, "wx", 0o666));
  try {
    for await (const chunk of chunks) await handle.writeFile(chunk);
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle.close().catch(() => {});
    await removeFile(path).catch(() => {});
    throw error;
  }
  return path;
}

/** Does `work`, and once more in a new folder if something is missing. Looking for the folder first would cost a call. */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const outcome = await unlessMissing(work(), null);
  if (outcome !== null) return outcome;
  await makeFolder(folder);
  return work();
}

/**
 * Makes a folder and its parents, and syncs every folder that got a new entry. Step by step: the recursive mkdir of
 * Node 24 reports ENOENT where a parent cannot be made on a read-only file system, which misleads people.
 */
async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    if (!isErrno(error, "EEXIST") || !(await isFolder(folder))) throw error;
  }
  await syncPath(dirname(folder));
}

/**
 * fsync(2) of a file or folder. Systems that cannot sync a folder fail with EISDIR, EINVAL or EPERM, and need no sync.
 */
export async function syncPath(path: string): Promise<void> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (isErrno(error, "EISDIR", "EPERM")) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!isErrno(error, "EISDIR", "EINVAL", "EPERM")) throw error;
  } finally {
    await handle.close();
  }
}

/** unlink(2). Returns whether there was such a file. */
export async function removeFile(path: string): Promise<boolean> {
  return (await unlessMissing(unlink(path), "missing")) !== "missing";
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await unlessMissing(stat(path), null);
  return stats?.isDirectory() ?? false;
}

async function exists(path: string): Promise<boolean> {
  return (await unlessMissing(lstat(path), null)) !== null;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
  return one.dev === other.dev && one.ino === other.ino;
}
