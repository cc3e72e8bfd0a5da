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
 * Names of temporary files say who writes them, so that a later process can tell a dead writer's leftover from the
 * file of a living one: `<place>-<pid>-<process>-<random>.pardot-etl`.
 */
const NAME = /^([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})-[0-9a-f]{32}\.pardot-etl$/;

interface Writer {
  /** Hash of host name and pid namespace: only there does a pid say anything. */
  readonly place: string;
  readonly pid: number;
  /** Distinguishes this process from an earlier one with the same pid, as in a container that was started again. */
  readonly process: string;
}

let ours: Writer | null = null;

function thisWriter(): Writer {
  ours ??= { place: thisPlace(), pid: process.pid, process: systemRandom.hex(4) };
  return ours;
}

function thisPlace(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Not Linux: the host name alone has to do.
  }
  return createHash("sha256").update(`${hostname()}\n${namespace}`).digest("hex").slice(0, 8);
}

/** A name for a temporary file of this process that nobody can guess. */
export function temporaryName(random: Random): string {
  const { place, pid, process: token } = thisWriter();
  return `${place}-${pid}-${token}-${random.hex(16)}.pardot-etl`;
}

/** Claims to names (place.ts), and what is created to break one (platform/lock-file.ts). */
const CLAIM = /^[0-9a-f]{32}\.claim(?:\.[0-9a-f-]{1,64})?$/;

/** The file that claims a name; the same for keys that a file system without case or with other accents takes for one. */
export function claimName(key: string): string {
  const folded = key.normalize("NFC").toLowerCase();
  return `${createHash("sha256").update(folded).digest("hex").slice(0, 32)}.claim`;
}

/** What came of the leftovers in a folder. */
export interface Tidied {
  readonly removed: number;
  /** Those that may not be removed: another user's, or something else under such a name. */
  readonly kept: number;
}

/** A leftover that cannot be removed is no reason to end a run: it takes up room and nothing else. */
const KEPT = ["EPERM", "EACCES", "EROFS", "EISDIR", "ENOTDIR", "ENOTEMPTY", "EBUSY"];

/**
 * Removes the temporary files in `folder` whose writers are dead and leaves all other files alone. Those of another
 * host (or container) go once they have not been touched for a day, which is far longer than any writer pauses. A folder
 * that does not exist, or that this user may not list, has none. Throws the bare file system error.
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
  const self = thisWriter();
  if (place === self.place) {
    if (Number(pid) === self.pid) return token !== self.process;
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
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
