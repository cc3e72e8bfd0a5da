import type { ExportTime } from "../state/state.ts";

/** Bounds of the pause before a poll, in milliseconds. */
export interface PollTimerOptions {
  /** The first pause while no duration is known. */
  readonly firstMs: number;
  /** The longest: `PARDOT_EXPORT_POLL_INTERVAL`. */
  readonly longestMs: number;
  /** What the last export of an object took; null if that is not known. */
  readonly last: (object: string) => ExportTime | null;
}

/** What an export is of. */
export interface Exported {
  readonly object: string;
  /** The length of its window. */
  readonly spanMs: number;
}

/** An export that Pardot has not completed as far as is known. */
interface Pending {
  /** Polls so far. */
  readonly polls: number;
  /** Since Pardot could begin it. */
  readonly elapsedMs: number;
  /** Whether the run waits for this export alone. */
  readonly isAwaited: boolean;
}

/** What an export takes, as far as polls show it: it was unfinished after `least`, and complete after `most`. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** The bounds around the duration of an earlier run's export: another day has other records. */
const EARLIER_RUN: Bounds = { least: 0.7, most: 1.15 };

/** However short its window is, an export takes this or what the one before took. */
const OVERHEAD_MS = 2000;

/** The least for an object whose exports are not known, as a share of the most that another's last one took. */
const OTHER_SHARE = 0.25;

/** Up to this quotient of the bounds a first poll between them would only cost a call. */
const CLOSE = 1.7;

/** An export that is complete at its first poll may have been complete for long: the least is lowered by this. */
const LOWER = 0.8;

/** First pause for a late export, as a share of its time so far; each further one is twice the share, up to all of it. */
const LATE_SHARE = 0.25;

/** Pause for an export that the run waits for, as a share of its time so far. */
const AWAITED_SHARE = 0.2;

/** Shortest pause between two polls of an export. */
const SHORTEST_MS = 200;

/** Longest single pause, in longest pauses: an expected wait up to this is not interrupted by polls. */
const EXPECTED_LONGEST = 5;

/**
 * When to poll an export next. Each poll is one of the day's calls, which all integrations share, so it is placed where
 * it decides most. Nothing known: soon, and again each time the export has taken twice as long, which finds it after at
 * most twice its time with a handful of polls. A duration known, from this run or the one before: in the middle of its
 * bounds, then at their end; at their end at once when they are close, so that most exports cost one poll. Pardot works
 * one export off after another, so a late poll costs nothing while further ones wait there. It costs time when the run
 * waits for this one: then polls begin in the middle at the latest, and are closer.
 */
export class PollTimer {
  readonly #options: PollTimerOptions;
  readonly #known = new Map<string, Bounds & Pick<Exported, "spanMs">>();
  /** Of the last export of any object. */
  #last: Bounds | null = null;

  constructor(options: PollTimerOptions) {
    this.#options = options;
  }

  /**
   * Records an export that was complete at poll number `polls` (1 is the first), `elapsedMs` after Pardot could begin;
   * `unfinishedMs` after that it was last seen unfinished. Complete at the first poll means only that it took no longer:
   * the poll may be late, because no run was there. So that never makes the expected duration longer. Returns what it
   * took, as far as that is known.
   */
  record(exported: Exported, elapsedMs: number, polls: number, unfinishedMs: number): number {
    const known = this.#bounds(exported);
    const most = polls > 1 ? elapsedMs : Math.min(known?.most ?? this.#options.firstMs, elapsedMs);
    const least = polls > 1 ? unfinishedMs : Math.min(known?.least ?? 0, most);
    this.#last = { least: polls > 1 ? least : least * LOWER, most };
    this.#known.set(exported.object, { ...this.#last, spanMs: exported.spanMs });
    return middleOf({ least, most });
  }

  /** The pause before the next poll of an export. */
  delay(exported: Exported, { polls, elapsedMs, isAwaited }: Pending): number {
    const { firstMs, longestMs } = this.#options;
    const bounds = this.#bounds(exported);
    const { least, most } = bounds ?? { least: firstMs, most: firstMs };
    // One export of hours does not predict the next.
    const upTo = (ms: number): number => Math.round(Math.min(ms - elapsedMs, longestMs * EXPECTED_LONGEST));
    const middle = middleOf({ least, most });
    const early = isAwaited ? Math.min(middle, least + longestMs / 2) : most > least * CLOSE ? middle : most;
    if (polls === 0) return Math.max(0, upTo(early));
    if (elapsedMs < most && !isAwaited) return Math.max(SHORTEST_MS, upTo(most));
    const late = isAwaited ? AWAITED_SHARE : LATE_SHARE * 2 ** (polls - 1);
    const share = bounds === null ? 1 : Math.min(1, late);
    return Math.round(Math.min(longestMs, Math.max(SHORTEST_MS, elapsedMs * share)));
  }

  /** Of the object's last export, for a shorter window in proportion; else by the last export of another object. */
  #bounds({ object, spanMs }: Exported): Bounds | null {
    const { least, most } = EARLIER_RUN;
    const last = this.#options.last(object);
    const earlier = last === null ? null : { least: last.ms * least, most: last.ms * most, spanMs: last.spanMs };
    const own = this.#known.get(object) ?? earlier;
    if (own === null)
      return this.#last === null ? null : { least: this.#last.most * OTHER_SHARE, most: this.#last.most };
    const share = Math.min(1, Math.max(spanMs / own.spanMs, OVERHEAD_MS / own.most));
    return { least: own.least * share, most: own.most * share };
  }
}

function middleOf({ least, most }: Bounds): number {
  return (least + most) / 2;
}
