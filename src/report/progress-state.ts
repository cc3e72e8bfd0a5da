import type { RunEvent } from "../events.ts";
import { counted } from "./describe.ts";

/** What is known of one object while a run goes on. */
export interface ObjectProgress {
  readonly windows: number;
  readonly windowsDone: number;
  /** Rows in landed files. */
  readonly rows: number;
  /** A few words: `waiting`, `export 77 Processing`, `done`. */
  readonly state: string;
}

/** By object, in the order of the run. */
export type ProgressState = ReadonlyMap<string, ObjectProgress>;

const WAITING: ObjectProgress = { windows: 0, windowsDone: 0, rows: 0, state: "waiting" };

/** The state after an event; the same one when the event changes nothing that is shown. */
export function advance(state: ProgressState, event: RunEvent): ProgressState {
  if (event.type === "run-started") return new Map(event.objects.map((object) => [object, WAITING]));
  if (!("object" in event) || event.object === null) return state;
  const before = state.get(event.object) ?? WAITING;
  const change = changeOf(event, before);
  return change === null ? state : new Map(state).set(event.object, { ...before, ...change });
}

function changeOf(event: RunEvent, before: ObjectProgress): Partial<ObjectProgress> | null {
  switch (event.type) {
    case "object-planned":
      return { windows: event.windows };
    case "object-started":
      return { state: "reading" };
    case "export-created":
    case "export-adopted":
      return { state: `export ${event.exportId}` };
    case "export-polled":
      return { state: `export ${event.exportId} ${event.state}` };
    case "page-read":
      return { state: "reading" };
    case "file-landed":
      return { rows: before.rows + event.rows, state: "landing" };
    case "window-finished":
      return { windowsDone: before.windowsDone + 1 };
    case "object-finished":
      return { windowsDone: before.windows, rows: event.rows, state: "done" };
    case "object-failed":
      return { state: `failed: ${event.message}` };
    case "loaded":
      return { state: `loaded, ${counted(event.rows, "row")} in ${event.table}` };
    case "run-started":
    case "run-resumed":
    case "called":
    case "connected":
    case "committed":
    case "retrying":
    case "token-refreshed":
    case "leftovers-kept":
    case "calls-counted":
    case "warning":
      break;
  }
  return null;
}

/** One line per object, none longer than `columns`. */
export function progressLines(state: ProgressState, columns: number): readonly string[] {
  const cells = [...state].map(([object, progress]) => [
    object,
    progress.windows === 0 ? "" : `${progress.windowsDone}/${progress.windows}`,
    progress.rows === 0 ? "" : counted(progress.rows, "row"),
    progress.state,
  ]);
  const width = (column: number): number => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0));
  const [name, windows, rows] = [width(0), width(1), width(2)];
  return cells.map(([object = "", done = "", landed = "", words = ""]) => {
    const line = `${object.padEnd(name)}  ${done.padStart(windows)}  ${landed.padStart(rows)}  ${words}`;
    return cut(line.replaceAll(/\s*\n\s*/g, " "), columns);
  });
}

/** A line that would wrap would be counted as one and cleared as one. */
export function cut(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`;
}
