import { pauseMs } from "../http/backoff.ts";
import { createGate } from "../http/gate.ts";
import type { Random } from "../platform/random.ts";
import type { Failure } from "./failure.ts";

/** How long a run waits in one outage before its objects fail. */
const PATIENCE_MS = 600_000;
/** The pause between two requests that check whether an outage is over. */
const CHECK_MS = 60_000;
/** Failures of one call in a row, without a response to any other call in between, that count as an outage. */
const SILENT_MIN = 3;

/** Whether Pardot is down, shared by all calls of a run, so that objects don't each wait for it in turn. */
export interface Outage {
  /** Notes a response of Pardot: a good one, or an error with a code. */
  responded(isWell: boolean): void;
  follow(): FollowedCall;
}

/** One call, from its first request to its last. */
export interface FollowedCall {
  /**
   * Handles a failure; `isLast`: the call would fail now. In an outage one call at a time checks whether it is over,
   * and the others wait here for the result. Returns the pause before the next request: 0 when the outage is over,
   * `lost` when the run has waited too long, and null outside an outage.
   */
  pause(failure: Failure, isLast: boolean, signal: AbortSignal): Promise<number | "lost" | null>;
  /** Lets the next call check. */
  end(hasSucceeded: boolean): void;
}

export function createOutage(random: Random): Outage {
  let responses = 0;
  let hasWorked = false;
  let patienceMs = PATIENCE_MS;
  /** The number of responses when patience ran out: until the next one, no request is repeated. */
  let lostAt: number | null = null;
  const checking = createGate(1);

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
        // Before a run's first success, a wrong setting is more likely.
        if (!hasWorked || !isOutage(failure)) return null;
        if (lostAt === responses) return "lost";
        if (leave !== null && !isSilent) {
          release();
          return 0;
        }
        if (leave === null) {
          const isNew = isLast && silent >= SILENT_MIN && patienceMs > 0;
          if (checking.inside === 0 && !isNew) return null;
          leave = await checking.enter(signal);
          if (responses !== seen) {
            release();
            return 0;
          }
        }
        if (patienceMs <= 0) {
          lostAt = responses;
          return "lost";
        }
        const ms = pauseMs(CHECK_MS, random.unit(), failure.retryAfterMs);
        patienceMs -= ms;
        return ms;
      },
      end: (hasSucceeded) => {
        // Not after a failure: a single address that fails permanently would make every object wait the whole time.
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

/** Whether a failure may concern Pardot as a whole, or the connection to it. */
function isOutage({ code, shape, status }: Failure): boolean {
  if (code !== null || shape === "not-a-file") return false;
  return shape === "network" || shape === "html" || shape === "redirect" || (status !== null && status >= 500);
}
