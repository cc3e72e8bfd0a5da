import { createHash } from "node:crypto";
import type { Failure } from "../errors.ts";
import type { RangeField } from "../catalog/catalog.ts";
import { isoInstant } from "../time/instant.ts";
import type { FieldDrift } from "../state/field-state.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";

/** The record of one run: written once, at the end, and only with complete files. */
export interface Manifest {
  readonly format_version: 1;
  readonly run_id: string;
  readonly business_unit: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly status: RunStatus;
  /** Zone of every timestamp in the files, unless the object has another. */
  readonly time_zone: string;
  /** Pardot's clock when the run started: the end of every range. */
  readonly now: string;
  readonly api_calls: { readonly total: number; readonly by_kind: Readonly<Record<string, number>> };
  readonly objects: readonly ManifestObject[];
  readonly warnings: readonly ManifestWarning[];
  /**
   * Files that an earlier run landed just before it ended and that no run has landed again, because the data had
   * changed since: whole, true when they were read, and replaced by later ones. Absent if there are none.
   */
  readonly left_files?: readonly ManifestFile[];
}

export const RUN_STATUSES = ["complete", "partial", "failed"] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * postponed: a limit or a stop request cut it short, and the next run continues it; waiting: it was not read because
 * the object it is read from is not complete.
 */
export type ObjectStatus = "complete" | "failed" | "postponed" | "waiting";

export interface ManifestObject {
  readonly object: string;
  readonly table: string;
  readonly process: "bulk" | "segmented" | "read" | "email";
  readonly api_version: string;
  /** Zone of the timestamps in its files; missing in manifests of earlier versions. */
  readonly time_zone?: string;
  readonly status: ObjectStatus;
  /** Why it is not complete, null if it is. */
  readonly error: (Failure & { readonly exit_code: number }) | null;
  /** Windows committed by this run, those resumed from an earlier one included. */
  readonly windows: readonly ManifestWindow[];
  /**
   * The columns of its files in their order, by the `columns_fingerprint` of the files; missing in manifests of earlier
   * versions.
   */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  /** Every file that landed and no earlier manifest names, of open windows too. */
  readonly files: readonly ManifestFile[];
  /** Windows left for the next run. */
  readonly open_windows: readonly ManifestWindow[];
  /** Fields that came and went since the last manifest, by their names at Pardot. */
  readonly drift: FieldDrift;
  /** Fields that Pardot refuses to return: core ones are null, custom ones are left out. */
  readonly refused_fields: readonly string[];
  /** Parameters of API v5 that Pardot refuses or ignores, and that are not sent; missing if there are none. */
  readonly refused_parameters?: readonly string[];
  /** Rows that were not in every export of a window's fields. */
  readonly incomplete_rows: number;
  /** Records set aside in `_pardot_etl/rejects/<run id>/<Object>.jsonl`; missing in manifests of earlier versions. */
  readonly rejected_rows?: number;
  /** How many of them an earlier run has already set aside for the same reason. */
  readonly rejected_again?: number;
  /**
   * The windows were read by `--full`. Files of earlier runs in these ranges no longer count once a window is
   * committed whole. Absent otherwise.
   */
  readonly supersedes?: true;
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
  /**
   * Only a part is committed: the records up to this id, by ascending id. Files may have later ones, too, of ranges of ids
   * that are read at the same time. In manifests of earlier versions it may be another text, for an object that is read by
   * page tokens.
   */
  readonly through_id?: string;
  /**
   * Only a part is committed: the records up to this second, by the date in whose order page tokens return them or by which
   * they are cut. With `through_id`: the records that either covers.
   */
  readonly through_time?: string;
}

/** Whether a window is committed whole, not up to a record. */
export function isWhole(window: Pick<ManifestWindow, "through_id" | "through_time">): boolean {
  return window.through_id === undefined && window.through_time === undefined;
}

export interface ManifestFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly min_watermark: string | null;
  readonly max_watermark: string | null;
  readonly export_id: string | null;
  /** Pardot's time at which the content was read, ISO; null or missing if not known. */
  readonly read_at?: string | null;
  /** Stands for its columns and their order, 8 hexadecimal digits; missing if not known. */
  readonly columns_fingerprint?: string;
}

/** The first 8 hexadecimal digits of the SHA-256 of the names as JSON. */
export function columnsFingerprint(columns: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(columns)).digest("hex").slice(0, 8);
}

