import type { RunEnding } from "./ending.ts";
import { exitCode } from "./exit-codes.ts";

/** An ending for machines: the fields of the log's last line and of a webhook's body. Alarms read them: names stay. */
export function endingFields(ending: RunEnding): Readonly<Record<string, unknown>> {
  const { day, error } = ending;
  return {
    exit_code: ending.exitCode,
    meaning: exitCode(ending.exitCode).meaning,
    status: ending.status,
    run_id: ending.runId,
    business_unit: ending.businessUnit,
    manifest: ending.manifest,
    started_at: new Date(ending.startedAt).toISOString(),
    duration_ms: ending.durationMs,
    rows: ending.rows,
    files: ending.files,
    bytes: ending.bytes,
    calls: ending.calls,
    calls_today: day?.callsToday ?? null,
    calls_budget: day?.callsBudget ?? null,
    quota_used: day?.quotaUsed ?? null,
    quota_max: day?.quotaMax ?? null,
    quota_share: day?.quotaShare === null || day === null ? null : Math.round(day.quotaShare * 10_000) / 10_000,
    objects: ending.objects,
    objects_failed: ending.failed.length,
    failed_objects: ending.failed.map(({ object }) => object),
    objects_postponed: ending.postponed.reduce((sum, { objects }) => sum + objects.length, 0),
    postponed_objects: ending.postponed.flatMap(({ objects }) => objects),
    rejected_rows: ending.rejectedRows,
    windows_open: ending.openWindows,
    warnings: ending.warnings.length,
    error_code: error?.code ?? null,
    error: error?.message ?? null,
    hint: error?.hint ?? null,
  };
}
