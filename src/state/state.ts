import { assert } from "../errors.ts";
import { laterText } from "../time/instant.ts";
import type { Instant, LocalText, Span } from "../time/instant.ts";
import { datetimeText } from "../encode/canonical.ts";
import type { Reject } from "../encode/reject.ts";
import { NO_EMAILS, forgetReadings, addPairs, markRead } from "./email-index.ts";
import type { EmailIndex, EmailPair, EmailsRead } from "./email-index.ts";
import type { FilesPart } from "./file-parts.ts";
import { applyFieldChange, NO_FIELDS } from "./field-state.ts";
import type { FieldChange, FieldState } from "./field-state.ts";
import { knownAfter, withRejected } from "./rejects.ts";
import { onDay } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import { searched, searching, searchingAll } from "./searches.ts";
import type { SearchedWindow } from "./searches.ts";
import { windowId, withExport, withoutExport } from "./open-window.ts";
import type { ExportCreated, ExportTime, LandedFile, OpenWindow, PlannedWindow } from "./open-window.ts";
import { lastRuns, withEnd } from "./run-record.ts";
import type { RunRecord } from "./run-record.ts";

export { exportedAt, exportOf, windowId } from "./open-window.ts";
export type { RunRecord } from "./run-record.ts";
export type { ExportTime, LandedFile, OpenWindow, PlannedWindow } from "./open-window.ts";

/**
 * The state between runs, and the changes that make it. The state is never edited: every change is a record in the
 * journal, and the state is the result of applying them in order.
 */
export interface State {
  /** The business unit whose data this is; null before the first run. One destination has one business unit. */
  readonly businessUnit: string | null;
  /** The name of its account at Pardot. Default null. */
  readonly unitName?: string | null;
  readonly objects: { readonly [name: string]: ObjectState };
  /** The index of list emails, built from the activities that have landed. */
  readonly emails: EmailIndex;
  readonly ledger: Ledger;
  readonly runs: readonly RunRecord[];
}

export interface ObjectState {
  /** Zone of the timestamps landed so far; null before the first. */
  readonly zone: string | null;
  /** What committed manifests cover, merged, ascending. */
  readonly coverage: readonly Span[];
  /** Planned and not committed yet, in plan order. */
  readonly windows: readonly OpenWindow[];
  /** Greatest watermark in committed files. */
  readonly watermark: LocalText | null;
  readonly filesCommitted: number;
  readonly rowsCommitted: number;
  /** The most rows that a complete run brought on each of the last days, oldest first. Default none. */
  readonly recentRows?: readonly { readonly day: string; readonly rows: number }[];
  /** Committed files that the embedded warehouse has not loaded yet, in commit order. */
  readonly notLoaded: readonly LandedFile[];
  /** Fingerprints of the last rejects that were committed; missing in states of earlier versions. */
  readonly knownRejects?: readonly string[];
  /** Ids of the last exports that were requested. Default none. */
  readonly exportIds?: readonly string[];
  /** What the object's last export took, if that is known. Default null. */
  readonly exportTime?: ExportTime;
  readonly fields: FieldState;
  /** Windows in which files of dead runs are looked for. Default none. */
  readonly searches?: readonly SearchedWindow[];
}

/** Rows by object, of a run on a day of the account. */
export interface RowsRead {
  readonly day: string;
  readonly rows: Readonly<Record<string, number>>;
}

/** A change of one object. */
type Of<Type extends string, More = unknown> = { readonly type: Type; readonly object: string } & Readonly<More>;

/** A change of one open window of an object. */
type OfWindow<Type extends string, More = unknown> = Of<Type, { window: string } & More>;

export type Change =
  | {
      readonly type: "run-started";
      readonly businessUnit: string;
      readonly runId: string;
      readonly at: string;
      /** Number of the journal entry that contains this change. */
      readonly entry?: number;
    }
  | Of<"planned", { runId: string; zone: string; windows: readonly PlannedWindow[] }>
  /** A gap before a range: accepted, or to be filled by the next plain run. */
  | Of<"gap", { from: Instant; to: Instant; accepted: boolean }>
  | OfWindow<"dropped">
  | OfWindow<"export-created", ExportCreated>
  | OfWindow<"export-lost", { exportId: string; reason: string }>
  | OfWindow<"landed", { file: LandedFile; cursor: string | null }>
  | OfWindow<"files-moved", { part: FilesPart }>
  /** Recorded together with the landed files of the same records. `exportId`: as of a `WindowReject`. */
  | OfWindow<"rejected", { exportId: string | null; rejects: readonly Reject[] }>
  | OfWindow<"window-done", { exportTime?: ExportTime }>
  /** A manifest names the files of windows that are whole, and of windows that stay `open`. */
  | Of<"committed", { manifest: string; windows: readonly string[]; open?: readonly string[]; load: boolean }>
  /** Windows that leave the state and were not searched: the next run looks for files in them. */
  | Of<"to-search", { windows: readonly Pick<OpenWindow, "from" | "to" | "plannedBy">[] }>
  /** The manifest of a run accounts for the files found in the searched windows. */
  | Of<"searched", { at: Instant }>
  | Of<"loaded", { keys: readonly string[] }>
  | { readonly type: "emails-seen"; readonly pairs: readonly EmailPair[]; readonly isActivity: boolean }
  | ({ readonly type: "emails-read" } & EmailsRead)
  /** Everything is read again. `marksActivity`: the object reads active emails. */
  | Of<"emails-forgotten", { marksActivity: boolean }>
  | FieldChange
  | { readonly type: "calls-reserved" | "calls-returned"; readonly day: string; readonly calls: number }
  | ({ readonly type: "run-finished"; readonly read?: RowsRead; readonly unitName?: string | null } & RunRecord);

