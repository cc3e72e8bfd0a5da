import type { CatalogObject } from "../catalog/catalog.ts";
import type { FieldMemory } from "../state/field-memory.ts";
import type { OpenWindow } from "../state/state.ts";
import { exportedAt, objectState, openWindow } from "../state/state.ts";
import type { Reject } from "../encode/reject.ts";
import { assert } from "../errors.ts";
import { landExportFile } from "../land/export-file.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import { askExport, keyField } from "./ask-export.ts";
import { fetchFile, forEachFile, resultFiles } from "./download.ts";
import type { ResultFile } from "./download.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import type { ExportJob } from "./export-queue.ts";
import { landingOf } from "./extraction.ts";
import type { Extraction } from "./extraction.ts";
import { fieldGroups, objectFields } from "./fields.ts";
import { JoinedWindow } from "./joined-window.ts";
import { rowBounds } from "./row-bounds.ts";
import { openRejects, rejectedChanges } from "./set-aside.ts";
import { windowDone } from "./window-done.ts";
import { isQueriedInstead } from "./query-instead.ts";

/** Told about the jobs of one object. */
export interface BulkOutcome {
  readonly fail: (error: unknown) => void;
  readonly isFailed: () => boolean;
  /** Pardot refuses every procedure for a window, and the query is to take over. May be told more than once. */
  readonly takeOver: (window: OpenWindow) => void;
}

/** The export jobs of a bulk object: one for each open window, or for each group of fields of each window. */
export function exportJobs(
  object: CatalogObject,
  windows: readonly OpenWindow[],
  outcome: BulkOutcome,
  extraction: Extraction,
): ExportJob[] {
  return windows.flatMap((window) => {
    const memory = objectState(extraction.journal.state, object.name).fields;
    if (isQueriedInstead(object, window, memory)) {
      outcome.takeOver(window);
      return [];
    }
    const groups = groupsOf(object, window.groups, memory);
    const joined = groups.length === 1 ? null : new JoinedWindow(object, window, groups, extraction);
    return groups.map((fields, group): ExportJob => {
      const job: ExportJob = {
        object: object.name,
        windowId: window.id,
        group,
        ask: async () => {
          const asked = await askExport({ object, window, groups, group }, extraction);
          if (asked === null) outcome.takeOver(window);
          return asked;
        },
        land: (status) =>
          joined === null ? landExport(object, window, fields, status, extraction) : joined.take(job, status),
        fail: outcome.fail,
        isAbandoned: outcome.isFailed,
      };
      return job;
    });
  });
}

/** The fields of each of a window's exports: as they were laid out when the first was asked for, else as they are now. */
export function groupsOf(
  object: CatalogObject,
  laidOut: OpenWindow["groups"],
  memory: FieldMemory,
): readonly (readonly string[])[] {
  if (laidOut.length > 0) return laidOut;
  const { export: access } = object.v4;
  assert(access !== undefined, `${object.name} has an export`);
  const { asked } = objectFields(object, memory);
  return fieldGroups(asked, keyField(object), access.fieldsMax);
}

/** Lands every result file of a complete export that has not landed yet, and records the window as done. */
async function landExport(
  object: CatalogObject,
  window: OpenWindow,
  fields: readonly string[],
  status: ExportStatus,
  extraction: Extraction,
): Promise<void> {
  const todo = resultFiles(status).filter((file) => !hasLanded(object, window, file, extraction));
  /** Of files without any other record. Nothing of such a file is landed, and after a kill it is fetched again. */
  const left: Reject[] = [];
  const work = async (file: ResultFile): Promise<void> => {
    left.push(...(await fetchAndLand(object, window, fields, file, extraction)));
  };
  await forEachFile(todo, work, extraction);
  await windowDone(object, window, extraction, rejectedChanges(object, window, status.id, left, extraction));
}

/** Lands a file and records it. Returns what was set aside of a file without any other record, which is not recorded yet. */
async function fetchAndLand(
  object: CatalogObject,
  window: OpenWindow,
  fields: readonly string[],
  { reference, exportId, fileId }: ResultFile,
  extraction: Extraction,
): Promise<readonly Reject[]> {
  const { journal } = extraction;
  const memory = objectState(journal.state, object.name).fields;
  return fetchFile(
    reference,
    { object: object.name, window: window.id },
    async (body) => {
      const pairs = collectEmailPairs(object);
      const expected = {
        object: object.name,
        columns: objectFields(object, memory).columns,
        fields: fields.filter((field) => !memory.refused.includes(field)),
        key: keyField(object),
        watermark: object.watermark,
        span: window,
        bounds: rowBounds(object, window, extraction),
        exportId,
        fileId,
        readAt: exportedAt(openWindow(journal.state, object.name, window.id), exportId),
        tap: pairs.tap,
        rejects: openRejects(object, extraction),
      };
      const { file, rejects } = await landExportFile(body, expected, landingOf(extraction));
      if (file === null) return rejects;
      const rejected = rejectedChanges(object, window, exportId, rejects, extraction);
      const landed = { type: "landed", object: object.name, window: window.id, file, cursor: null } as const;
      await journal.record([landed, ...rejected, ...pairs.changes()]);
      return [];
    },
    extraction,
  );
}

function hasLanded(object: CatalogObject, window: OpenWindow, file: ResultFile, extraction: Extraction): boolean {
  const open = objectState(extraction.journal.state, object.name).windows.find(({ id }) => id === window.id);
  const name = `_${file.exportId}-${file.fileId}`;
  const keys = [...(open?.files.map(({ key }) => key) ?? []), ...(open?.named ?? [])];
  return keys.some((key) => key.includes(`${name}.csv`) || key.includes(`${name}-`));
}
