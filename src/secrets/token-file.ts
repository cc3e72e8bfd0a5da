import { lstat, open, readFile, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { errnoOf, invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { takeLockFile } from "../platform/lock-file.ts";
import type { LockOptions } from "../platform/lock-file.ts";
import { systemRandom } from "../platform/random.ts";
import { NOT_REGULAR, readSmallFile } from "../platform/small-file.ts";
import { Secret } from "./secret.ts";

/** The file that keeps a refresh token: one token for its owner alone, replaced as a whole, with a lock next to it. */

/** A refresh token is some hundred bytes; anything larger is the wrong file. */
const FILE_BYTES_MAX = 16_384;

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** Links followed in a row; the system's own limit. */
const LINKS_MAX = 40;

/** Contents of the token file. */
export interface TokenFile {
  /** Null: there is no file yet, or an empty one. */
  readonly token: Secret | null;
  /** Whether others than its owner may read or change it. */
  readonly isOpen: boolean;
}

/** Reads the file. `expected` never quotes its content. */
export async function readTokenFile(path: string): Promise<Parsed<TokenFile>> {
  try {
    const file = await readSmallFile(path, FILE_BYTES_MAX);
    if (file.kind === "not-regular") return invalid(NOT_REGULAR);
    if (file.kind === "too-large") return invalid("the file of a refresh token; this one is too large");
    // Windows has no such modes, and shows every file as open.
    const isOpen = (file.mode & OTHERS) !== 0 && process.platform !== "win32";
    const text = file.text.trim();
    if (text === "") return valid({ token: null, isOpen });
    if (!/^[\x21-\x7e]+$/.test(text)) return invalid("a file with one refresh token and nothing else");
    return valid({ token: new Secret(text), isOpen });
  } catch (error) {
    const code = errnoOf(error);
    return code === "ENOENT" ? valid({ token: null, isOpen: false }) : invalid(`a file that can be read (${code})`);
  }
}

/**
 * Replaces the token, for the owner alone (mode 0600): written next to it, synced, renamed, the folder synced. A
 * symbolic link stays one. Throws the file system's error; the old content is then unchanged.
 */
export async function writeTokenFile(path: string, token: Secret): Promise<void> {
  const real = await realTokenFile(path);
  const temporary = temporaryOf(real);
  try {
    const file = await open(temporary, "wx", OWNER_ONLY);
    try {
      await file.writeFile(`${token.reveal()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // If a folder cannot be opened or synced (Windows, some network drives), the rename has to be enough.
  const folder = await open(dirname(real), "r").catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Why the file could not be replaced later; null: it could. Leaves nothing behind. */
export async function writeProblem(path: string): Promise<string | null> {
  try {
    const real = await realTokenFile(path);
    const reason = await replaceProblem(real);
    if (reason !== null) return reason;
    const temporary = temporaryOf(real);
    await (await open(temporary, "wx", OWNER_ONLY)).close();
    await rm(temporary);
    return null;
  } catch (error) {
    return `a file in a folder in which this program may create files (${errnoOf(error)})`;
  }
}

/** A lock file next to the token file, held while a program requests a token with the refresh token in it. */
export interface TokenLock {
  /** Why it could not be taken; null: it is held. A caller that proceeds anyway does so without the lock. */
  readonly problem: string | null;
  /** Never rejects. */
  release(): Promise<void>;
}

export type TokenLockOptions = Omit<LockOptions, "pauseMs">;

const LOCK_PAUSE_MS = 100;

/** Takes the lock of a token file; rejects only with the signal's reason. */
export async function lockTokenFile(tokenFile: string, options: TokenLockOptions): Promise<TokenLock> {
  let path = lockOf(tokenFile);
  try {
    // Next to the file itself, so that programs that reach it by different links share one lock.
    path = lockOf(await realTokenFile(tokenFile));
    const lock = await takeLockFile(path, { ...options, pauseMs: LOCK_PAUSE_MS });
    return typeof lock === "string" ? unlocked(lock) : { problem: null, release: () => lock.release() };
  } catch (error) {
    options.signal.throwIfAborted();
    return unlocked(`${path} cannot be used (${errnoOf(error)})`);
  }
}

function unlocked(problem: string): TokenLock {
  return { problem, release: async () => {} };
}

function lockOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`);
}

/** A file that is renamed to the token file. Random, because two containers on one volume may share a process id. */
function temporaryOf(real: string): string {
  return join(dirname(real), `.${basename(real)}.${systemRandom.hex(6)}.tmp`);
}

/**
 * The token file itself, if its name is a symbolic link: a volume's file keeps its token only if it is written there.
 * Also follows a link to a file that does not exist yet. Throws the file system's error.
 */
async function realTokenFile(path: string): Promise<string> {
  let here = resolve(path);
  for (let links = 0; links < LINKS_MAX; links += 1) {
    try {
      return await realpath(here);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    // The file is missing; if its folder is missing too, that is the error.
    const folder = await realpath(dirname(here));
    const name = join(folder, basename(here));
    const stats = await lstat(name).catch(() => null);
    if (stats?.isSymbolicLink() !== true) return name;
    here = resolve(folder, await readlink(name));
  }
  throw Object.assign(new Error(`too many links: ${path}`), { code: "ELOOP" });
}

/** Why a rename would leave the old token under another name, or be refused when it has the only new one. */
async function replaceProblem(real: string): Promise<string | null> {
  const stats = await stat(real).catch(() => null);
  if (stats === null || !stats.isFile()) return null;
  if (stats.nlink > 1) {
    return `a file with one name; this one has ${stats.nlink} hard links, and the others would keep the old token`;
  }
  if (await isMountPoint(real)) {
    return "a file that can be replaced (EBUSY); this one is a separate mount: mount its folder instead";
  }
  const folder = await stat(dirname(real));
  const user = process.geteuid?.() ?? 0;
  const isSticky = (folder.mode & 0o1000) !== 0;
  return isSticky && user !== 0 && user !== stats.uid && user !== folder.uid
    ? "a file of the user that runs this program; in this folder only its owner may replace it (EPERM)"
    : null;
}

/** Linux lists every mount, with blanks and the like as octal numbers (proc(5), mountinfo); other systems list none. */
async function isMountPoint(real: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return mounts.split("\n").some((line) => {
    const escaped = line.split(" ")[4] ?? "";
    return escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8))) === real;
  });
}
