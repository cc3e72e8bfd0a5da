import { rm, stat, writeFile } from "node:fs/promises";
import { errnoOf } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { ProcessIdentity, Processes } from "./process-identity.ts";
import type { Random } from "./random.ts";
import { readSmallFile } from "./small-file.ts";

/** A file that exists while one program does what only one may do at a time. */
export interface LockFile {
  /** Whether no other program has broken it because this one seemed dead. */
  isHeld(): Promise<boolean>;
  /** Never rejects. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Longer than a live holder keeps it: after that, its holder is dead, on any machine. */
  readonly silenceMs: number;
  /** Pause between two looks at a held lock, plus up to as much again at random. */
  readonly pauseMs: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** A larger file is not a lock file of ours. */
const BYTES_MAX = 4096;

/** After this many holders in a row, something is wrong with the folder. */
const HOLDERS_MAX = 20;

/** Contents of a lock file: its holder, and a nonce that distinguishes it from every other file of that name. */
type Holder = ProcessIdentity & { readonly nonce: string };

interface Seen {
  readonly mark: string;
  readonly holder: Holder | null;
}

/**
 * Takes the lock by exclusive creation, which every file system does in one step. Breaks the lock of a process that is
 * known to be dead (it ran on this machine) at once, any other if it is unchanged for `silenceMs`. Never compares
 * clocks of machines. Returns as text why it cannot be taken; rejects with the file system's error or the signal's
 * reason.
 */
export async function takeLockFile(path: string, options: LockOptions): Promise<LockFile | string> {
  const { clock, random, processes, silenceMs, pauseMs, signal } = options;
  let watched = { mark: "", since: 0 };
  for (let holders = 0; holders <= HOLDERS_MAX;) {
    signal.throwIfAborted();
    const mark = random.hex(8);
    if (await create(path, `${JSON.stringify({ ...processes.self, nonce: mark } satisfies Holder)}\n`)) {
      return { isHeld: async () => (await look(path))?.mark === mark, release: () => release(path, mark) };
    }
    const seen = await look(path);
    if (seen === null) continue;
    if (watched.mark !== seen.mark) {
      watched = { mark: seen.mark, since: clock.monotonic() };
      holders += 1;
    }
    const silentMs = clock.monotonic() - watched.since;
    // A program that was breaking it may have died.
    if (silentMs >= 2 * silenceMs) return `${path} is left over from a program that died: remove it`;
    const isDead = seen.holder !== null && processes.isDead(seen.holder);
    if ((isDead || silentMs >= silenceMs) && (await breakLock(path, seen.mark))) continue;
    await clock.sleep(pauseMs * (1 + random.unit()), signal);
  }
  return `${path} is taken by one program after another`;
}

/** Creates a file with this text; false: there is one already. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Null: it is gone. A file that is being written, or whose writer died, has no holder. */
async function look(path: string): Promise<Seen | null> {
  try {
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    const file = await readSmallFile(path, BYTES_MAX);
    const holder = file.kind === "text" ? parse(file.text) : null;
    return { mark: holder?.nonce ?? `${ino}-${mtimeNs}`, holder };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string): Holder | null {
  try {
    const { host, boot, pid, started, nonce } = JSON.parse(text) as Holder;
    const isWhole = [host, boot, started].every((part) => typeof part === "string") && typeof pid === "number";
    // It becomes part of a file's name.
    return isWhole && /^[0-9a-f]{16}$/.test(nonce) ? { host, boot, pid, started, nonce } : null;
  } catch {
    return null;
  }
}

/**
 * Removes a dead lock; false: another program is doing it. Creates a file named after the lock first, so that only one
 * of all programs that find it dead looks again and removes it. Otherwise the second could remove the lock that the
 * first has just taken.
 */
async function breakLock(path: string, mark: string): Promise<boolean> {
  const right = `${path}.${mark}`;
  if (!(await create(right, ""))) return false;
  try {
    if ((await look(path))?.mark === mark) await rm(path, { force: true });
  } finally {
    await rm(right, { force: true });
  }
  return true;
}

async function release(path: string, mark: string): Promise<void> {
  try {
    // If the lock was broken because this program was silent too long, it belongs to another one now.
    if ((await look(path))?.mark === mark) await rm(path, { force: true });
  } catch {
    // The next program will find its holder dead or silent.
  }
}
