import type { Failure } from "../errors.ts";

/** Runs that are kept for `status`. */
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
   * Number of its first entry in the journal. That one is kept as long as the run is remembered: a run that was
   * suspended while this one began would write the same number when it wakes up, and must find it taken.
   */
  readonly firstEntry?: number;
  /**
   * A later run ended it, at `finishedAt`, because it was silent: it may only have been suspended, and its in-flight
   * work may land after that.
   */
  readonly takenOver?: true;
  /** What its process ended with; absent in records of earlier versions, and for a run that died. */
  readonly exitCode?: number;
  /** Why it is not complete. */
  readonly error?: Failure;
  /** Every configured object is complete: a run of some of them shows nothing about the others. */
  readonly isWhole?: true;
  /** How far Pardot's clock was ahead of this machine's, negative when it was behind. */
  readonly aheadMs?: number;
  /** Its warnings; kept for the newest ended run only. */
  readonly warnings?: readonly RunWarning[];
  /** The account's quota at its end, all integrations together. */
  readonly quota?: { readonly used: number; readonly max: number };
}

/** All warnings of one code. */
export interface RunWarning {
  readonly code: string;
  /** Names of the objects concerned; empty: the whole run. */
  readonly objects: readonly string[];
  /** The first warning's message, cut when it is long. */
  readonly message: string;
  readonly count: number;
}

/** Longest message of a warning that is remembered, characters. */
const MESSAGE_MAX = 500;

/** Warnings by code, in the order of the first of each: bounded however many files and objects warn. */
export function warningsByCode(
  warnings: readonly { readonly code: string; readonly object: string | null; readonly message: string }[],
): readonly RunWarning[] {
  const found = new Map<string, RunWarning>();
  for (const { code, object, message } of warnings) {
    const seen = found.get(code);
    const cut = message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX - 1)}…` : message;
    const objects = new Set([...(seen?.objects ?? []), ...(object === null ? [] : [object])]);
    found.set(code, { code, objects: [...objects], message: seen?.message ?? cut, count: (seen?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** A remembered run after `ended` ended: that one's end if it is the run's own, and without warnings otherwise. */
export function withEnd(run: RunRecord, ended: RunRecord): RunRecord {
  const { warnings: _, ...rest } = run;
  if (run.runId !== ended.runId) return rest;
  return run.firstEntry === undefined ? ended : { ...ended, firstEntry: run.firstEntry };
}

/** Whether a run is what `status` calls a success. */
export function isSuccess(run: RunRecord): boolean {
  return run.status === "complete" && run.isWhole === true;
}

/** The runs to keep; always includes the last success, however many runs have failed after it. */
export function lastRuns(runs: readonly RunRecord[]): readonly RunRecord[] {
  const kept = runs.slice(-RUNS_KEPT + 1);
  const success = runs.findLast(isSuccess);
  return success === undefined || kept.includes(success) ? kept : [success, ...kept];
}
