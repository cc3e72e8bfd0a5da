import type { BulkObject, ExportProcedure } from "../catalog/catalog.ts";
import type { Reject } from "../encode/reject.ts";
import type { RemoteError } from "../errors.ts";
import { landExportFile } from "../land/export-file.ts";
import { keyField } from "../land/result-header.ts";
import type { ExportRequest, ExportStatus } from "../pardot/pardot.ts";
import type { FieldState } from "../state/field-state.ts";
import { exportedAt, exportOf, objectState } from "../state/state.ts";
import type { ExportTime, OpenWindow } from "../state/state.ts";
import { SECOND_MS } from "../time/instant.ts";
import { localZoneOf, rangeParameters, rowBounds } from "./bounds.ts";
import { landingOf, WindowInProgress } from "./context.ts";
import type { BulkWindow, Extraction } from "./context.ts";
import { fetchFile, forEachFile, resultFiles } from "./download.ts";
import type { ResultFile } from "./download.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import type { ExportJob, RequestedExport } from "./export-queue.ts";
import { fieldGroups, objectFields, wantedFields } from "./fields.ts";
import { JoinedWindow } from "./joined-window.ts";
import {
  excludeRefused,
  isExportRefusal,
  isFieldRefusal,
  isProcedureRefusal,
  recordRefusedProcedures,
  usableProcedure,
} from "./refusals.ts";
import { isQueriedInstead } from "./segmented.ts";

/** Callbacks for the exports of one object. */
export interface BulkOutcome {
  readonly fail: (error: unknown) => void;
  readonly isFailed: () => boolean;
  /**
   * Called when Pardot refuses every procedure for a window, so that the query reads it. May be called more than once
   * for a window.
   */
  readonly takeOver: (window: OpenWindow) => void;
  /** Called after each export that has landed. */
  readonly landed: () => void;
}

/** The exports of a bulk object: one for each open window, or for each group of fields of each window. */
export function exportJobs(
  object: BulkObject,
  windows: readonly OpenWindow[],
  outcome: BulkOutcome,
  extraction: Extraction,
): ExportJob[] {
  return windows.flatMap((window) => {
    const progress = new WindowInProgress(object, window, extraction);
    if (isQueriedInstead(object, window, progress.fields)) {
      outcome.takeOver(window);
      return [];
    }
    const groups = groupsOf(object, window.groups, progress.fields);
    const joined = groups.length === 1 ? null : new JoinedWindow(progress, groups);
    return groups.map((fields, group): ExportJob => {
      const job: ExportJob = {
        api: object.way.api,
        object: object.name,
        windowId: window.id,
        spanMs: window.to - window.askFrom,
        isAwaited: object.way.emailPairs !== undefined,
        group,
        request: async () => {
          const requested = await requestExport(progress, groups, group);
          if (requested === null) outcome.takeOver(window);
          return requested;
        },
        land: async (status, took) => {
          await (joined === null ? landExport(progress, fields, status, took) : joined.land(job, status, took));
          outcome.landed();
        },
        fail: outcome.fail,
        isAbandoned: outcome.isFailed,
      };
      return job;
    });
  });
}

/**
 * The exports of earlier runs in the order in which Pardot processes them, then those to be requested: first those that
 * others wait for, then the longest, whose files land while the shorter ones are processed. One that was never exported
 * before has a whole history. The exports of an object stay together.
 */
export function inOrder(jobs: readonly ExportJob[], { journal: { state } }: Extraction): ExportJob[] {
  const spans = new Map<string, number>();
  for (const { object, spanMs } of jobs) spans.set(object, (spans.get(object) ?? 0) + spanMs);
  const keyOf = (job: ExportJob): readonly [number, number] => {
    const adopted = exportOf(objectState(state, job.object).windows, job);
    if (adopted !== null) return [0, Number(adopted.exportId)];
    const span = spans.get(job.object) ?? 0;
    const { exportTime } = objectState(state, job.object);
    // No export takes as long as its window.
    const length = exportTime === undefined ? span : (exportTime.ms * span) / exportTime.spanMs;
    return [job.isAwaited ? 1 : 2, -length];
  };
  return jobs
    .map((job) => ({ job, key: keyOf(job) }))
    .toSorted(({ key: a }, { key: b }) => a[0] - b[0] || a[1] - b[1])
    .map(({ job }) => job);
}

/** The fields of each of a window's exports: as laid out when the first was requested, else as they are now. */
export function groupsOf(
  object: BulkObject,
  laidOut: OpenWindow["groups"],
  memory: FieldState,
): readonly (readonly string[])[] {
  if (laidOut.length > 0) return laidOut;
  return fieldGroups(objectFields(object, memory).requested, keyField(object), object.way.export.fieldsMax);
}

/**
 * Requests the export of one of the groups. Fields that Pardot refuses are identified, remembered and left out; a
 * refused procedure is remembered, and the next one is tried. Null when none is left and the query takes over.
 */
