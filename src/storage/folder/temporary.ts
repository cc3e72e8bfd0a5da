import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { lstat, readdir, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "../../time/instant.ts";
import type { Clock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";
import type { Random } from "../../platform/random.ts";
import { isErrno, isMissing } from "../local-errors.ts";

/**
 * Names of temporary files identify their writer, so that a later process can tell a dead writer's leftover from the
 * file of a living one: `<place>-<pid>-<process>-<random>.pardot-etl`.
 */
const NAME = /^([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-[0-9a-f]{32}\.pardot-etl$/;

interface Writer {
  /** Hash of host name and pid namespace: a pid has a meaning only there. */
  readonly place: string;
  readonly pid: number;
  /** Distinguishes this process from an earlier one with the same pid, as in a restarted container. */
  readonly process: string;
}

const THIS_WRITER: Writer = { place: thisPlace(), pid: process.pid, process: systemRandom.hex(4) };

function thisPlace(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux: the host name has to suffice.
  }
  return createHash("sha256").update(`${hostname()}\n${namespace}`).digest("hex").slice(0, 8);
}

/** An unguessable name for a temporary file of this process. */
export function temporaryName(random: Random): string {
  const { place, pid, process: token } = THIS_WRITER;
  return `${place}-${pid}-${token}-${random.hex(16)}.pardot-etl`;
}

/** Claims of names (link.ts), and files that break one (platform/lock-file.ts). */
const CLAIM = /^[0-9a-f]{32}\.claim(?:\.[0-9a-f-]{1,64})?$/;

/** The file that claims a name. Keys that differ only in case or in the form of accents share it, as in some file systems. */
export function claimName(key: string): string {
  const folded = key.normalize("NFC").toLowerCase();
  return `${createHash("sha256").update(folded).digest("hex").slice(0, 32)}.claim`;
}

/** Numbers of leftovers in a folder. */
export interface Tidied {
  readonly removed: number;
  /** Not removable: another user's file, or something else under such a name. */
  readonly kept: number;
}

/** Errors that leave a leftover in place. It only takes up space, so they must not end a run. */
const KEPT = ["EPERM", "EACCES", "EROFS", "EISDIR", "ENOTDIR", "ENOTEMPTY", "EBUSY"];

/**
 * Removes the temporary files in `folder` whose writers are dead, and no others. Those of another host (or container)
 * count as dead after a day without a change, far longer than any writer pauses. A folder that does not exist, or that
 * this user may not list, has none. Throws the bare file system error.
 */
export async function removeLeftovers(folder: string, clock: Clock, signal: AbortSignal): Promise<Tidied> {
  let removed = 0;
  let kept = 0;
  for (const name of await namesIn(folder)) {
    signal.throwIfAborted();
    const path = join(folder, name);
    try {
      if (!(await isLeftover(path, name, clock.now()))) continue;
      await unlink(path);
      removed += 1;
    } catch (error) {
      if (isMissing(error)) continue;
      if (!isErrno(error, ...KEPT)) throw error;
      kept += 1;
    }
  }
  return { removed, kept };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || isErrno(error, ...KEPT)) return [];
    throw error;
  }
}

async function isLeftover(path: string, name: string, now: number): Promise<boolean> {
  if (CLAIM.test(name)) return isOld(path, now);
  const match = NAME.exec(name);
  if (match === null) return false;
  const [, place, pid, token] = match;
  if (place === THIS_WRITER.place) {
    if (Number(pid) === THIS_WRITER.pid) return token !== THIS_WRITER.process;
    if (!isAlive(Number(pid))) return true;
  }
  return isOld(path, now);
}

async function isOld(path: string, now: number): Promise<boolean> {
  return now - (await lstat(path)).mtimeMs > DAY_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is alive and belongs to another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
