import { createCipheriv, createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemRandom } from "../../src/platform/random.ts";
import type { SpooledFile, Storage, StoredFile } from "../../src/storage/storage.ts";

/** A signal that is never aborted. */
export const CALM: AbortSignal = new AbortController().signal;

/** A closed local file with these bytes, like those of the landing code. */
export async function spooled(tmpDir: string, bytes: string | Uint8Array): Promise<SpooledFile> {
  const path = join(tmpDir, systemRandom.hex(8));
  await writeFile(path, bytes, { mode: 0o600 });
  return { path, bytes: Buffer.byteLength(bytes), sha256: sha256Of(bytes) };
}

export function sha256Of(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reproducible bytes that neither compression nor sparse files make smaller. */
export function noise(bytes: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

export async function keysOf(storage: Storage, prefix = ""): Promise<string[]> {
  return (await listed(storage, prefix)).map((file) => file.key);
}

export async function listed(storage: Storage, prefix = ""): Promise<StoredFile[]> {
  return allOf(storage.list(prefix, CALM));
}

export async function textOf(storage: Storage, key: string): Promise<string | null> {
  const bytes = await storage.read(key, CALM);
  return bytes === null ? null : Buffer.from(bytes).toString();
}

/** Size and SHA-256 of an opened file, chunk by chunk. */
export async function digestOf(storage: Storage, key: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of storage.open(key, CALM)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
