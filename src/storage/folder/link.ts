import { link as linkFile, lstat, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Random } from "../../platform/random.ts";
import { StorageError } from "../../errors.ts";
import { takeLockFile } from "../../platform/lock-file.ts";
import type { LockOptions } from "../../platform/lock-file.ts";
import { temporaryName } from "./leftover.ts";
import { isErrno, isMissing } from "../local-errors.ts";

/** link(2), injected so that tests can bring a file system without hard links. */
export type Link = (from: string, to: string) => Promise<void>;
export const link: Link = linkFile;

/** link(2) says one of these where hard links do not exist, may not be made, or would cross file systems. */
const NO_LINK = ["EXDEV", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES", "EINVAL"];

/**
 * Gives a whole, synced file its final name if the name is free: "placed", or "exists" with nothing done. "unsupported"
 * says that these two names cannot be linked. link(2) is the one call that is atomic and refuses a taken name.
 */
export async function placeByLink(
  from: string,
  to: string,
  linkTo: Link,
): Promise<"placed" | "exists" | "unsupported"> {
  try {
    await linkTo(from, to);
    return "placed";
  } catch (error) {
    if (isErrno(error, "EEXIST")) return "exists";
    if (isErrno(error, ...NO_LINK)) return "unsupported";
    throw error;
  }
}

/** Longer than a living program takes between its claim to a name and the rename. */
const CLAIM_SILENCE_MS = 30_000;
const CLAIM_PAUSE_MS = 10;

/** How a name is claimed where it cannot be linked. */
export interface Claiming extends Omit<LockOptions, "silenceMs" | "pauseMs"> {
  readonly linkTo: Link;
  /** The claim's own file, the same for all who want the name. */
  readonly claim: string;
}

/**
 * `placeByLink` for a temporary file in the destination itself. Where the file system has no hard links (FAT, many
 * network and FUSE mounts) the name is claimed first, by the exclusive creation of another file, which works there too;
 * then it is looked at, and the whole file renamed to it. Node has no rename that refuses a taken name (RENAME_NOREPLACE).
 * All programs must reach the folder in the same way: one that can link does not look for claims.
 */
export async function placeTemporary(from: string, to: string, claiming: Claiming): Promise<"placed" | "exists"> {
  const { linkTo } = claiming;
  const placed = await placeByLink(from, to, linkTo);
  // A network file system may repeat a link whose answer was lost, and then refuses its own (link(2), NFS).
  if (placed === "exists" && (await isSameFile(from, to))) return "placed";
  return placed === "unsupported" ? placeByClaim(from, to, claiming) : placed;
}

async function placeByClaim(from: string, to: string, claiming: Claiming): Promise<"placed" | "exists"> {
  for (;;) {
    if (await standsThere(to)) return "exists";
    const claim = await takeLockFile(claiming.claim, {
      ...claiming,
      silenceMs: CLAIM_SILENCE_MS,
      pauseMs: CLAIM_PAUSE_MS,
    });
    if (typeof claim === "string") throw claimTaken(to, claim);
    try {
      if (await standsThere(to)) return "exists";
      // A program that slept over its claim has lost it to another one.
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
    hint: "Remove the file that is named here if no other run is at work, and run again. Nothing was written under the name.",
    context: { path: to },
  });
}

/** Writes chunks into a new file with an unguessable name in `folder`, synced; it is removed if anything fails. */
export async function writeTemporary(
  folder: string,
  random: Random,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  await makeFolder(folder);
  const path = join(folder, temporaryName(random));
  // 0666 less the umask: whoever loads the landed files may be another user than the one who writes them.
  const handle = await open(path, "wx", 0o666);
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

/**
 * Makes a folder and its parents, and syncs every folder that got a new entry. Step by step: the recursive mkdir of
 * Node 24 says ENOENT where a parent cannot be made on a read-only file system, which sends people the wrong way.
 */
export async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    if (!isErrno(error, "EEXIST") || !(await isFolder(folder))) throw error;
  }
  await syncPath(dirname(folder));
}

/** fsync(2) of a file or a folder. Systems that cannot sync a folder say so with EISDIR, EINVAL or EPERM; they need none. */
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

/** unlink(2); done also when there is no such file. True if there was one. */
export async function removeFile(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function standsThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
  return one.dev === other.dev && one.ino === other.ino;
}
