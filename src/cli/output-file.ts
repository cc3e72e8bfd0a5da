import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf, StorageError } from "../errors.ts";
import type { Random } from "../platform/random.ts";
import { unlessMissing } from "../storage/local-errors.ts";

/**
 * Writes a file that an operator has named, in one step: the file is the old one or the whole new one, also on a full
 * disk. A symbolic link is followed, and keeps its name; a pipe or a device is written to. Throws StorageError, exit 7.
 */
export async function writeOutput(path: string, text: string, random: Random): Promise<void> {
  try {
    const target = await unlessMissing(stat(path), null);
    if (target === null) await replace(path, text, random);
    else if (target.isFile()) await replace(await realpath(path), text, random);
    else await write(path, text, "w");
  } catch (error) {
    const errno = errnoOf(error);
    throw new StorageError(`write ${path}: ${REASONS[errno] ?? "the system refused it"} (${errno})`, {
      code: "storage.output-not-written",
      hint: "Use --output to name a file in an existing, writable folder. An existing file is unchanged.",
      context: { path, errno },
      cause: error,
    });
  }
}

async function replace(path: string, text: string, random: Random): Promise<void> {
  const temporary = join(dirname(path), `.${random.hex(8)}.pardot-etl-report`);
  try {
    await write(temporary, text, "wx");
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function write(path: string, text: string, flags: "w" | "wx"): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.writeFile(text);
    if (flags === "wx") await file.sync();
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "the folder does not exist",
  ENOTDIR: "part of the path is a file",
  EISDIR: "it is a folder",
  ENOSPC: "no space is left",
  EDQUOT: "no space is left",
};
