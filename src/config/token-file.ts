import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { systemRandom } from "../platform/random.ts";
import { Secret } from "./secret.ts";
import type { Reading } from "./values.ts";

/** A refresh token is some hundred bytes; anything larger is the wrong file. */
const FILE_BYTES_MAX = 16_384;

/** Only its owner may read and write it. */
const MODE = 0o600;
const OTHERS = 0o077;

/** What stands in the file of the refresh token. */
export interface KeptToken {
  /** Null: there is no file yet, or an empty one. */
  readonly token: Secret | null;
  /** Whether others than its owner may read or change it. */
  readonly isOpen: boolean;
}

/** Reads the file. What is expected instead never holds anything of its content. */
export async function readTokenFile(path: string): Promise<Reading<KeptToken>> {
  try {
    const { size, mode } = await stat(path);
    if (size > FILE_BYTES_MAX) return { ok: false, expected: "the file of a refresh token; this one is too large" };
    // Windows has no such modes, and shows every file as open.
    const isOpen = (mode & OTHERS) !== 0 && process.platform !== "win32";
    const text = (await readFile(path, "utf8")).trim();
    if (text === "") return { ok: true, value: { token: null, isOpen } };
    if (!/^[\x21-\x7e]+$/.test(text)) return { ok: false, expected: "a file with one refresh token and nothing else" };
    return { ok: true, value: { token: new Secret(text), isOpen } };
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return { ok: true, value: { token: null, isOpen: false } };
    return { ok: false, expected: `a file that can be read (${code})` };
  }
}

/** What keeps the file from being replaced later, null when nothing does. Leaves nothing behind. */
export async function whyNotWritable(path: string): Promise<string | null> {
  const temporary = temporaryOf(path);
  try {
    await (await open(temporary, "wx", MODE)).close();
    await rm(temporary);
    return null;
  } catch (error) {
    return `a file in a folder in which this program may create files (${codeOf(error)})`;
  }
}

/**
 * Puts the token in the place of the old one, for the owner alone (mode 0600): written beside it, synced, renamed,
 * the folder synced. Throws the error of the file system; then the old content stands.
 */
export async function writeTokenFile(path: string, token: Secret): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    const file = await open(temporary, "wx", MODE);
    try {
      await file.writeFile(`${token.reveal()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Where a folder cannot be opened or synced (Windows, some network drives) the rename has to do: it stands already. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function temporaryOf(path: string): string {
  // Two containers on one volume may both be process 1, so the process id would not do.
  return join(dirname(path), `.${basename(path)}.${systemRandom.hex(6)}.tmp`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}
