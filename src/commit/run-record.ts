/** Runs that are remembered for `status`. */
const RUNS_KEPT = 30;

/** died: it never reported its end, and a later run took over. */
export const RUN_STATES = ["running", "complete", "partial", "failed", "died"] as const;

export interface RunRecord {
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly status: (typeof RUN_STATES)[number];
  readonly rows: number;
  readonly files: number;
  readonly calls: number;
  /**
   * Number of its first entry in the journal. That one is kept as long as the run is remembered: a run that slept while
   * this one began would write the same number when it wakes up, and has to find it taken.
   */
  readonly firstEntry?: number;
  /**
   * A later run ended it, at `finishedAt`, because it was silent: it may only have slept, and what it had in flight may
   * land after that.
   */
  readonly takenOver?: true;
  /** What its process ended with; absent in records of earlier versions, and for a run that died. */
  readonly exitCode?: number;
  /** Why it is not complete. */
  readonly error?: RunError;
  /** Every configured object is complete: a run of some of them says nothing of the others. */
  readonly isWhole?: true;
  /** How far Pardot's clock was ahead of this machine's, negative when it was behind. */
  readonly aheadMs?: number;
  /** The account's quota at its end, all integrations together. */
  readonly quota?: { readonly used: number; readonly max: number };
}

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Whether a run is what `status` calls a success. */
export function isSuccess(run: RunRecord): boolean {
  return run.status === "complete" && run.isWhole === true;
}

/** As many as are kept; the last success is, however many runs have failed after it. */
export function lastRuns(runs: readonly RunRecord[]): readonly RunRecord[] {
  const kept = runs.slice(-RUNS_KEPT + 1);
  const success = runs.findLast(isSuccess);
  return success === undefined || kept.includes(success) ? kept : [success, ...kept];
}
