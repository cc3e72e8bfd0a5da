/** Bounds of the pause before a poll, in milliseconds. */
export interface PollTimerOptions {
  /** The first pause while no duration is known. */
  readonly firstMs: number;
  /** The longest: `PARDOT_EXPORT_POLL_INTERVAL`. */
  readonly longestMs: number;
}

/** Growth of the pause from poll to poll of one export. */
const GROWTH = 1.5;

/** Pause for a late export, as a share of its expected time. */
const LATE_SHARE = 0.15;

/**
 * An export that is complete at its first poll may have been complete for long: the next is polled this much earlier.
 */
const EARLIER = 0.8;

/** The same for exports of a few seconds, where an early poll costs only a call. */
const EARLIER_SHORT = 0.5;
const SHORT_MS = 10_000;

/** Longest single pause, in longest pauses: an expected wait up to this is not interrupted by polls. */
const EXPECTED_LONGEST = 5;

/**
 * When to poll an export next. Pardot processes exports one at a time, so the duration of the last one is the best
 * guess for the next; without one the pause grows from a few seconds to the longest allowed.
 */
export class PollTimer {
  readonly #options: PollTimerOptions;
  #expectedMs: number | null = null;

  constructor(options: PollTimerOptions) {
    this.#options = options;
  }

  /**
   * Records an export that was complete at poll number `polls` (1 is the first), `elapsedMs` after Pardot could begin;
   * `unfinishedMs` after that it was last seen unfinished. It took at least that long; the pause between the two polls
   * is ours and must not count, or the wait would grow with every export. Complete at the first poll
   * means only that it took no longer: the poll may be hours late, because files were being landed or no run was there.
   * So that never makes the expected duration longer.
   */
  record(elapsedMs: number, polls: number, unfinishedMs: number): void {
    if (polls > 1) {
      this.#expectedMs = unfinishedMs;
      return;
    }
    const earlier = elapsedMs * (elapsedMs < SHORT_MS ? EARLIER_SHORT : EARLIER);
    this.#expectedMs = Math.min(this.#expectedMs ?? this.#options.firstMs, earlier);
  }

  /** The pause before the next poll of an export that Pardot could begin `elapsedMs` ago, after `polls` polls. */
  delay(polls: number, elapsedMs: number): number {
    const { firstMs, longestMs } = this.#options;
    const expected = this.#expectedMs ?? firstMs;
    // Polling before the expected time would only cost a call; but one export of hours does not predict the next.
    if (polls === 0) return Math.max(0, Math.round(Math.min(expected - elapsedMs, longestMs * EXPECTED_LONGEST)));
    const late = this.#expectedMs === null ? firstMs : Math.max(1000, expected * LATE_SHARE);
    return Math.round(Math.min(longestMs, late * GROWTH ** (polls - 1)));
  }
}
