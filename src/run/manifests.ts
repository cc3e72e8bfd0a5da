import { manifestKey, parseManifest } from "../commit/manifest.ts";
import type { Manifest } from "../commit/manifest.ts";
import type { Storage } from "../storage/storage.ts";

const RUNS_PREFIX = "_pardot_etl/runs/";

export interface ReadManifest {
  readonly key: string;
  /** Null when it is damaged. */
  readonly manifest: Manifest | null;
}

/** What whoever does without a damaged manifest says of it; `verify` counts it as a problem. */
export const DAMAGED = "it is damaged: restore it from the bucket's versions or a backup";

/** Every manifest in the destination, oldest first, or that of one run; none when it has none. One at a time in memory. */
export async function* readManifests(
  storage: Storage,
  runId: string | null,
  signal: AbortSignal,
): AsyncGenerator<ReadManifest, void, undefined> {
  const keys: string[] = [];
  for await (const { key } of storage.list(RUNS_PREFIX, signal)) {
    if (key.endsWith("/manifest.json") && (runId === null || key === manifestKey(runId))) keys.push(key);
  }
  for (const key of keys) {
    const body = await storage.read(key, signal);
    if (body !== null) yield { key, manifest: parseManifest(body) };
  }
}
