import type { RunEvent } from "../events.ts";
import { pluralize } from "../text.ts";

/** In the order in which objects are shown if a terminal has too few lines for all. */
export const PHASES = ["failed", "postponed", "active", "waiting", "done"] as const;
export type Phase = (typeof PHASES)[number];

/** The progress of one object during a run. Times are those of the monotonic clock, in milliseconds. */
export interface ObjectProgress {
  readonly windows: number;
  readonly windowsDone: number;
  /** Rows in landed files. */
  readonly rows: number;
  readonly process: "bulk" | "segmented" | "read" | "email" | null;
  /** Records that a query has returned, and files that `verify` has read. */
  readonly read: number;
  /** How many there are, in the windows that have begun; null while that is not known. */
  readonly total: number | null;
  /** Rows that it brings on a usual day; null if that is not known, or not to be expected. */
  readonly usual: number | null;
  /** Result files that complete exports listed, and how many of them have landed, by unfinished window. */
  readonly downloads: ReadonlyMap<string, { readonly listed: number; readonly landed: number }>;
  readonly phase: Phase;
  /** A few words: `waiting`, `exporting`, `downloading 2/3`, `read`. */
  readonly words: string;
  /** Whether it was read to its end. */
  readonly isRead: boolean;
  readonly isLoaded: boolean;
  /** When its first window began; null before. */
  readonly begunAt: number | null;
  /** Time during which records arrived, without the current stretch, and the begin of that; null: none arrive now. */
  readonly flowMs: number;
  readonly flowSince: number | null;
}

export interface ProgressState {
  /** By object, in the order of the run. */
  readonly objects: ReadonlyMap<string, ObjectProgress>;
  /** In landed files. */
  readonly bytes: number;
  /** The account's limit of calls a day, and this tool's budget; null if there is none, or it is not known yet. */
  readonly quotaMax: number | null;
  readonly callsBudget: number | null;
  /** Time that the last complete run took; null if there is none, or if this run is another kind of run. */
  readonly lastTookMs: number | null;
}

export const NOTHING: ProgressState = {
  objects: new Map(),
  bytes: 0,
  quotaMax: null,
  callsBudget: null,
  lastTookMs: null,
};

const NOT_BEGUN: ObjectProgress = {
  windows: 0,
  windowsDone: 0,
  rows: 0,
  process: null,
  read: 0,
  total: null,
  usual: null,
  downloads: new Map(),
  phase: "waiting",
  words: "waiting",
  isRead: false,
  isLoaded: false,
  begunAt: null,
  flowMs: 0,
  flowSince: null,
};

const IN_QUEUE = { phase: "waiting", words: "waiting for Pardot's queue" } as const;

/** The state after an event at a time; the same object if the event changes nothing that is shown. */
export function advance(state: ProgressState, event: RunEvent, at: number): ProgressState {
  if (event.type === "run-started")
    return { ...state, objects: new Map(event.objects.map((object) => [object, NOT_BEGUN])) };
  if (event.type === "limits-known") return { ...state, quotaMax: event.quotaMax, callsBudget: event.callsBudget };
  if (event.type === "history-known") {
    const objects = Array.from(state.objects, ([name, progress]) => {
      const usual = Object.hasOwn(event.usualRows, name) ? (event.usualRows[name] ?? null) : null;
      return [name, { ...progress, usual }] as const;
    });
    return { ...state, objects: new Map(objects), lastTookMs: event.lastTookMs };
  }
  if (!("object" in event) || event.object === null) return state;
  const before = state.objects.get(event.object) ?? NOT_BEGUN;
  const change = changeOf(event, before);
  if (change === null) return state;
  // Late events of an object that failed, or is kept for the next run, do not make it active again.
  const isOver = before.phase === "failed" || before.phase === "postponed";
  const words = isOver && change.phase !== "failed" ? { phase: before.phase, words: before.words } : {};
  const after = timed({ ...before, ...change, ...words }, before, { event, at });
  const bytes = state.bytes + (event.type === "file-landed" ? event.bytes : 0);
  return { ...state, objects: new Map(state.objects).set(event.object, after), bytes };
}

/** Notes when it began, and how long records have been arriving. */
function timed(
  after: ObjectProgress,
  before: ObjectProgress,
  { event, at }: { readonly event: RunEvent; readonly at: number },
): ObjectProgress {
  const begunAt = before.begunAt ?? (event.type === "object-started" || after.phase === "active" ? at : null);
  const isFlowing =
    after.phase === "active" && !after.words.startsWith("exporting") && !after.words.startsWith("loading");
  const { flowSince, flowMs } = before;
  if (isFlowing === (flowSince !== null)) return { ...after, begunAt };
  if (flowSince === null) return { ...after, begunAt, flowSince: at };
  return { ...after, begunAt, flowMs: flowMs + at - flowSince, flowSince: null };
}

function changeOf(event: RunEvent, before: ObjectProgress): Partial<ObjectProgress> | null {
  switch (event.type) {
    case "object-planned":
      return { windows: event.windows, process: event.process };
    case "object-started":
      return before.windows === 0 ? finished(before) : nextWindow(before);
    case "records-counted":
      return { total: (before.total ?? 0) + event.records };
    case "export-created":
    case "export-adopted":
      return isDownloading(before) ? null : IN_QUEUE;
    case "export-polled":
      return polled(event, before);
    case "page-read": {
      // Probes read a page, too.
      if (before.phase !== "active" && before.process !== "bulk") return null;
      return { ...active("reading"), read: before.read + event.records };
    }
    case "called":
      // One call is one record of an object that is read by list email.
      return before.process === "email" && before.phase === "active" && event.failure === null
        ? { read: before.read + 1 }
        : null;
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
      if (done === files) return { read: done, phase: "done", words: `read ${pluralize(files, "file")}`, isRead: true };
      return { read: done, total: files, ...active(`reading ${done}/${pluralize(files, "file")}`) };
    }
    case "table-comparing":
      return { total: null, ...active(`comparing ${event.table}`) };
    case "table-compared":
      if (event.failure !== null) return { phase: "failed", words: `not compared: ${event.failure}` };
      return { phase: "done", words: `compared with ${event.table}`, isRead: true };
    case "object-finished":
      return { windowsDone: before.windows, rows: event.rows, phase: "done", words: "committed", isRead: true };
    case "object-failed":
      return { phase: "failed", words: `failed: ${event.message}` };
    case "object-postponed":
      return {
        phase: "postponed",
        words: event.status === "waiting" ? "waiting for another object" : "postponed to the next run",
      };
    case "loading":
      return active(`loading ${pluralize(event.files, "file")} into ${event.table}`);
    case "loaded":
      return { phase: "done", words: `loaded, ${pluralize(event.rows, "row")} in ${event.table}`, isLoaded: true };
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
  if (progress.process !== "bulk") return active("reading");
  return isDownloading(progress) ? active(downloading(progress.downloads)) : IN_QUEUE;
}

/** Read to its end, and not committed yet. */
function finished({ rows }: ObjectProgress): Partial<ObjectProgress> {
  return { phase: "done", words: rows === 0 ? "read, nothing new" : "read", isRead: true };
}
