import type { RunEvent } from "../events.ts";
import { pluralize } from "../text.ts";

/** In the order in which objects are shown if a terminal has too few lines for all. */
const PHASES = ["failed", "active", "waiting", "done"] as const;
type Phase = (typeof PHASES)[number];

/** The progress of one object during a run. */
export interface ObjectProgress {
  readonly windows: number;
  readonly windowsDone: number;
  /** Rows in landed files. */
  readonly rows: number;
  /** Read through Pardot's queue of exports, where most of the time goes. */
  readonly isBulk: boolean;
  /** Result files that complete exports listed, and how many of them have landed, by unfinished window. */
  readonly downloads: ReadonlyMap<string, { readonly listed: number; readonly landed: number }>;
  readonly phase: Phase;
  /** A few words: `waiting`, `exporting`, `downloading 2/3`, `landed`. */
  readonly words: string;
}

/** By object, in the order of the run. */
export type ProgressState = ReadonlyMap<string, ObjectProgress>;

const NOT_BEGUN: ObjectProgress = {
  windows: 0,
  windowsDone: 0,
  rows: 0,
  isBulk: false,
  downloads: new Map(),
  phase: "waiting",
  words: "waiting",
};

const IN_QUEUE = { phase: "waiting", words: "waiting for Pardot's export queue" } as const;

/** The state after an event; the same object if the event changes nothing that is shown. */
export function advance(state: ProgressState, event: RunEvent): ProgressState {
  if (event.type === "run-started") return new Map(event.objects.map((object) => [object, NOT_BEGUN]));
  if (!("object" in event) || event.object === null) return state;
  const before = state.get(event.object) ?? NOT_BEGUN;
  const change = changeOf(event, before);
  if (change === null) return state;
  // Late events of an object that failed do not make it active again.
  const after = before.phase === "failed" ? { ...change, phase: before.phase, words: before.words } : change;
  return new Map(state).set(event.object, { ...before, ...after });
}

function changeOf(event: RunEvent, before: ObjectProgress): Partial<ObjectProgress> | null {
  switch (event.type) {
    case "object-planned":
      return { windows: event.windows, isBulk: event.process === "bulk" };
    case "object-started":
      return before.windows === 0 ? finished(before) : nextWindow(before);
    case "export-created":
    case "export-adopted":
      return isDownloading(before) ? null : IN_QUEUE;
    case "export-polled":
      return polled(event, before);
    case "page-read":
      // Probes read a page, too.
      return before.phase === "active" || before.isBulk ? active("reading") : null;
    case "file-landed": {
      const rows = before.rows + event.rows;
      if (!isDownloading(before)) return { rows, ...active("reading") };
      const downloads = moved(before, event.window, 0, 1);
      return { rows, downloads, ...active(downloading(downloads)) };
    }
    case "window-finished": {
      const windowsDone = before.windowsDone + 1;
      const downloads = new Map([...before.downloads].filter(([window]) => window !== event.window));
      const after = { ...before, windowsDone, downloads };
      return { windowsDone, downloads, ...(windowsDone >= before.windows ? finished(after) : nextWindow(after)) };
    }
    case "file-verified": {
      const { done, files } = event;
      if (done === files) return { phase: "done", words: `read ${pluralize(files, "file")}` };
      return active(`reading ${done}/${pluralize(files, "file")}`);
    }
    case "object-finished":
      return { windowsDone: before.windows, rows: event.rows, phase: "done", words: "committed" };
    case "object-failed":
      return { phase: "failed", words: `failed: ${event.message}` };
    case "object-postponed":
      return {
        phase: "failed",
        words: event.status === "waiting" ? "waiting for another object" : "postponed to the next run",
      };
    case "loaded":
      return { phase: "done", words: `loaded, ${pluralize(event.rows, "row")} in ${event.table}` };
    default:
      return null;
  }
}

/** Pardot processes exports one at a time, so ours waits until Pardot starts it (vendor docs, export v4). */
function polled(
  { state, window, files = 0 }: Extract<RunEvent, { type: "export-polled" }>,
  before: ObjectProgress,
): Partial<ObjectProgress> {
  if (state === "Complete" && files > 0) {
    const downloads = moved(before, window, files, 0);
    return { downloads, ...active(downloading(downloads)) };
  }
  if (isDownloading(before)) return {};
  return state === "Processing" ? active("exporting") : IN_QUEUE;
}

type Downloads = ObjectProgress["downloads"];

function moved({ downloads }: ObjectProgress, window: string, listed: number, landed: number): Downloads {
  const known = downloads.get(window) ?? { listed: 0, landed: 0 };
  return new Map(downloads).set(window, { listed: known.listed + listed, landed: known.landed + landed });
}

function isDownloading({ downloads }: ObjectProgress): boolean {
  return downloads.size > 0;
}

/** `downloading 2/3`: the second of three files is on its way. */
function downloading(downloads: Downloads): string {
  const sum = (count: "listed" | "landed"): number => [...downloads.values()].reduce((all, one) => all + one[count], 0);
  return `downloading ${Math.min(sum("landed") + 1, sum("listed"))}/${sum("listed")}`;
}

function active(words: string): Pick<ObjectProgress, "phase" | "words"> {
  return { phase: "active", words };
}

function nextWindow(progress: ObjectProgress): Partial<ObjectProgress> {
  if (!progress.isBulk) return active("reading");
  return isDownloading(progress) ? active(downloading(progress.downloads)) : IN_QUEUE;
}

/** Read to its end, and not committed yet. */
function finished({ rows }: ObjectProgress): Partial<ObjectProgress> {
  return { phase: "done", words: rows === 0 ? "read, nothing new" : "landed" };
}

/**
 * One line per object, none longer than `columns`, at most `most` of them: failed and active objects first, and one
 * line that counts the rest.
 */
export function progressLines(state: ProgressState, columns: number, most: number): readonly string[] {
  const cells = [...state].map(([object, progress]) => [
    object,
    progress.windows === 0 ? "" : `${progress.windowsDone}/${progress.windows}`,
    progress.rows === 0 ? "" : pluralize(progress.rows, "row"),
    progress.words,
  ]);
  const width = (column: number): number => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0));
  const [name, windows, rows] = [width(0), width(1), width(2)];
  const lines = cells.map(([object = "", done = "", landed = "", words = ""]) => {
    const line = `${object.padEnd(name)}  ${done.padStart(windows)}  ${landed.padStart(rows)}  ${words}`;
    return cut(line.replaceAll(/\s*\n\s*/g, " "), columns);
  });
  if (lines.length <= most) return lines;
  const phases = [...state.values()].map(({ phase }) => phase);
  const rank = (line: number): number => PHASES.indexOf(phases[line] ?? "done");
  const byRank = [...lines.keys()].toSorted((a, b) => rank(a) - rank(b) || a - b);
  const shown = new Set(byRank.slice(0, Math.max(0, most - 1)));
  const hidden = phases.filter((_, index) => !shown.has(index));
  return [...lines.filter((_, index) => shown.has(index)), cut(`+ ${countsOf(hidden)}`, columns)].slice(0, most);
}

/** `9 waiting, 3 done`. */
function countsOf(phases: readonly Phase[]): string {
  const counts = PHASES.map((name) => ({ name, count: phases.filter((phase) => phase === name).length }));
  return counts.flatMap(({ name, count }) => (count === 0 ? [] : [`${count} ${name}`])).join(", ");
}

/** A line that wraps would be counted and cleared as one line. */
export function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}
