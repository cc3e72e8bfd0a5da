import type { Manifest } from "../commit/manifest.ts";
import { DAY_MS } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";

/**
 * Says of a manifest whether the files that it names may have gone by a rule of the destination
 * (`PARDOT_ETL_RETENTION`). A day is granted: such rules count from when a file was written, which may have been in an
 * earlier run that was cut, and some act a few hours late. Null: files are kept for ever.
 */
export function retentionRule(retentionMs: number | null, now: Instant): (manifest: Manifest) => boolean {
  if (retentionMs === null) return () => false;
  return ({ started_at: startedAt }) => now - Date.parse(startedAt) >= retentionMs - DAY_MS;
}
