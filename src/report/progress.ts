import type { OnEvent, RunEvent } from "../events.ts";
import type { Clock } from "../platform/clock.ts";
import { pluralize, visible, wrapped } from "../text.ts";
import { describeEvent } from "./describe.ts";
import { progressLines } from "./progress-lines.ts";
import { advance, NOTHING } from "./progress-state.ts";
import type { ProgressState } from "./progress-state.ts";
import { withoutColors } from "./style.ts";
import type { Signs, Style, Tone } from "./style.ts";

/** A live display of a run. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** Writes text above the display, where it stays. */
  write(text: string): void;
  /** Draws the last state, or removes the display, and releases the terminal. */
  stop(last?: "keep" | "remove"): void;
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
const TICK_MS = 200;

/** Events that stay on the screen, above the display. Failures of objects have a line in it. */
const LASTING: Partial<Readonly<Record<RunEvent["type"], Tone | null>>> = {
  "run-started": "strong",
  "run-died": "doubtful",
  "lease-waiting": null,
  "run-resumed": null,
  retrying: "quiet",
  warning: "doubtful",
};

/**
 * Starts a display on a terminal. `calls` returns the calls made so far. It never draws as many lines as the terminal
 * has, because a line that has scrolled away cannot be drawn over.
 */
export function startProgress(
  output: ProgressOutput,
  clock: Clock,
  { calls, style, signs }: { readonly calls: () => number; readonly style: Style; readonly signs: Signs },
): Progress {
  const startedAt = clock.monotonic();
  const stopped = new AbortController();
  let state: ProgressState = NOTHING;
  let frame = 0;
  /** Widths of the lines that are drawn: a terminal that has become narrower since has wrapped them. */
  let drawn: readonly number[] = [];
  let drawnAt = Number.NEGATIVE_INFINITY;
  const toTop = (): string => {
    const lines = drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / output.columns)), 0);
    // A key may have been echoed, which has moved the cursor to the right.
    return lines === 0 ? "" : `\r\u001B[${Math.min(lines, output.rows - 1)}A`;
  };
  const draw = (above: string, hasDisplay = true): void => {
    const { columns, rows } = output;
    const now = clock.monotonic();
    const shown = { columns, rows: rows - 1, now, startedAt, calls: calls(), frame, style, signs };
    const lines = hasDisplay ? progressLines(state, shown) : [];
    // Each line is drawn over the old one and cleared to its end, which does not flicker.
    const text = [...(above === "" ? [] : above.replace(/\n$/, "").split("\n")), ...lines];
    if (text.length + drawn.length > 0)
      output.draw(`${toTop()}${text.map((line) => `${line}\u001B[K\n`).join("")}\u001B[J`);
    drawn = lines.map((line) => withoutColors(line).length);
    drawnAt = now;
  };
  const tick = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await clock.sleep(TICK_MS, stopped.signal);
      frame += 1;
      draw("");
    }
  };
  tick().catch(() => {
    // Rejected only by `stop`: the display cannot fail in another way.
  });
  const lasting = (event: RunEvent): string | null => {
    const tone = LASTING[event.type];
    if (tone === undefined) return null;
    const sentence = sentenceOf(event);
    const lines = sentence === null ? [] : wrapped(sentence, output.columns - 1, "  ");
    return lines.map((line) => `${tone === null ? line : style(tone, line)}\n`).join("");
  };
  return {
    onEvent: (event) => {
      state = advance(state, event, clock.monotonic());
      const lines = lasting(event);
      if (lines !== null) draw(lines);
      else if (clock.monotonic() - drawnAt >= DRAW_MS) draw("");
    },
    write: (text) => draw(visible(text)),
    stop: (last = "keep") => {
      if (stopped.signal.aborted) return;
      stopped.abort(new Error("the run is over"));
      draw("", last === "keep");
    },
  };
}

/** As in the log; the display itself names the objects of a run. */
function sentenceOf(event: RunEvent): string | null {
  if (event.type === "run-started") return `run ${visible(event.runId)}: ${pluralize(event.objects.length, "object")}`;
  return describeEvent(event);
}
