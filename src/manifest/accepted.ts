import { createHash } from "node:crypto";
import type { Storage } from "../storage/storage.ts";

/**
 * Files that an operator has written off (`verify --accept KEY`): each has a note, a JSON document with the file's `key`.
 * They are neither loaded nor reported as missing.
 */
const ACCEPTED_PREFIX = "_pardot_etl/accepted/";

/** Key of the note about a file. */
function acceptedKey(key: string): string {
  return `${ACCEPTED_PREFIX}${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`;
}

/** The keys of all files that were written off. A note that cannot be read is ignored. */
export async function readAccepted(storage: Storage, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const accepted = new Set<string>();
  for await (const { key: note } of storage.list(ACCEPTED_PREFIX, signal)) {
    const bytes = await storage.read(note, signal);
    const key = bytes === null ? null : keyIn(bytes);
    if (key !== null) accepted.add(key);
  }
  return accepted;
}

function keyIn(bytes: Uint8Array): string | null {
  try {
    const note = JSON.parse(new TextDecoder().decode(bytes)) as { readonly key?: unknown } | null;
    return typeof note?.key === "string" ? note.key : null;
  } catch {
    return null;
  }
}

/** Writes a file off. */
export async function accept(
  storage: Storage,
  note: { readonly key: string; readonly at: string },
  signal: AbortSignal,
): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(note, null, 2)}\n`);
  await storage.create(acceptedKey(note.key), bytes, signal);
}
