import { manifestBytes, manifestKey } from "../../src/manifest/manifest.ts";
import type { Manifest, ManifestFile, ManifestObject } from "../../src/manifest/manifest.ts";
import type { Storage } from "../../src/storage/storage.ts";

// Manifests as a run writes them, with what a test says of them.

const SHA256 = "0123456789abcdef".repeat(4);

export function namedFile(key: string, said: Partial<ManifestFile> = {}): ManifestFile {
  const watermarks = { min_watermark: null, max_watermark: null };
  return { key, rows: 1, bytes: 10, sha256: SHA256, ...watermarks, export_id: null, ...said };
}

export function manifestObject(object: string, said: Partial<ManifestObject> = {}): ManifestObject {
  return {
    object,
    table: `PARDOT_${object.toUpperCase()}`,
    process: "segmented",
    api_version: "4",
    status: "complete",
    error: null,
    windows: [],
    files: [],
    open_windows: [],
    drift: { appeared: [], vanished: [] },
    refused_fields: [],
    incomplete_rows: 0,
    ...said,
  };
}

export function manifestOf(runId: string, said: Partial<Manifest> = {}): Manifest {
  return {
    format_version: 1,
    run_id: runId,
    business_unit: "0UvSIM0000000001AB",
    started_at: "2026-03-20T08:00:00Z",
    finished_at: "2026-03-20T08:10:00Z",
    status: "complete",
    time_zone: "UTC",
    now: "2026-03-20T08:00:00Z",
    api_calls: { total: 0, by_kind: {} },
    objects: [],
    warnings: [],
    ...said,
  };
}

export async function writeManifest(storage: Storage, manifest: Manifest): Promise<void> {
  await storage.create(manifestKey(manifest.run_id), manifestBytes(manifest), new AbortController().signal);
}
