import { backoffMs, pauseMs } from "../http/backoff.ts";
import type { Treatment } from "./error-codes.ts";
import { midRunTreatmentOf, treatmentOf } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { Version } from "./pardot.ts";

/** Requests sent for one call, not counting the one refresh and the one switch of version. */
export const TRIES_MAX = 6;
/** Requests sent for a call that Pardot finds too long. */
const NARROW_TRIES_MAX = 3;
/** The pause after the minute limit (vendor docs, error 202). */
const MINUTE_PAUSE_MS = 60_000;

/** Code 88: the account must use version 4; its counterpart 89 leads to 3. */
const USE_VERSION_4 = 88;

/** The retries of one call so far. */
export interface Tried {
  /** Failures followed by a pause. */
  readonly paused: number;
  /** Failures followed by a pause because Pardot gave up on the request. */
  readonly narrowed: number;
  readonly refreshed: boolean;
  readonly switched: boolean;
}

export const NOTHING_TRIED: Tried = { paused: 0, narrowed: 0, refreshed: false, switched: false };

/** What happens after a failure; `tried`: the retries from then on. */
export type Decision =
  | { readonly next: "give-up" }
  | { readonly next: "stop-all" }
  | { readonly next: "refresh"; readonly tried: Tried }
  | { readonly next: "switch"; readonly version: Version; readonly tried: Tried }
  | { readonly next: "pause"; readonly ms: number; readonly tried: Tried };

/**
 * Decides by the failure, the earlier retries of the call and a random number (`unit` in [0, 1)). Pure. `hasWorked`:
 * calls have succeeded in this run, so the credentials and addresses are right.
 */
export function decide(failure: Failure, tried: Tried, unit: number, hasWorked: boolean): Decision {
  return DECISIONS[hasWorked ? midRunTreatmentOf(failure) : treatmentOf(failure)](failure, tried, unit);
}

const GIVE_UP: Decision = { next: "give-up" };

const DECISIONS: Readonly<Record<Treatment, (failure: Failure, tried: Tried, unit: number) => Decision>> = {
  refresh: (_failure, tried) => (tried.refreshed ? GIVE_UP : { next: "refresh", tried: { ...tried, refreshed: true } }),
  "switch-version": (failure, tried) =>
    tried.switched
      ? GIVE_UP
      : { next: "switch", version: failure.code === USE_VERSION_4 ? 4 : 3, tried: { ...tried, switched: true } },
  "back-off": (failure, tried, unit) => paused(tried, 0, (failed) => backoffMs(failed, unit, failure.retryAfterMs)),
  "wait-minute": (failure, tried, unit) => paused(tried, 0, () => pauseMs(MINUTE_PAUSE_MS, unit, failure.retryAfterMs)),
  narrow: (failure, tried, unit) =>
    tried.narrowed + 1 >= NARROW_TRIES_MAX
      ? GIVE_UP
      : paused(tried, 1, (failed) => backoffMs(failed, unit, failure.retryAfterMs)),
  defer: () => ({ next: "stop-all" }),
  credentials: () => GIVE_UP,
  configuration: () => GIVE_UP,
  fatal: () => GIVE_UP,
};

function paused(tried: Tried, narrowed: number, ms: (failed: number) => number): Decision {
  const failed = tried.paused + 1;
  if (failed >= TRIES_MAX) return GIVE_UP;
  return { next: "pause", ms: ms(failed), tried: { ...tried, paused: failed, narrowed: tried.narrowed + narrowed } };
}
