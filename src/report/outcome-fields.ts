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
    business_unit_name: outcome.unitName,
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
    last_complete_at: lastComplete(outcome),
    warnings: outcome.warnings.length,
    error_code: error?.code ?? null,
    error: error?.message ?? null,
    hint: error?.hint ?? null,
  };
}

/** When the newest run ended in which every configured object was complete: this one, or an earlier one. */
function lastComplete({ exitCode: code, isWhole, result, history }: RunOutcome): string | null {
  if (isWhole && code === 0 && result !== null) return result.manifest.finished_at;
  return history?.lastSuccessAt ?? null;
}
