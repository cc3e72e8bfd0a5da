import { pauseMs } from "../http/backoff.ts";
import { createGate } from "../http/gate.ts";
import type { Random } from "../platform/random.ts";
import type { Failure } from "./failure.ts";

/** How long a run waits for Pardot in one outage before its objects fail. */
const PATIENCE_MS = 600_000;
/** The pause between two requests that look whether an outage is over. */
const LOOK_MS = 60_000;
/** Failures of one call in a row, without a response to any call in between, that make an outage. */
const SILENT_MIN = 3;

/** Shared by all calls of a run: whether Pardot is down, so that objects do not each wait for it in turn. */
export interface Outage {
  /** Notes that Pardot responded: well, or with an error of its own. */
  responded(isWell: boolean): void;
  follow(): FollowedCall;
}

/** One call, from its first request to its last. */
export interface FollowedCall {
  /**
   * Judges a failure; `isLast` means that the call would be given up now. In an outage one call at a time looks whether
   * it is over, and the others wait here for what it finds. Returns the pause before the next request; 0 when the outage
   * is over, `lost` when the run's patience is, and null when there is no outage.
   */
  pause(failure: Failure, isLast: boolean, signal: AbortSignal): Promise<number | "lost" | null>;
  /** Lets the next call look. */
  end(hasSucceeded: boolean): void;
}

export function createOutage(random: Random): Outage {
  let responses = 0;
  let hasWorked = false;
  let patienceMs = PATIENCE_MS;
  /** The number of responses when patience ran out: until the next one, nothing is tried twice. */
  let lostAt: number | null = null;
  const looking = createGate(1);

  const follow = (): FollowedCall => {
    let leave: (() => void) | null = null;
    let silent = 0;
    let seen = responses;
    const release = (): void => {
      leave?.();
      leave = null;
    };
    return {
      pause: async (failure, isLast, signal) => {
        const isSilent = responses === seen;
        silent = isSilent ? silent + 1 : 1;
        seen = responses;
        // Before the first success of a run a setting is more likely to be wrong.
        if (!hasWorked || !isOutage(failure)) return null;
        if (lostAt === responses) return "lost";
        if (leave !== null && !isSilent) {
          release();
          return 0;
        }
        if (leave === null) {
          const isNew = isLast && silent >= SILENT_MIN && patienceMs > 0;
          if (looking.inside === 0 && !isNew) return null;
          leave = await looking.enter(signal);
          if (responses !== seen) {
            release();
            return 0;
          }
        }
        if (patienceMs <= 0) {
          lostAt = responses;
          return "lost";
        }
        const ms = pauseMs(LOOK_MS, random.unit(), failure.retryAfterMs);
        patienceMs -= ms;
        return ms;
      },
      end: (hasSucceeded) => {
        // Not after giving up: a single address that fails for good would cost every object the whole patience.
        if (hasSucceeded && leave !== null) patienceMs = PATIENCE_MS;
        release();
      },
    };
  };
  return {
    responded: (isWell) => {
      responses += 1;
      hasWorked ||= isWell;
    },
    follow,
  };
}

/** Whether Pardot as a whole, or the way to it, may be what fails. */
function isOutage({ code, shape, status }: Failure): boolean {
  if (code !== null || shape === "not-a-file") return false;
  return shape === "network" || shape === "html" || shape === "redirect" || (status !== null && status >= 500);
}