async function requestExport(
  progress: BulkWindow,
  laidOut: readonly (readonly string[])[],
  group: number,
): Promise<RequestedExport | null> {
  const { object, window, extraction } = progress;
  const { pardot, drain, abort } = extraction;
  // Each round but the last remembers at least one more refusal.
  for (;;) {
    drain.throwIfAborted();
    const memory = progress.fields;
    const procedure = usableProcedure(object, window.field, memory);
    if (procedure === null) return null;
    const groups = laidOut.map((fields) => wantedFields(object, memory, fields));
    const fields = groups[group] ?? [];
    // An export of one column in v5 has a record made of its header where it should have none (AWS Glue manual).
    if (object.way.api === "v5" && groups.some((own) => own.length < 2)) return null;
    try {
      const status = await pardot.createExport(exportRequest(progress, fields, procedure), abort);
      return { status, groups };
    } catch (error) {
      // Exports of one second cost Pardot nothing.
      const request = (some: readonly string[]): Promise<ExportStatus> =>
        pardot.createExport(exportRequest(progress, some, procedure, window.askFrom + SECOND_MS), abort);
      if (isExportRefusal(error, object)) await rejectExports(progress, procedure, error);
      else if (isProcedureRefusal(error)) await rejectProcedure(progress, procedure, error);
      else if (isFieldRefusal(error)) await excludeRefused(object, fields, error, request, extraction);
      else throw error;
    }
  }
}

function exportRequest(
  { object, window, about, extraction }: BulkWindow,
  fields: readonly string[],
  procedure: ExportProcedure,
  to: number = window.to,
): ExportRequest {
  const range = rangeParameters(object, { ...window, to }, procedure.range, extraction.config.pardot.timeZone);
  return {
    api: object.way.api,
    object: object.way.export.object,
    fields,
    procedure: procedure.name,
    arguments: { ...procedure.arguments, ...range },
    about,
  };
}

async function rejectProcedure(
  { object, fields, extraction }: BulkWindow,
  procedure: ExportProcedure,
  refusal: RemoteError,
): Promise<void> {
  const refusedProcedures = [...fields.refusedProcedures, procedure.name];
  const next = usableProcedure(object, procedure.field, { refusedProcedures });
  if (next === null && object.way.export.whenRefused === undefined) throw refusal;
  const instead = next === null ? "the query" : next.name;
  const what = `the export procedure ${procedure.name}`;
  const refused = { what, procedures: [procedure.name], error: refusal, instead };
  await recordRefusedProcedures(object, refused, extraction);
}

/** The query takes over: exports by the same field would be refused by every procedure. */
async function rejectExports(
  { object, extraction }: BulkWindow,
  { field }: ExportProcedure,
  error: RemoteError,
): Promise<void> {
  const procedures = object.way.export.procedures.filter((one) => one.field === field).map(({ name }) => name);
  const what = isFieldRefusal(error)
    ? `a field of an export by ${field}, and does not name it`
    : `an export of ${object.way.export.object}`;
  await recordRefusedProcedures(object, { what, procedures, error, instead: "the query" }, extraction);
}

/** Lands every result file of a complete export that has not landed yet, and records the window as done. */
async function landExport(
  progress: BulkWindow,
  fields: readonly string[],
  status: ExportStatus,
  took: ExportTime | null,
): Promise<void> {
  const todo = resultFiles(status).filter((file) => !hasLanded(progress.current, file));
  /**
   * Rejects of files that have no other record. Nothing of such a file is landed, and after a kill it is fetched again.
   */
  const left: Reject[] = [];
  const work = async (file: ResultFile): Promise<void> => {
    left.push(...(await fetchAndLand(progress, fields, file)));
  };
  await forEachFile(todo, work, progress.extraction);
  await progress.done(progress.rejected(status.id, left), took);
}

/** Lands a file and records it. Returns the rejects of a file without any other record: they are not recorded yet. */
async function fetchAndLand(
  progress: BulkWindow,
  requested: readonly string[],
  { reference, exportId, fileId }: ResultFile,
): Promise<readonly Reject[]> {
  const { object, window, fields, about, extraction } = progress;
  const { journal } = extraction;
  const { columns } = objectFields(object, fields);
  const reading = progress.reading(columns);
  const landBody = async (body: AsyncIterable<Uint8Array>): Promise<readonly Reject[]> => {
    const pairs = collectEmailPairs(object);
    const expected = {
      object: object.name,
      columns,
      fields: wantedFields(object, fields, requested),
      reading,
      key: keyField(object),
      watermark: object.watermark,
      localZone: localZoneOf(progress),
      span: window,
      bounds: rowBounds(progress),
      exportId,
      fileId,
      readAt: exportedAt(progress.current, exportId),
      tap: pairs.tap,
      rejects: progress.openRejects(),
    };
    const { file, rejects } = await landExportFile(body, expected, landingOf(extraction));
    if (file === null) return rejects;
    await journal.record([progress.landed(file, null), ...progress.rejected(exportId, rejects), ...pairs.changes()]);
    return [];
  };
  return fetchFile(reference, about, landBody, extraction);
}

function hasLanded({ files, named = [] }: OpenWindow, { exportId, fileId }: ResultFile): boolean {
  const name = `_${exportId}-${fileId}`;
  const keys = [...files.map(({ key }) => key), ...named];
  return keys.some((key) => key.includes(`${name}.`) || key.includes(`${name}-`));
}
