import type { Failure } from "../../errors.ts";
import { manifestBytes, manifestKey, totals } from "../../manifest/manifest.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { readManifest } from "../../manifest/manifests.ts";
import type { Change, RunRecord } from "../../state/state.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Run } from "./context.ts";

/** Ends the runs that died, announces each, and records that this one has started, with its first calls. */
export async function recover(run: Run): Promise<void> {
  const { businessUnitId: businessUnit } = run.config.pardot;
  const at = new Date(run.startedAt).toISOString();
  const ended = await endDeadRuns(run);
  for (const change of ended) {
    if (change.type !== "run-finished" || change.error === undefined) continue;
    const { runId, startedAt, error } = change;
    // It could not notify its people: this run does.
    run.onEvent({ type: "run-died", died: runId, startedAt, message: error.message });
  }
  const entry = run.found.sequence + 1;
  // One entry for both.
  await Promise.all([
    run.journal.record([...ended, { type: "run-started", businessUnit, runId: run.id, at, entry }]),
    run.budget.prepare(),
  ]);
}

/**
 * Ends the runs that never reported their end. Each gets a manifest that reports its end and names no file, unless it
 * has written its own: if such a run was only suspended, it finds the name taken when it wakes up, and commits nothing.
 * Call this only while holding the lease; returns the changes to record.
 */
export async function endDeadRuns(
  run: Pick<Run, "config" | "found" | "storage" | "startedAt" | "drain">,
): Promise<Change[]> {
  const changes: Change[] = [];
  for (const record of run.found.state.runs.filter(({ status }) => status === "running")) {
    changes.push({ type: "run-finished", ...(await endDeadRun(record, run)) });
  }
  return changes;
}

/** Code of the warning in a manifest that was written on behalf of a dead run. */
const TAKEN_OVER = "run.taken-over";

async function endDeadRun(
  { runId, startedAt }: RunRecord,
  { config, storage, startedAt: now, drain }: Parameters<typeof endDeadRuns>[0],
): Promise<RunRecord> {
  // Pardot's time is not known yet: this machine's.
  const at = isoInstant(now);
  const message = "the run ended before it could commit, and a later one has taken over";
  const manifest: Manifest = {
    format_version: 1,
    run_id: runId,
    business_unit: config.pardot.businessUnitId,
    started_at: isoInstant(Date.parse(startedAt)),
    finished_at: at,
    status: "failed",
    time_zone: config.pardot.timeZone,
    now: at,
    api_calls: { total: 0, by_kind: {} },
    objects: [],
    warnings: [{ code: TAKEN_OVER, object: null, message }],
  };
  const key = manifestKey(runId);
  const outcome = await storage.create(key, manifestBytes(manifest), drain);
  // The run may have written its manifest before it died. If that cannot be read, `verify` reports it.
  const own = outcome === "written" ? manifest : ((await readManifest(storage, runId, drain)) ?? manifest);
  const isTakenOver = outcome === "written" || own.warnings.some(({ code }) => code === TAKEN_OVER);
  const { files, rows } = totals(own.objects.flatMap((object) => object.files));
  return {
    runId,
    startedAt,
    finishedAt: new Date(Date.parse(own.finished_at)).toISOString(),
    status: "died",
    error: runDied(!isTakenOver && own !== manifest),
    rows,
    files,
    calls: own.api_calls.total,
    // A run that wrote its own manifest has nothing in flight anymore. A manifest on its behalf may also be that of a
    // run which died while it took over.
    ...(isTakenOver ? { takenOver: true as const } : {}),
  };
}

/** Why a run died, as far as another process can see. */
export function runDied(hasCommitted: boolean): Failure {
  const when = hasCommitted ? "after it had committed" : "before it could commit";
  return {
    code: "run.died",
    message: `the run's process ended ${when}, without reporting an error: it was killed, or ran out of memory`,
    hint: "Run again: the next run takes over and continues from there. If it happens again, look for the cause in the logs of the machine or container.",
  };
}
