import { formatDuration } from "../config/parsers.ts";
import { CancelledError } from "../errors.ts";
import { capitalized } from "../text.ts";
import type { Io, StopSignal } from "./io.ts";

/** Added to the grace before the process is ended in any case: cutting off in-flight work takes a moment too. */
const CUT_MS = 5000;
/** npm forwards a signal that the terminal has already sent to the program: two this close together count as one. */
const SAME_MS = 200;
/** The conventional code of an interrupted process. */
const EXIT_CANCELLED = 130;
const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

export interface Stop {
  /** Aborted with a `CancelledError` by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Removes the listeners. */
  release(): void;
}

/**
 * Turns signals into a stop: the first aborts and explains on stderr what happens now; a later second one, or the end
 * of the grace (plus five seconds to cut off in-flight work), ends the process at once with 130.
 */
export function stopOnSignals(
  io: Pick<Io, "signals" | "clock" | "exitNow"> & { readonly stderr: Pick<Io["stderr"], "write"> },
  options: {
    readonly graceMs: number;
    /** What happens to unfinished work, as the end of a sentence: "work that finishes in time is committed". */
    readonly afterwards: string;
  },
): Stop {
  const stopping = new AbortController();
  const released = new AbortController();
  let first = 0;
  const onSignal = (name: StopSignal): void => {
    if (stopping.signal.aborted) {
      if (io.clock.monotonic() - first >= SAME_MS) io.exitNow(EXIT_CANCELLED);
      return;
    }
    first = io.clock.monotonic();
    const grace = formatDuration(options.graceMs);
    io.stderr.write(`${name}: stopping within ${grace}, ${options.afterwards}; a second signal ends it at once\n`);
    stopping.abort(
      new CancelledError(`stopped by ${name}`, {
        code: "run.cancelled",
        hint: `${capitalized(options.afterwards)}; the same command continues from there.`,
      }),
    );
    void io.clock.sleep(options.graceMs + CUT_MS, released.signal).then(
      () => io.exitNow(EXIT_CANCELLED),
      () => {},
    );
  };
  for (const name of STOP_SIGNALS) io.signals.on(name, onSignal);
  return {
    signal: stopping.signal,
    release: () => {
      for (const name of STOP_SIGNALS) io.signals.off(name, onSignal);
      released.abort(new Error("released"));
    },
  };
}
