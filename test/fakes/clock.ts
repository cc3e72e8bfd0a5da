import type { Clock } from "../../src/platform/clock.ts";

/** A clock that stands still until somebody sleeps: sleeping moves it. */
export interface FakeClock extends Clock {
  readonly slept: readonly number[];
}

export function fakeClock(start: number = Date.parse("2026-03-20T09:30:00Z")): FakeClock {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}
