import { createHash } from "node:crypto";
import { lstat, open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Dirent, Stats } from "node:fs";
import { join } from "node:path";
import { compareKeys, TEMPORARY_PREFIX } from "../key.ts";
import { unlessMissing } from "../local-errors.ts";
import { documentTooLarge, DOCUMENT_BYTES_MAX } from "../storage.ts";
import type { StoredFile } from "../storage.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * Every landed file below a prefix, in byte order of the whole keys. Skips links, sockets and the like, which are not
 * landed files. Memory: the names of one folder for each level of depth.
 */
export async function* listBelow(root: string, prefix: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
  signal.throwIfAborted();
  if (prefix === TEMPORARY_PREFIX) return;
  const entries: Dirent[] = await unlessMissing(readdir(join(root, prefix), { withFileTypes: true }), []);
  for (const entry of entries.toSorted((a, b) => compareKeys(sortName(a), sortName(b)))) {
    if (entry.isDirectory()) {
      yield* listBelow(root, `${prefix}${entry.name}/`, signal);
    } else if (entry.isFile()) {
      const key = prefix + entry.name;
      const stats = await statFile(join(root, key));
      signal.throwIfAborted();
      if (stats !== null) yield { key, bytes: stats.size, sha256: null };
    }
  }
}

/** A folder sorts as its name with the slash that its keys have: "a.csv" comes before "a/b.csv". */
function sortName(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name;
}

/** Null if there is no regular file under the name. */
export async function statFile(path: string): Promise<Stats | null> {
  const stats = await unlessMissing(lstat(path), null);
  return stats?.isFile() === true ? stats : null;
}

/** A handle for reading, null if there is no regular file under the name. */
export async function openFile(path: string): Promise<FileHandle | null> {
  return (await statFile(path)) === null ? null : unlessMissing(open(path, "r"), null);
}

/** A small document, whole; null if there is none. */
export async function readDocument(path: string, key: string): Promise<Uint8Array | null> {
  const handle = await openFile(path);
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    if (size > DOCUMENT_BYTES_MAX) throw documentTooLarge(path, key, size);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The bytes of a file in chunks of 256 KiB, one in memory at a time; closes the handle. */
export async function* chunksOf(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Size and SHA-256 of a file; null if there is no regular file under the name. */
export async function fingerprint(
  path: string,
  signal: AbortSignal,
): Promise<{ bytes: number; sha256: string } | null> {
  const handle = await openFile(path);
  if (handle === null) return null;
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunksOf(handle, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
