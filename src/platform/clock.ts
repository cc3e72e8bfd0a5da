import { setTimeout as pause } from "node:timers/promises";

/** The machine's clock and timers. Only this file touches them, so that tests can inject their own. */
export interface Clock {
  /** Milliseconds since 1970 by this machine. For people only: windows use Pardot's Date header. */
  now(): number;
  /**
   * Whole milliseconds since a fixed moment of this process, for every duration and limit: setting the clock does not
   * change it.
   */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  sleep: async (ms, signal) => {
    try {
      await pause(ms, undefined, { signal });
    } catch (error) {
      // Node wraps the reason in an AbortError.
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** A signal that never aborts: for work that must be finished after it has begun. */
export const NEVER: AbortSignal = new AbortController().signal;

/** A deadline: aborts its signal after some time, unless stopped. */
export interface Watchdog {
  readonly signal: AbortSignal;
  stop(): void;
}

export function startWatchdog(ms: number, reason: () => Error): Watchdog {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(reason()), ms);
  timer.unref();
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

/**
 * Calls back at intervals until stopped; never keeps the process alive. Separate from `Clock`, because pauses take no
 * time on a test's clock, and a ticker would then race.
 */
export interface Ticker {
  start(everyMs: number, tick: () => void): () => void;
}

export const systemTicker: Ticker = {
  start: (everyMs, tick) => {
    const timer = setInterval(tick, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
