import { CancelledError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";

export interface Grace {
  /** Aborted when the grace after a request to stop is over. */
  readonly signal: AbortSignal;
  /** Never aborted: for what has to be finished even then, the manifest and the state. */
  readonly never: AbortSignal;
  /** No abort comes any more. */
  end(): void;
}

/** Gives what is under way `graceMs` to finish once `stop` is aborted. */
export function startGrace(stop: AbortSignal, graceMs: number, clock: Clock): Grace {
  const controller = new AbortController();
  const ended = new AbortController();
  const begin = async (): Promise<void> => {
    try {
      await clock.sleep(graceMs, ended.signal);
      controller.abort(stop.reason instanceof Error ? stop.reason : stopped());
    } catch {
      // The work was over before the grace was: nothing is left to cut.
    }
  };
  const onStop = (): void => void begin();
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  return {
    signal: controller.signal,
    never: new AbortController().signal,
    end: () => {
      stop.removeEventListener("abort", onStop);
      ended.abort(stopped());
    },
  };
}

function stopped(): CancelledError {
  return new CancelledError("stopped on request", { code: "run.cancelled" });
}
