import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { isTransient, readFailure } from "./failure.ts";
import type { AwsFailure } from "./failure.ts";

/** Attempts of one request, the first included. */
export const ATTEMPTS_MAX = 5;
const PAUSE_MS = 250;
const PAUSE_MAX_MS = 30_000;

export interface Pauses {
  readonly clock: Clock;
  readonly random: Random;
}

/** Waits before attempt `attempt` + 1: doubling from a quarter of a second, half of it random. */
export async function pause(attempt: number, pauses: Pauses, signal: AbortSignal): Promise<void> {
  const full = Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** (attempt - 1));
  await pauses.clock.sleep(full * (0.5 + pauses.random.unit() / 2), signal);
}

/** The last failure of a request, and the number of its attempts. */
export class AttemptsFailed extends Error {
  readonly attempts: number;
  constructor(attempts: number, cause: unknown) {
    super(`failed after ${attempts} attempts`, { cause });
    this.attempts = attempts;
  }
}

/**
 * Sends until it succeeds, fails permanently, or has been tried `attemptsMax()` times; then throws `AttemptsFailed` with
 * the SDK's error as cause. Calls `onFailure` with every failure, including the last. Rejects with the signal's reason.
 */
export async function withRetries<T>(
  send: () => Promise<T>,
  pauses: Pauses,
  signal: AbortSignal,
  onFailure: (failure: AwsFailure) => void = () => {},
  attemptsMax: () => number = () => ATTEMPTS_MAX,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await send();
    } catch (error) {
      signal.throwIfAborted();
      const failure = readFailure(error);
      onFailure(failure);
      if (attempt >= attemptsMax() || !isTransient(failure)) throw new AttemptsFailed(attempt, error);
    }
    await pause(attempt, pauses, signal);
  }
}
