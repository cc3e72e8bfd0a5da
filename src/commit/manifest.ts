import type { RangeField } from "../catalog/catalog.ts";
import { isoInstant } from "../time/instant.ts";
import type { FieldDrift } from "./field-memory.ts";
import type { LandedFile, OpenWindow } from "./state.ts";

/** The record of one run: written once, last, and only with files that are whole. */
export interface Manifest {
  readonly format_version: 1;
  readonly run_id: string;
  readonly business_unit: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly status: RunStatus;
  /** Zone of every timestamp in the files, unless the object says otherwise. */
  readonly time_zone: string;
  /** Pardot's clock when the run started: the end of every range. */
  readonly now: string;
  readonly api_calls: { readonly total: number; readonly by_kind: Readonly<Record<string, number>> };
  readonly objects: readonly ManifestObject[];
  readonly warnings: readonly ManifestWarning[];
  /**
   * Files that an earlier run landed just before it ended and that no run has landed again, because the data had moved
   * on: whole, true when they were read, and replaced by later ones. Absent when there are none.
   */
  readonly left_files?: readonly ManifestFile[];
}

export const RUN_STATUSES = ["complete", "partial", "failed"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * postponed: a limit or a stop request cut it short, and the next run goes on; waiting: it was not read because the
 * object it is read from is not complete.
 */
export type ObjectStatus = "complete" | "failed" | "postponed" | "waiting";

export interface ManifestObject {
  readonly object: string;
  readonly table: string;
  readonly process: "bulk" | "segmented" | "read" | "email";
  readonly api_version: string;
  readonly status: ObjectStatus;
  /** Why it is not complete. */
  readonly error: ManifestError | null;
  /** Windows committed by this run, those taken over from an earlier one included. */
  readonly windows: readonly ManifestWindow[];
  readonly files: readonly ManifestFile[];
  /** Windows that stay on the books for the next run. */
  readonly open_windows: readonly ManifestWindow[];
  /** Fields that came and went since the last manifest, by their names at Pardot. */
  readonly drift: FieldDrift;
  /** Fields that Pardot refuses to hand out: core ones are null, custom ones are left out. */
  readonly refused_fields: readonly string[];
  /** Rows that not every export of a window's fields brought. */
  readonly incomplete_rows: number;
  /** Records that could not be encoded and were set aside; absent in manifests of earlier versions. */
  readonly rejected_rows?: number;
}

export interface ManifestError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exit_code: number;
}

export interface ManifestWarning {
  readonly code: string;
  readonly object: string | null;
  readonly message: string;
}

export interface ManifestWindow {
  readonly field: RangeField | null;
  readonly from: string;
  readonly to: string;
}

export interface ManifestFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly min_watermark: string | null;
  readonly max_watermark: string | null;
  readonly export_id: string | null;
  /** Pardot's time at which the content was read, ISO; null or missing where it is not known. */
  readonly read_at?: string | null;
}

export function manifestKey(runId: string): string {
  return `_pardot_etl/runs/${runId}/manifest.json`;
}

export function manifestWindow(window: Pick<OpenWindow, "field" | "from" | "to">): ManifestWindow {
  return { field: window.field, from: isoInstant(window.from), to: isoInstant(window.to) };
}

export function manifestFile(file: LandedFile): ManifestFile {
  return {
    key: file.key,
    rows: file.rows,
    bytes: file.bytes,
    sha256: file.sha256,
    min_watermark: file.minWatermark,
    max_watermark: file.maxWatermark,
    export_id: file.exportId,
    read_at: file.readAt === undefined ? null : new Date(file.readAt).toISOString(),
  };
}

/**
 * complete: every object is; failed: none is; partial: the rest, and a run whose refresh token was replaced by one that
 * is kept nowhere, because the next run may not get in.
 */
export function runStatus(
  objects: readonly Pick<ManifestObject, "status">[],
  warnings: readonly Pick<ManifestWarning, "code">[],
): RunStatus {
  const short = objects.filter((object) => object.status !== "complete").length;
  if (short > 0 && short === objects.length) return "failed";
  return short > 0 || warnings.some((warning) => warning.code === TOKEN_ROTATED) ? "partial" : "complete";
}

/** Code of the warning that Salesforce replaced the refresh token and nobody keeps the new one. */
export const TOKEN_ROTATED = "auth.token-rotated";

export function manifestBytes(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** Every file that a manifest names. */
export function filesOf({ objects, left_files: left = [] }: Manifest): ManifestFile[] {
  return [...objects.flatMap(({ files }) => files), ...left];
}

/** Reads a manifest; null when it is damaged. */
export function parseManifest(bytes: Uint8Array): Manifest | null {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Partial<Manifest> | null;
    return isManifest(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether it has what everybody asks a manifest for: JSON that a disk has damaged may still be JSON. */
function isManifest(value: Partial<Manifest> | null): value is Manifest {
  if (value === null || !isTime(value.started_at) || !isTime(value.finished_at)) return false;
  const { objects, warnings, left_files: left = [] } = value;
  return Array.isArray(warnings) && Array.isArray(left) && Array.isArray(objects) && objects.every(hasFiles);
}

function hasFiles(object: Partial<ManifestObject> | null): boolean {
  return object !== null && Array.isArray(object.files);
}

function isTime(text: string | undefined): boolean {
  return text !== undefined && !Number.isNaN(Date.parse(text));
}