export function manifestKey(runId: string): string {
  return `_pardot_etl/runs/${runId}/manifest.json`;
}

/** The run whose manifest has this key; null if the key is not a manifest's. */
export function runOfManifest(key: string): string | null {
  return /^_pardot_etl\/runs\/([^/]+)\/manifest\.json$/.exec(key)?.[1] ?? null;
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
    columns_fingerprint: columnsFingerprint(file.columns),
  };
}

/**
 * complete: every object is; failed: none is; partial: the rest, and a run whose refresh token was replaced by one that
 * is not kept, because the next run may not be able to log in, and one that set records aside for the first time.
 */
export function runStatus(
  objects: readonly Pick<ManifestObject, "status" | "rejected_rows" | "rejected_again">[],
  warnings: readonly Pick<ManifestWarning, "code">[],
): RunStatus {
  const short = objects.filter((object) => object.status !== "complete").length;
  if (short > 0 && short === objects.length) return "failed";
  return short > 0 ||
    objects.some((object) => newRejects(object) > 0) ||
    warnings.some((warning) => warning.code === TOKEN_ROTATED)
    ? "partial"
    : "complete";
}

/** Records of an object that this run is the first to set aside. */
export function newRejects(object: Pick<ManifestObject, "rejected_rows" | "rejected_again">): number {
  return (object.rejected_rows ?? 0) - (object.rejected_again ?? 0);
}

/** Code of the warning that Salesforce replaced the refresh token and the new one is not kept. */
export const TOKEN_ROTATED = "auth.token-rotated";

/**
 * The manifest as indented JSON. Each file becomes text alone: of a hundred thousand files, one text would take as much
 * memory again as the bytes do.
 */
export function manifestBytes(manifest: Manifest): Uint8Array {
  const objects = manifest.objects.map((object) => ({ ...object, files: [] }));
  const [head = "", ...rests] = `${JSON.stringify({ ...manifest, objects }, null, 2)}\n`.split(NO_FILES);
  function* pieces(): Generator<string> {
    yield head;
    for (const [i, rest] of rests.entries()) {
      const files = manifest.objects[i]?.files ?? [];
      yield files.length === 0 ? NO_FILES : FILES_START;
      for (const [n, file] of files.entries()) yield `${n === 0 ? "" : ","}\n${indented(file)}`;
      yield files.length === 0 ? rest : `\n      ]${rest}`;
    }
  }
  let length = 0;
  for (const piece of pieces()) length += Buffer.byteLength(piece);
  const bytes = Buffer.allocUnsafe(length);
  let end = 0;
  for (const piece of pieces()) end += bytes.write(piece, end);
  return bytes;
}

/** An empty list of files in indented JSON; quotes within a text are escaped, so that it is in no text. */
const NO_FILES = '"files": []';
const FILES_START = '"files": [';

/** A file as it is in the list of its object. */
function indented(file: ManifestFile): string {
  return `        ${JSON.stringify(file, null, 2).replaceAll("\n", "\n        ")}`;
}

/** Every file that a manifest names. */
export function filesOf({ objects, left_files: left = [] }: Manifest): ManifestFile[] {
  return [...objects.flatMap(({ files }) => files), ...left];
}

/** How many files there are, and their rows and bytes. */
export function totals(files: readonly Pick<ManifestFile, "rows" | "bytes">[]): {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
} {
  let [rows, bytes] = [0, 0];
  for (const file of files) {
    rows += file.rows;
    bytes += file.bytes;
  }
  return { files: files.length, rows, bytes };
}

/** Objects of a manifest that are left for the next run, and their common reason. */
export interface PostponedObjects extends Failure {
  readonly objects: readonly string[];
}

/** The objects that a limit, a stop request or another object keeps for the next run, grouped by reason. */
export function postponedOf(objects: readonly ManifestObject[]): readonly PostponedObjects[] {
  const groups = new Map<string, PostponedObjects>();
  for (const { object, status, error } of objects) {
    if (error === null || (status !== "postponed" && status !== "waiting")) continue;
    const { code, message, hint } = error;
    const group = groups.get(code) ?? { objects: [], code, message, hint };
    groups.set(code, { ...group, objects: [...group.objects, object] });
  }
  return [...groups.values()];
}

/** Records that were set aside in a run. Manifests of earlier versions count none. */
export function rejectedRows(objects: readonly ManifestObject[]): number {
  return objects.reduce((sum, object) => sum + (object.rejected_rows ?? 0), 0);
}
