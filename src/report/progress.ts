import type { OnEvent, RunEvent } from "../events.ts";
import type { Clock } from "../platform/clock.ts";
import { describeEvent } from "./describe.ts";
import type { ProgressState } from "./progress-state.ts";
import { advance, cut, progressLines } from "./progress-state.ts";
import { pluralize, elapsed, oneLine } from "../text.ts";

/** A live display of a run. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** Draws the last state and releases the terminal. */
  stop(): void;
}

/** A terminal; the command line's stderr if it is one. */
export interface ProgressOutput {
  /** Takes cursor movements too. */
  draw(text: string): void;
  readonly columns: number;
  /** Height in lines. */
  readonly rows: number;
}

/** Least time between two drawings: a terminal need not show each of thousands of files. */
const DRAW_MS = 100;
/** Interval at which the display's clock advances without events. */
const TICK_MS = 1000;

/** Events that stay on the screen, above the display. */
const LASTING: ReadonlySet<RunEvent["type"]> = new Set([
  "run-started",
  "run-resumed",
  "connected",
  "retrying",
  "warning",
  "object-failed",
  "postponed",
]);

/**
 * Lines that are not for objects: the footer and the cursor's line. A line that has scrolled away cannot be cleared.
 */
const OTHER_LINES = 2;

/** Starts a display on a terminal. `calls` returns the calls made so far. */
export function startProgress(output: ProgressOutput, clock: Clock, calls: () => number): Progress {
  const startedAt = clock.monotonic();
  const stopped = new AbortController();
  let state: ProgressState = new Map();
  let drawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  // Up to the first line of the display and clear from there on.
  const clear = (): string => (drawn === 0 ? "" : `\u001B[${drawn}A\u001B[0J`);
  const draw = (above: string): void => {
    const footer = `${pluralize(calls(), "call")}, ${elapsed(clock.monotonic() - startedAt)}`;
    const lines =
      state.size === 0
        ? []
        : [...progressLines(state, output.columns, output.rows - OTHER_LINES), cut(footer, output.columns)];
    output.draw(`${clear()}${above}${lines.map((line) => `${oneLine(line)}\n`).join("")}`);
    drawn = lines.length;
    drawnAt = clock.monotonic();
  };
  const tick = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await clock.sleep(TICK_MS, stopped.signal);
      draw("");
    }
  };
  tick().catch(() => {
    // Rejected only by `stop`: the display cannot fail in another way.
  });
  return {
    onEvent: (event) => {
      state = advance(state, event);
      const line = LASTING.has(event.type) ? describeEvent(event) : null;
      if (line !== null) draw(`${line}\n`);
      else if (clock.monotonic() - drawnAt >= DRAW_MS) draw("");
    },
    stop: () => {
      if (stopped.signal.aborted) return;
      stopped.abort(new Error("the run is over"));
      draw("");
    },
  };
}
