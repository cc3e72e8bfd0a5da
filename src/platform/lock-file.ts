import { open, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "./clock.ts";
import type { ProcessIdentity, Processes } from "./process-identity.ts";
import type { Random } from "./random.ts";
import { readSmallFile } from "./small-file.ts";

/** A file that is there as long as one program does what only one may do at a time. */
export interface LockFile {
  /** Whether it was not broken by another program that took this one for dead. */
  isHeld(): Promise<boolean>;
  /** Never rejects. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Longer than anyone who lives holds it: then its holder is gone, wherever it ran. */
  readonly silenceMs: number;
  /** A pause between two looks at a held lock, and as much again by chance. */
  readonly pauseMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** What is larger names no holder. */
const BYTES_MAX = 4096;

/** Holders in a row that were outwaited and followed by others; then something is wrong with the folder. */
const HOLDERS_MAX = 20;

/** What stands in a lock file: who holds it, and what tells it from all others that ever had its name. */
type Holder = ProcessIdentity & { readonly nonce: string };

interface Seen {
  readonly mark: string;
  readonly holder: Holder | null;
}

/**
 * Takes the lock by exclusive creation, which every file system does in one step. The lock of a process that is known to
 * be dead (it ran on this machine) is broken at once, any other that stays the same for `silenceMs`. Clocks of machines
 * are never compared. Returns why it cannot be taken as text; rejects with the file system's error and the signal's reason.
 */
export async function takeLockFile(path: string, options: LockOptions): Promise<LockFile | string> {
  const { clock, random, processes, silenceMs, pauseMs, signal } = options;
  let watched = { mark: "", since: 0 };
  for (let holders = 0; holders <= HOLDERS_MAX;) {
    signal.throwIfAborted();
    const mark = await create(path, { ...processes.self, nonce: random.hex(8) });
    if (mark !== null) {
      return { isHeld: async () => (await look(path))?.mark === mark, release: () => release(path, mark) };
    }
    const seen = await look(path);
    if (seen === null) continue;
    if (watched.mark !== seen.mark) {
      watched = { mark: seen.mark, since: clock.monotonic() };
      holders += 1;
    }
    const silentMs = clock.monotonic() - watched.since;
    // Whoever broke it may have died over it.
    if (silentMs >= 2 * silenceMs) return `${path} is left over from a program that died: remove it`;
    const isDead = seen.holder !== null && processes.isDead(seen.holder);
    if ((isDead || silentMs >= silenceMs) && (await breakLock(path, seen.mark))) continue;
    await clock.sleep(pauseMs * (1 + random.unit()), signal);
  }
  return `${path} is taken by one program after another`;
}

/** The mark of the lock that was created; null: there is one. */
async function create(path: string, self: Holder): Promise<string | null> {
  const file = await openExclusively(path);
  if (file === null) return null;
  try {
    await file.writeFile(`${JSON.stringify(self)}\n`);
    return self.nonce;
  } finally {
    await file.close();
  }
}

/** Null: it exists. */
async function openExclusively(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return null;
    throw error;
  }
}

/** Null: it is gone. One that is just being written, or whose writer died over it, has no holder. */
async function look(path: string): Promise<Seen | null> {
  try {
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    const file = await readSmallFile(path, BYTES_MAX);
    const holder = file.kind === "text" ? parse(file.text) : null;
    return { mark: holder?.nonce ?? `${ino}-${mtimeNs}`, holder };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string): Holder | null {
  try {
    const { host, boot, pid, started, nonce } = JSON.parse(text) as Holder;
    const isWhole = [host, boot, started].every((part) => typeof part === "string") && typeof pid === "number";
    // Part of a file's name further down.
    return isWhole && /^[0-9a-f]{16}$/.test(nonce) ? { host, boot, pid, started, nonce } : null;
  } catch {
    return null;
  }
}

/**
 * Removes a dead lock; false: another program is about to. A file named after it is created first, so that of all who
 * find it dead one alone looks again and removes it: else the second would remove the lock that the first has taken
 * meanwhile.
 */
async function breakLock(path: string, mark: string): Promise<boolean> {
  const right = `${path}.${mark}`;
  const file = await openExclusively(right);
  if (file === null) return false;
  try {
    await file.close();
    if ((await look(path))?.mark === mark) await rm(path, { force: true });
  } finally {
    await rm(right, { force: true });
  }
  return true;
}

async function release(path: string, mark: string): Promise<void> {
  try {
    // Whoever was silent for so long that the lock was broken must not remove the next one's.
    if ((await look(path))?.mark === mark) await rm(path, { force: true });
  } catch {
    // Then the next one finds its holder dead, or silent.
  }
}
