import type { RangeField } from "../catalog/catalog.ts";
import type { WindowReject } from "./rejects.ts";
import { assert } from "../errors.ts";
import type { FilesPart } from "./file-parts.ts";
import type { Instant, LocalText, Span } from "../time/instant.ts";

export interface OpenWindow extends Span {
  /** `<object>/<field>/<from>/<to>`: a window that is planned twice has the same id. */
  readonly id: string;
  readonly field: RangeField | null;
  readonly askFrom: Instant;
  /** A later plan may replace it with a longer one as long as nothing of it was read. Default false. */
  readonly mayGrow?: boolean;
  /** `--full` reads it again: files of earlier runs in its range no longer count when it is whole. Default false. */
  readonly isFull?: boolean;
  /** The run that planned it. */
  readonly plannedBy: string;
  /** Fields of each export of the window, as laid out when the first was requested; empty before. */
  readonly groups: readonly (readonly string[])[];
  /** Exports in progress at Pardot for this window, at most one for each group. */
  readonly exports: readonly WindowExport[];
  /** Id of the last record in a landed file; the query continues after it. */
  readonly cursor: string | null;
  /** Landed and in no manifest yet, without those in `parts`. */
  readonly files: readonly LandedFile[];
  /** Documents that list further ones, which landed before. Default none. */
  readonly parts?: readonly FilesPart[];
  /**
   * Keys of export files that a manifest names already, because a run ended before the window was whole. Default none.
   */
  readonly named?: readonly string[];
  /** Records that were set aside; missing in states of earlier versions. */
  readonly rejects?: readonly WindowReject[];
  /** Every file of the window has landed; it waits for a manifest. */
  readonly done: boolean;
}

export interface WindowExport {
  /** Index of its group of fields. */
  readonly group: number;
  readonly exportId: string;
  /** When it was requested, by Pardot's clock. */
  readonly askedAt: Instant;
}

/** The time that Pardot took for an export, in milliseconds, and the length of its window. */
export interface ExportTime {
  readonly ms: number;
  readonly spanMs: number;
}

export interface LandedFile {
  readonly key: string;
  /** Parsed records, the header not counted. */
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Least and greatest watermark in the file; null when the object has none or no row has one. */
  readonly minWatermark: LocalText | null;
  readonly maxWatermark: LocalText | null;
  readonly exportId: string | null;
  /**
   * Pardot's time at which the content was read: the creation of the export, or the arrival of the first row. Of two
   * versions of a record, the one read later is newer. Missing in states of earlier versions.
   */
  readonly readAt?: Instant;
  /** Columns in file order. */
  readonly columns: readonly string[];
  /** Rows that were not in every group of fields. Default none. */
  readonly incompleteRows?: number;
}

export type PlannedWindow = Pick<OpenWindow, "field" | "from" | "to" | "askFrom" | "mayGrow" | "isFull">;

export function windowId(object: string, window: PlannedWindow): string {
  return `${object}/${window.field ?? "whole"}/${window.from}/${window.to}`;
}

/** Whether anything of a window was read or requested, in the zone of the run that did so. */
export function hasStarted(window: OpenWindow): boolean {
  return window.done || window.cursor !== null || window.exports.length > 0 || hasFiles(window);
}

/** Whether files of a window have landed that no manifest names yet. */
export function hasFiles({ files, parts = [] }: Pick<OpenWindow, "files" | "parts">): boolean {
  return files.length + parts.length > 0;
}

/** The export of a window's group that is in progress, null if there is none. */
export function exportOf(
  windows: readonly OpenWindow[],
  { windowId: id, group }: { readonly windowId: string; readonly group: number },
): WindowExport | null {
  const window = windows.find((candidate) => candidate.id === id);
  return window?.exports.find((candidate) => candidate.group === group) ?? null;
}

/** Pardot's time at which the first of a window's exports was created; `exportId`: of that one alone. */
export function exportedAt(window: OpenWindow, exportId?: string): Instant {
  const exports = window.exports.filter((known) => exportId === undefined || known.exportId === exportId);
  assert(exports.length > 0, `window ${window.id} has the export ${exportId ?? ""}`);
  return Math.min(...exports.map(({ askedAt }) => askedAt));
}

export interface ExportCreated {
  readonly exportId: string;
  readonly at: Instant;
  /** Its group of fields. Default the first. */
  readonly group?: number;
  /** Fields of every group of the window, recorded with its first export. */
  readonly groups?: readonly (readonly string[])[];
}

/** The window with one more export in progress. Idempotent. */
export function withExport(window: OpenWindow, change: ExportCreated): OpenWindow {
  const group = change.group ?? 0;
  const others = window.exports.filter((candidate) => candidate.group !== group);
  return {
    ...window,
    groups: window.groups.length === 0 ? (change.groups ?? []) : window.groups,
    exports: [...others, { group, exportId: change.exportId, askedAt: change.at }],
  };
}

/**
 * The window without an abandoned export. If none is left, the fields are laid out again, from those that Pardot lists
 * then.
 */
export function withoutExport(window: OpenWindow, exportId: string): OpenWindow {
  const exports = window.exports.filter((candidate) => candidate.exportId !== exportId);
  // The next export has the same records again.
  const rejects = (window.rejects ?? []).filter((reject) => reject.exportId !== exportId);
  return { ...window, rejects, exports, groups: exports.length === 0 ? [] : window.groups };
}
