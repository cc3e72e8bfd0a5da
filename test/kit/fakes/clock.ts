import { systemClock } from "../../../src/platform/clock.ts";
import type { Clock } from "../../../src/platform/clock.ts";

/** A clock that stands still until somebody sleeps: sleeping moves it. */
export interface FakeClock extends Clock {
  readonly slept: readonly number[];
  /** Sets the wall clock forward or back, as a resumed machine or a time server does. */
  step(ms: number): void;
}

export function fakeClock(start: number = Date.parse("2026-03-20T09:30:00Z")): FakeClock {
  let now = start;
  let monotonic = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => monotonic,
    step: (ms) => {
      now += ms;
    },
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
      monotonic += ms;
    },
  };
}

/** This machine's time, on which pauses take none: each moves the clock of durations only. */
export function hurriedClock(): Clock {
  let skipped = 0;
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() + skipped,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      skipped += ms;
      // Others get their turn, as in any pause.
      await systemClock.sleep(0, signal);
    },
  };
}
