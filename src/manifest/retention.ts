import { DAY_MS } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";

/**
 * Returns whether a file may have been removed by a rule of the destination (`PARDOT_ETL_RETENTION`), by the first run
 * that names it. Allows an extra day: such rules count from when a file was written, which may have been in an earlier
 * run that was cut, and some act a few hours late. Null: files are kept forever.
 */
export function retentionRule(
  retentionMs: number | null,
  now: Instant,
): (run: { readonly startedAt: Instant | null }) => boolean {
  if (retentionMs === null) return () => false;
  return ({ startedAt }) => startedAt !== null && now - startedAt >= retentionMs - DAY_MS;
}
