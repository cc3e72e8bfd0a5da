import { lastHolder } from "../../state/lease.ts";
import { loadState } from "../../state/journal.ts";
import type { RunRecord, State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";
import type { StatusRun, Surroundings } from "../api.ts";
import { runDied } from "../run/fence.ts";

/** Silence of so many times a lease's life is death. A second one is granted, because two clocks are compared. */
const LIVES = 2;

/**
 * The runs on record, each with what has become of it. One that the state calls running and that does not hold the
 * lease, or gives no sign of life, has died: only the next run will put that on record.
 */
export async function livingRuns(
  found: State,
  storage: Storage,
  surroundings: Pick<Surroundings, "clock" | "processes" | "signal">,
): Promise<{ readonly state: State; readonly runs: readonly StatusRun[] }> {
  const { signal } = surroundings;
  if (!found.runs.some(isOpen)) return { state: found, runs: found.runs.map(statusRun) };
  const living = await livingRun(storage, surroundings);
  // A run records its end before it gives up the lease: what is open in a state read after the lease did not end well.
  const { state } = await loadState(storage, signal);
  const suspects = new Set(found.runs.filter((run) => isOpen(run) && run.runId !== living).map(({ runId }) => runId));
  const runs = state.runs.map((run) => (isOpen(run) && suspects.has(run.runId) ? diedSilently(run) : statusRun(run)));
  return { state, runs };
}

function isOpen({ status }: RunRecord): boolean {
  return status === "running";
}

/** Id of the run that holds the lease and is alive; null when there is none. */
async function livingRun(
  storage: Storage,
  { clock, processes, signal }: Pick<Surroundings, "clock" | "processes" | "signal">,
): Promise<string | null> {
  const holder = await lastHolder(storage, signal);
  if (holder === null || holder.isReleased || processes.isDead(holder.identity)) return null;
  const isSilent = holder.seenAt !== null && clock.now() - holder.seenAt > LIVES * holder.ttlMs;
  return isSilent ? null : holder.runId;
}

function statusRun(run: RunRecord): StatusRun {
  // Versions before this one recorded a run that was taken over as failed.
  const isDead = run.takenOver === true && run.status === "failed";
  const error = run.error ?? (isDead ? runDied(false) : null);
  return {
    runId: run.runId,
    startedAt: run.startedAt,
    finishedAt: run.finishedAt,
    status: isDead ? "died" : run.status,
    exitCode: run.exitCode ?? null,
    code: error?.code ?? null,
    reason: error?.message ?? null,
    hint: error?.hint ?? null,
    rows: run.rows,
    files: run.files,
    calls: run.calls,
  };
}

function diedSilently(run: RunRecord): StatusRun {
  const { code, message: reason, hint } = runDied(false);
  return { ...statusRun(run), status: "died", code, reason, hint };
}