export const EMPTY_STATE: State = {
  businessUnit: null,
  objects: {},
  emails: NO_EMAILS,
  ledger: { day: "", reserved: 0, previous: null },
  runs: [],
};

const EMPTY_OBJECT: ObjectState = {
  zone: null,
  coverage: [],
  windows: [],
  watermark: null,
  filesCommitted: 0,
  rowsCommitted: 0,
  notLoaded: [],
  fields: NO_FIELDS,
};

export function objectState(state: State, object: string): ObjectState {
  // The names come from a document, and "constructor" is a possible one.
  return Object.hasOwn(state.objects, object) ? (state.objects[object] ?? EMPTY_OBJECT) : EMPTY_OBJECT;
}

/** An open window of an object. It must be there. */
export function openWindow(state: State, object: string, id: string): OpenWindow {
  const window = objectState(state, object).windows.find((open) => open.id === id);
  assert(window !== undefined, `window ${id} is open`);
  return window;
}

/** The state after one change. Pure; a change that does not fit the state is a bug and throws. */
export function applyChange(state: State, change: Change): State {
  switch (change.type) {
    case "run-started":
      return {
        ...state,
        businessUnit: change.businessUnit,
        runs: [
          ...lastRuns(state.runs),
          {
            runId: change.runId,
            startedAt: change.at,
            finishedAt: null,
            status: "running",
            rows: 0,
            files: 0,
            calls: 0,
            ...(change.entry === undefined ? {} : { firstEntry: change.entry }),
          },
        ],
      };
    case "run-finished": {
      const { type: _, read, unitName = state.unitName ?? null, ...record } = change;
      const objects = read === undefined ? state.objects : withRecentRows(state, read);
      return {
        ...state,
        unitName,
        objects: record.takenOver === true ? searchingAll(objects, record.finishedAt) : objects,
        runs: state.runs.map((run) => withEnd(run, record)),
      };
    }
    case "emails-seen":
      return { ...state, emails: addPairs(state.emails, change.pairs, change.isActivity) };
    case "emails-read":
      return { ...state, emails: markRead(state.emails, change) };
    case "emails-forgotten":
      return { ...state, emails: forgetReadings(state.emails, change) };
    case "calls-reserved":
      return { ...state, ledger: onDay(state.ledger, change.day, change.calls) };
    case "calls-returned":
      if (change.day !== state.ledger.day) return state;
      return { ...state, ledger: onDay(state.ledger, change.day, -change.calls) };
    default:
      return {
        ...state,
        objects: { ...state.objects, [change.object]: applyToObject(objectState(state, change.object), change) },
      };
  }
}

type ObjectChange = Exclude<
  Extract<Change, { readonly object: string }>,
  { readonly type: "emails-read" | "emails-forgotten" }
>;

function applyToObject(object: ObjectState, change: ObjectChange): ObjectState {
  switch (change.type) {
    case "planned":
      return { ...object, zone: change.zone, windows: addWindows(object.windows, change) };
    case "gap": {
      // A point on the left edge keeps the gap between it and the data that is read visible.
      const known = { from: change.from, to: change.accepted ? change.to : change.from };
      return { ...object, coverage: mergeSpans([...object.coverage, known]) };
    }
    case "dropped": {
      const isDropped = ({ id }: OpenWindow): boolean => id === change.window;
      const rest = { ...object, windows: object.windows.filter((window) => !isDropped(window)) };
      return searching(rest, object.windows.filter(isDropped));
    }
    case "to-search":
      return searching(object, change.windows);
    case "searched":
      return searched(object, change.at);
    case "export-created":
      return editWindow(withExportId(object, change.exportId), change.window, (window) => withExport(window, change));
    case "export-lost":
      return editWindow(object, change.window, (window) => withoutExport(window, change.exportId));
    case "landed":
      return editWindow(object, change.window, (window) => ({
        ...window,
        cursor: change.cursor,
        files: window.files.some((file) => file.key === change.file.key)
          ? window.files
          : [...window.files, change.file],
      }));
    case "files-moved":
      return editWindow(object, change.window, (window) => ({
        ...window,
        files: window.files.slice(change.part.files),
        parts: [...(window.parts ?? []), change.part],
      }));
    case "rejected":
      return editWindow(object, change.window, (window) => withRejected(window, change));
    case "window-done": {
      const { window, exportTime } = change;
      const known = exportTime === undefined ? object : { ...object, exportTime };
      return editWindow(known, window, (open) => ({ ...open, done: true }));
    }
    case "committed":
      return {
        ...commitWindows(object, change),
        ...knownAfter(object, change.object, [...change.windows, ...(change.open ?? [])]),
      };
    case "loaded":
      return { ...object, notLoaded: object.notLoaded.filter((file) => !change.keys.includes(file.key)) };
    case "fields-seen":
    case "fields-reported":
    case "fields-refused":
    case "procedure-refused":
    case "parameter-refused":
    case "filter-ignored":
    case "refusals-forgotten":
      return { ...object, fields: applyFieldChange(object.fields, change) };
  }
}

