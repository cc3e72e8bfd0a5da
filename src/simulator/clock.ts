/** Simulated time: starts at a given instant, runs with real time unless frozen, and can be moved on by whole days. */
export interface SimClock {
  /** Simulated now, milliseconds since 1970. */
  now(): number;
  /** Milliseconds since the start that exports and tokens age by: real time (also when frozen) plus what was skipped. */
  elapsed(): number;
  skip(ms: number): void;
  reset(): void;
}

export function createClock(startAt: number, frozen: boolean, realNow: () => number = Date.now): SimClock {
  let startedAt = realNow();
  let skipped = 0;
  const elapsed = (): number => realNow() - startedAt + skipped;
  return {
    now: () => startAt + (frozen ? skipped : elapsed()),
    elapsed,
    skip: (ms) => {
      skipped += ms;
    },
    reset: () => {
      startedAt = realNow();
      skipped = 0;
    },
  };
}
