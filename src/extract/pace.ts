/** Bounds of the pause before an export is read, in milliseconds. */
export interface PaceOptions {
  /** The first pause while nothing is known. */
  readonly firstMs: number;
  /** The longest: `PARDOT_EXPORT_POLL_INTERVAL`. */
  readonly longestMs: number;
}

/** Growth of the pause from poll to poll of one export. */
const GROWTH = 1.5;

/** Share of the expected time that is waited again when an export is late. */
const LATE_SHARE = 0.15;

/** An export that is complete at the first look may have been so for long: the next is looked at this much earlier. */
const EARLIER = 0.8;

/** The same for exports of a few seconds, where a look too early costs nothing but a call. */
const EARLIER_SHORT = 0.5;
const SHORT_MS = 10_000;

/** An expected wait is slept in one piece up to so many of the longest pauses. */
const EXPECTED_LONGEST = 5;

/**
 * When to look at an export next. Pardot works exports off one after another, so the time the last one took is the best
 * guess for the next; without one the pause grows from a few seconds to the longest allowed.
 */
export class PollPace {
  readonly #options: PaceOptions;
  #expectedMs: number | null = null;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * Notes that an export was seen complete at look number `polls` (1 is the first), `elapsedMs` after Pardot could begin;
   * `unfinishedMs` after that it had last been seen unfinished. It took at least so long; the pause between the two looks
   * is ours and not to be learnt, or each export would be waited for longer than the one before. Complete at the first
   * look says only that it took no longer: the look may have come hours late, because files were being landed or because
   * no run was there to look. So that never makes the expected time longer.
   */
  learn(elapsedMs: number, polls: number, unfinishedMs: number): void {
    if (polls > 1) {
      this.#expectedMs = unfinishedMs;
      return;
    }
    const earlier = elapsedMs * (elapsedMs < SHORT_MS ? EARLIER_SHORT : EARLIER);
    this.#expectedMs = Math.min(this.#expectedMs ?? this.#options.firstMs, earlier);
  }

  /** Pause before the next look at an export that Pardot could begin `elapsedMs` ago and that was looked at `polls` times. */
  pause(polls: number, elapsedMs: number): number {
    const { firstMs, longestMs } = this.#options;
    const expected = this.#expectedMs ?? firstMs;
    // Looking before the expected time would only cost a call; but one export of hours is no measure for the next.
    if (polls === 0) return Math.max(0, Math.round(Math.min(expected - elapsedMs, longestMs * EXPECTED_LONGEST)));
    const late = this.#expectedMs === null ? firstMs : Math.max(1000, expected * LATE_SHARE);
    return Math.round(Math.min(longestMs, late * GROWTH ** (polls - 1)));
  }
}
