import { lstat, open, readFile, readlink, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { systemRandom } from "../platform/random.ts";

/** Links in a row that are followed; the system's own limit. */
const LINKS_MAX = 40;

/** Only its owner may read and write a token file. */
export const TOKEN_MODE = 0o600;

/**
 * The token file itself, where its name is a symbolic link: a volume's file keeps its token only if it is written there.
 * A link to a file that is not there yet is followed as well. Throws the file system's error.
 */
export async function realTokenFile(path: string): Promise<string> {
  let here = resolve(path);
  for (let links = 0; links < LINKS_MAX; links += 1) {
    try {
      return await realpath(here);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    // The file is missing; its folder is not, or that is the error.
    const folder = await realpath(dirname(here));
    const name = join(folder, basename(here));
    const stats = await lstat(name).catch(() => null);
    if (stats?.isSymbolicLink() !== true) return name;
    here = resolve(folder, await readlink(name));
  }
  throw Object.assign(new Error(`too many links: ${path}`), { code: "ELOOP" });
}

/** What keeps the file from being replaced later, null when nothing does. Leaves nothing behind. */
export async function whyNotWritable(path: string): Promise<string | null> {
  try {
    const real = await realTokenFile(path);
    const reason = await whyNotReplaceable(real);
    if (reason !== null) return reason;
    const temporary = temporaryOf(real);
    await (await open(temporary, "wx", TOKEN_MODE)).close();
    await rm(temporary);
    return null;
  } catch (error) {
    return `a file in a folder in which this program may create files (${codeOf(error)})`;
  }
}

/** A file beside the token file that is renamed to it; the process id would not do in two containers on one volume. */
export function temporaryOf(real: string): string {
  return join(dirname(real), `.${basename(real)}.${systemRandom.hex(6)}.tmp`);
}

/** A rename would leave the old token under another name, or is refused when the token that it brings is the only one. */
async function whyNotReplaceable(real: string): Promise<string | null> {
  const stats = await stat(real).catch(() => null);
  if (stats === null || !stats.isFile()) return null;
  if (stats.nlink > 1) {
    return `a file with one name; this one has ${stats.nlink} hard links, and the others would keep the old token`;
  }
  if (await isMountPoint(real)) {
    return "a file that can be replaced (EBUSY); this one is mounted by itself: mount the folder that holds it";
  }
  const folder = await stat(dirname(real));
  const user = process.geteuid?.() ?? 0;
  const isSticky = (folder.mode & 0o1000) !== 0;
  return isSticky && user !== 0 && user !== stats.uid && user !== folder.uid
    ? "a file of the user that runs this program; in this folder only its owner may replace it (EPERM)"
    : null;
}

/** Linux tells every mount, with blanks and the like as octal numbers (proc(5), mountinfo); elsewhere none is seen. */
async function isMountPoint(real: string): Promise<boolean> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return mounts.split("\n").some((line) => {
    const escaped = line.split(" ")[4] ?? "";
    return escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8))) === real;
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}
