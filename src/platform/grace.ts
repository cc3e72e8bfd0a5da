import { CancelledError } from "../errors.ts";
import type { Clock } from "./clock.ts";

export interface Grace {
  /** Aborted when the grace after a stop request is over: cuts in-flight work. */
  readonly abort: AbortSignal;
  /** Ends the grace early, when nothing is left to cut. */
  end(): void;
}

/** Lets in-flight work finish for up to `graceMs` after `drain` fires. */
export function startGrace(drain: AbortSignal, graceMs: number, clock: Clock): Grace {
  const controller = new AbortController();
  const ended = new AbortController();
  const begin = async (): Promise<void> => {
    try {
      await clock.sleep(graceMs, ended.signal);
      controller.abort(drain.reason instanceof Error ? drain.reason : stopped());
    } catch {
      // The work was over before the grace was.
    }
  };
  const onDrain = (): void => void begin();
  if (drain.aborted) onDrain();
  else drain.addEventListener("abort", onDrain, { once: true });
  return {
    abort: controller.signal,
    end: () => {
      drain.removeEventListener("abort", onDrain);
      ended.abort(stopped());
    },
  };
}

function stopped(): CancelledError {
  return new CancelledError("stopped on request", { code: "run.cancelled" });
}
