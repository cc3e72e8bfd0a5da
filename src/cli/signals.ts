import { formatDuration } from "../config/parsers.ts";
import { CancelledError } from "../errors.ts";
import type { Io, StopSignal } from "./io.ts";

/** Added to the grace before the process is ended whatever it does: cutting what is under way takes a moment too. */
const CUT_MS = 5000;
/** npm passes a signal on to a program that the terminal has sent it to already: so close together they are one. */
const SAME_MS = 200;
/** The conventional code of a process that was interrupted. */
const EXIT_CANCELLED = 130;

export interface Stop {
  /** Aborted with a `CancelledError` by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Takes the listeners away again. */
  release(): void;
}

/**
 * Turns signals into a stop: the first aborts and says on stderr what happens now; a second one that comes later, or the
 * end of the grace (and five seconds to cut what is under way), ends the process at once with 130.
 */
export function stopOnSignals(
  io: Pick<Io, "signals" | "stderr" | "clock" | "exitNow">,
  options: {
    readonly graceMs: number;
    /** What will be done with unfinished work, as a sentence's end: "what can be finished in time is committed". */
    readonly afterwards: string;
  },
): Stop {
  const stopping = new AbortController();
  const released = new AbortController();
  let first = 0;
  const listen = (name: StopSignal): (() => void) => {
    const listener = (): void => {
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
          hint: `${options.afterwards}; the same command goes on from there`,
        }),
      );
      void io.clock.sleep(options.graceMs + CUT_MS, released.signal).then(
        () => io.exitNow(EXIT_CANCELLED),
        () => {},
      );
    };
    io.signals.on(name, listener);
    return listener;
  };
  const onInterrupt = listen("SIGINT");
  const onTerminate = listen("SIGTERM");
  return {
    signal: stopping.signal,
    release: () => {
      io.signals.off("SIGINT", onInterrupt);
      io.signals.off("SIGTERM", onTerminate);
      released.abort(new Error("released"));
    },
  };
}