/** Days whose rows are kept for each object. */
const RECENT_DAYS_KEPT = 15;

function withRecentRows(state: State, { day, rows }: RowsRead): State["objects"] {
  const changed = Object.entries(rows).map(([name, count]): [string, ObjectState] => {
    const own = objectState(state, name);
    const same = own.recentRows?.find((recent) => recent.day === day)?.rows ?? 0;
    const others = (own.recentRows ?? []).filter((recent) => recent.day !== day);
    return [name, { ...own, recentRows: [...others, { day, rows: Math.max(same, count) }].slice(-RECENT_DAYS_KEPT) }];
  });
  return { ...state.objects, ...Object.fromEntries(changed) };
}

/** Number of export ids to keep, to distinguish a new one from one that was used before. */
const EXPORT_IDS_KEPT = 100;

function withExportId(object: ObjectState, id: string): ObjectState {
  const { exportIds = [] } = object;
  return exportIds.includes(id) ? object : { ...object, exportIds: [...exportIds, id].slice(-EXPORT_IDS_KEPT) };
}

function addWindows(open: readonly OpenWindow[], change: Extract<Change, { type: "planned" }>): readonly OpenWindow[] {
  const known = new Set(open.map((window) => window.id));
  const added = change.windows
    .map((window): OpenWindow => ({
      id: windowId(change.object, window),
      ...window,
      plannedBy: change.runId,
      groups: [],
      exports: [],
      cursor: null,
      files: [],
      done: false,
    }))
    .filter((window) => !known.has(window.id));
  return [...open, ...added];
}

function editWindow(object: ObjectState, id: string, edit: (window: OpenWindow) => OpenWindow): ObjectState {
  assert(
    object.windows.some((window) => window.id === id),
    `window ${id} is open`,
  );
  return { ...object, windows: object.windows.map((window) => (window.id === id ? edit(window) : window)) };
}

function commitWindows(object: ObjectState, change: Extract<Change, { type: "committed" }>): ObjectState {
  const { windows: ids, open = [], load } = change;
  const whole = object.windows.filter((window) => ids.includes(window.id));
  assert(whole.length === ids.length && whole.every((window) => window.done), "only finished windows are committed");
  const named = object.windows.filter((window) => ids.includes(window.id) || open.includes(window.id));
  const files = named.flatMap((window) => window.files);
  const parts = named.flatMap((window) => window.parts ?? []);
  return {
    ...object,
    windows: object.windows
      .filter((window) => !ids.includes(window.id))
      .map((window) => (open.includes(window.id) ? withoutFiles(window) : window)),
    coverage: mergeSpans([...object.coverage, ...whole.map(({ from, to }) => ({ from, to }))]),
    watermark: greatest([object.watermark, ...[...files, ...parts].map(({ maxWatermark }) => maxWatermark)]),
    filesCommitted: object.filesCommitted + files.length + parts.reduce((sum, part) => sum + part.files, 0),
    rowsCommitted: object.rowsCommitted + [...files, ...parts].reduce((sum, { rows }) => sum + rows, 0),
    notLoaded: load ? [...object.notLoaded, ...files] : object.notLoaded,
  };
}

/** An open window whose files a manifest names now: the names of export files stay, so that none is fetched again. */
function withoutFiles(window: OpenWindow): OpenWindow {
  const { parts: _parts, rejects: _rejects, files, named = [], ...rest } = window;
  const exported = files.filter(({ exportId }) => exportId !== null).map(({ key }) => key);
  return { ...rest, files: [], ...(named.length + exported.length > 0 ? { named: [...named, ...exported] } : {}) };
}

/** Ascending, touching and overlapping spans merged into one, so that the list does not grow with the runs. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const next of spans.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1);
    if (last !== undefined && next.from <= last.to)
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    else merged.push(next);
  }
  return merged;
}

function greatest(texts: readonly (LocalText | null)[]): LocalText | null {
  // Earlier versions took any text in a file for a watermark; only a valid time may start a range.
  const times = texts.filter((text) => text !== null && datetimeText(text) === text);
  return times.reduce(laterText, null);
}
