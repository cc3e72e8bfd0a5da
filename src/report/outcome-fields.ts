import type { RunOutcome } from "../operations/run/outcome.ts";
import { exitCode } from "./exit-codes.ts";

/**
 * An outcome for machines: the fields of the log's last line and of a webhook's body. Alarms read them, so their names
 * are stable.
 */
export function outcomeFields(outcome: RunOutcome): Readonly<Record<string, unknown>> {
  const { day, error } = outcome;
  return {
    exit_code: outcome.exitCode,
    meaning: exitCode(outcome.exitCode).meaning,
    status: outcome.status,
    run_id: outcome.runId,
    business_unit: outcome.businessUnit,
    manifest: outcome.manifest,
    started_at: new Date(outcome.startedAt).toISOString(),
    duration_ms: outcome.durationMs,
    rows: outcome.rows,
    files: outcome.files,
    bytes: outcome.bytes,
    calls: outcome.calls,
    calls_today: day?.callsToday ?? null,
    calls_budget: day?.callsBudget ?? null,
    quota_used: day?.quotaUsed ?? null,
    quota_max: day?.quotaMax ?? null,
    quota_share: day?.quotaShare === null || day === null ? null : Math.round(day.quotaShare * 10_000) / 10_000,
    objects: outcome.objects,
    objects_failed: outcome.failed.length,
    failed_objects: outcome.failed.map(({ object }) => object),
    objects_postponed: outcome.postponed.reduce((sum, { objects }) => sum + objects.length, 0),
    postponed_objects: outcome.postponed.flatMap(({ objects }) => objects),
    rejected_rows: outcome.rejectedRows,
    windows_open: outcome.openWindows,
    warnings: outcome.warnings.length,
    error_code: error?.code ?? null,
    error: error?.message ?? null,
    hint: error?.hint ?? null,
  };
}
