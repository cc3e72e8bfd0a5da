import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { NOT_REGULAR, readSmallFile } from "../platform/small-file.ts";
import { Secret } from "./secret.ts";
import { realTokenFile, temporaryOf, TOKEN_MODE } from "./token-path.ts";
import type { Parsed } from "../errors.ts";

/** A refresh token is some hundred bytes; anything larger is the wrong file. */
const FILE_BYTES_MAX = 16_384;

const OTHERS = 0o077;

/** What stands in the file of the refresh token. */
export interface KeptToken {
  /** Null: there is no file yet, or an empty one. */
  readonly token: Secret | null;
  /** Whether others than its owner may read or change it. */
  readonly isOpen: boolean;
}

/** Reads the file. What is expected instead never holds anything of its content. */
export async function readTokenFile(path: string): Promise<Parsed<KeptToken>> {
  try {
    const file = await readSmallFile(path, FILE_BYTES_MAX);
    if (file.kind === "not-regular") return { ok: false, expected: NOT_REGULAR };
    if (file.kind === "too-large") {
      return { ok: false, expected: "the file of a refresh token; this one is too large" };
    }
    // Windows has no such modes, and shows every file as open.
    const isOpen = (file.mode & OTHERS) !== 0 && process.platform !== "win32";
    const text = file.text.trim();
    if (text === "") return { ok: true, value: { token: null, isOpen } };
    if (!/^[\x21-\x7e]+$/.test(text)) return { ok: false, expected: "a file with one refresh token and nothing else" };
    return { ok: true, value: { token: new Secret(text), isOpen } };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    if (code === "ENOENT") return { ok: true, value: { token: null, isOpen: false } };
    return { ok: false, expected: `a file that can be read (${code})` };
  }
}

/**
 * Puts the token in the place of the old one, for the owner alone (mode 0600): written beside it, synced, renamed,
 * the folder synced. A symbolic link stays one. Throws the error of the file system; then the old content stands.
 */
export async function writeTokenFile(path: string, token: Secret): Promise<void> {
  const real = await realTokenFile(path);
  const temporary = temporaryOf(real);
  try {
    const file = await open(temporary, "wx", TOKEN_MODE);
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
  await syncFolder(dirname(real));
}

/** Where a folder cannot be opened or synced (Windows, some network drives) the rename has to do: it stands already. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
