/** Simulated time: starts at a given instant, runs with real time unless frozen, and can skip ahead. */
export interface SimClock {
  /** Simulated now, milliseconds since 1970. */
  now(): number;
  /** Age of the simulation in milliseconds, for exports and tokens: real time (even when frozen) plus skipped time. */
  elapsed(): number;
  skip(ms: number): void;
}

export function createSimClock(startAt: number, frozen: boolean, realNow: () => number = Date.now): SimClock {
  const startedAt = realNow();
  let skipped = 0;
  const elapsed = (): number => realNow() - startedAt + skipped;
  return {
    now: () => startAt + (frozen ? skipped : elapsed()),
    elapsed,
    skip: (ms) => {
      skipped += ms;
    },
  };
}
