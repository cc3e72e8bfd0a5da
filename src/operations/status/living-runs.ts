import { lastHolder } from "../../state/lease.ts";
import { loadState } from "../../state/journal.ts";
import type { RunRecord, State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";
import type { StatusRun } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { runDied } from "../run/recover.ts";

/** Lease lifetimes of silence after which a run counts as dead. Two, because two clocks are compared. */
const LIVES = 2;

/**
 * The runs on record, each with its present status. A run that is recorded as running has died if it does not hold the
 * lease or shows no sign of life; only the next run records that.
 */
export async function livingRuns(
  found: State,
  storage: Storage,
  runtime: Pick<Runtime, "clock" | "processes" | "signal">,
): Promise<{ readonly state: State; readonly runs: readonly StatusRun[] }> {
  const { signal } = runtime;
  if (!found.runs.some(isOpen)) return { state: found, runs: found.runs.map(statusRun) };
  const living = await livingRun(storage, runtime);
  // A run records its end before it releases the lease: a run still open in a state read after the lease has died.
  const { state } = await loadState(storage, signal);
  const suspects = new Set(found.runs.filter((run) => isOpen(run) && run.runId !== living).map(({ runId }) => runId));
  const runs = state.runs.map((run) =>
    statusRun(isOpen(run) && suspects.has(run.runId) ? { ...run, status: "died", error: runDied(false) } : run),
  );
  return { state, runs };
}

function isOpen({ status }: RunRecord): boolean {
  return status === "running";
}

/** Id of the run that holds the lease and is alive; null if there is none. */
async function livingRun(
  storage: Storage,
  { clock, processes, signal }: Pick<Runtime, "clock" | "processes" | "signal">,
): Promise<string | null> {
  const holder = await lastHolder(storage, signal);
  if (holder === null || holder.isReleased || processes.isDead(holder.identity)) return null;
  const isSilent = holder.seenAt !== null && clock.now() - holder.seenAt > LIVES * holder.ttlMs;
  return isSilent ? null : holder.runId;
}

function statusRun(run: RunRecord): StatusRun {
  const { runId, startedAt, finishedAt, status, exitCode = null, error, rows, files, calls } = run;
  const { code = null, message: reason = null, hint = null } = error ?? {};
  return { runId, startedAt, finishedAt, status, exitCode, code, reason, hint, rows, files, calls };
}
