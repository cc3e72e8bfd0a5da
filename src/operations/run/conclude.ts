import { asError, exitCodeOf, failureOf, LeaseError } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import { totals } from "../../manifest/manifest.ts";
import { notesBefore } from "../../state/call-stores.ts";
import { oldLeases } from "../../state/lease.ts";
import { warningsByCode } from "../../state/run-record.ts";
import type { RunRecord } from "../../state/run-record.ts";
import { DAY_MS } from "../../time/instant.ts";
import { localDay } from "../../time/zone.ts";
import type { RunResult } from "../api.ts";
import { unitName } from "../pardot.ts";
import type { Connection } from "../pardot.ts";
import type { Committed } from "./commit.ts";
import type { Run } from "./context.ts";
import { rejectedError } from "./failures.ts";
import type { Loaded } from "./load.ts";

/** Records the end of a run that has committed, and removes what no later run needs. */
export async function conclude(
  run: Run,
  { account, now }: Connection,
  committed: Committed,
  loaded: Loaded,
): Promise<RunResult> {
  const { manifest, key, read } = committed;
  const error = run.failures.firstError(run.objects, rejectedError(manifest) ?? loaded.error);
  const { objects: selected, configuredObjects } = run.config.etl;
  const { files, rows } = totals(manifest.objects.flatMap((object) => object.files));
  const hasAll = configuredObjects.every((name) => selected.includes(name));
  const isWhole = hasAll && manifest.objects.every(({ status }) => status === "complete");
  // A committed file that cannot be loaded is in the manifest, but its rows are missing from the table.
  const status = error !== null && manifest.status === "complete" ? "partial" : manifest.status;
  const record = { ...recordOf(run), status, rows, files, ...endedWith(error), ...(isWhole ? { isWhole } : {}) };
  const yesterday = localDay(now - DAY_MS, run.config.pardot.accountTimeZone);
  const { others } = run.found;
  await run.journal.compact(
    [{ type: "run-finished", ...record, read, unitName: unitName(account, run.config) }],
    [...notesBefore(yesterday, others), ...oldLeases(run.lease.number, others)],
  );
  return {
    manifest,
    manifestKey: key,
    loaded: loaded.tables,
    notLoaded: loaded.failures,
    error,
    exitCode: error === null ? 0 : exitCodeOf(error),
  };
}

/**
 * Records why a run ended before it could commit, for `status`. A run that lost its lease writes nothing more.
 * Never throws: without a record the run counts as died, and the next one takes over.
 */
export async function recordFailure(run: Run, error: unknown): Promise<void> {
  const isOpen = run.journal.state.runs.some(({ runId, status }) => runId === run.id && status === "running");
  if (error instanceof LeaseError) return;
  try {
    await run.budget.settle();
    if (!isOpen) return;
    await run.lease.check();
    const failure = asError(error);
    const record = { ...recordOf(run), status: "failed" as const, rows: 0, files: 0, ...endedWith(failure) };
    await run.journal.record([{ type: "run-finished", ...record }]);
  } catch {
    // The caller throws the error that ended the run.
  }
}

function recordOf(run: Run): Omit<RunRecord, "status" | "rows" | "files"> {
  const { usage: quota, calls } = run.pardot;
  const finishedAt = run.clock.now();
  return {
    runId: run.id,
    startedAt: new Date(run.startedAt).toISOString(),
    finishedAt: new Date(finishedAt).toISOString(),
    calls: calls.total,
    aheadMs: run.time.now() - finishedAt,
    ...(quota === null ? {} : { quota }),
    ...(run.warnings.length === 0 ? {} : { warnings: warningsByCode(run.warnings) }),
  };
}

function endedWith(error: Error | null): { readonly exitCode: number; readonly error?: Failure } {
  if (error === null) return { exitCode: 0 };
  return { exitCode: exitCodeOf(error), error: failureOf(error) };
}
