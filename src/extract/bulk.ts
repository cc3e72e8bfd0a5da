import type { CatalogObject, ExportProcedure, ExportV4 } from "../catalog/catalog.ts";
import type { OpenWindow } from "../commit/state.ts";
import { objectState } from "../commit/state.ts";
import { assert, DataError, TransportError } from "../errors.ts";
import { landExportFile } from "../land/export-file.ts";
import type { ExportRequest, ExportStatus } from "../pardot/pardot.ts";
import { windowBounds } from "./bounds.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import type { ExportJob } from "./export-queue.ts";
import type { Extraction } from "./extraction.ts";

/** Times one result file is fetched before its object fails: a cut or broken body is fetched again. */
const FETCH_MAX = 4;
const FETCH_PAUSE_MS = 2000;

/** Result files of one export that are fetched side by side. */
const FETCH_LANES = 2;

/** Told about the jobs of one object. */
export interface BulkOutcome {
  fail(error: unknown): void;
  isFailed(): boolean;
}

/** One export job for each open window of a bulk object. */
export function exportJobs(
  object: CatalogObject,
  windows: readonly OpenWindow[],
  outcome: BulkOutcome,
  extraction: Extraction,
): ExportJob[] {
  return windows.map((window) => ({
    object: object.name,
    windowId: window.id,
    group: 0,
    ask: async () => {
      const request = exportRequest(object, window, extraction.config.pardot.timeZone);
      return {
        status: await extraction.pardot.createExport(request, extraction.signal),
        groups: [request.fields],
      };
    },
    land: (status) => landExport(object, window, status, extraction),
    fail: outcome.fail,
    isAbandoned: outcome.isFailed,
  }));
}

/** The body of `create` for a window. */
export function exportRequest(object: CatalogObject, window: OpenWindow, zone: string): ExportRequest {
  const { export: access } = object.v4;
  assert(access !== undefined, `${object.name} has an export`);
  const procedure = procedureFor(access, window);
  return {
    object: access.object,
    fields: object.columns.map((column) => column.wire ?? column.name),
    procedure: procedure.name,
    arguments: { ...procedure.arguments, ...windowBounds(window, procedure.range, zone) },
  };
}

function procedureFor(access: ExportV4, window: OpenWindow): ExportProcedure {
  const procedure = access.procedures.find((candidate) => candidate.field === window.field);
  assert(procedure !== undefined, `an export procedure for ${window.field}`);
  return procedure;
}

/** Lands every result file of a complete export that has not landed yet, and records the window as done. */
async function landExport(
  object: CatalogObject,
  window: OpenWindow,
  status: ExportStatus,
  extraction: Extraction,
): Promise<void> {
  const { journal } = extraction;
  const todo = status.resultRefs
    .map((reference) => ({ reference, fileId: fileIdOf(reference) }))
    .toSorted((a, b) => a.fileId.localeCompare(b.fileId, "en", { numeric: true }))
    .filter(({ fileId }) => !hasLanded(object, window, status.id, fileId, extraction));
  const lane = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      extraction.stop.throwIfAborted();
      await fetchAndLand(object, window, { ...next, exportId: status.id }, extraction);
    }
  };
  // Every lane is waited for, so that nothing is still under way when an error is told.
  const lanes = await Promise.allSettled(Array.from({ length: FETCH_LANES }, lane));
  const failed = lanes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason as Error;
  await journal.record([{ type: "window-done", object: object.name, window: window.id }]);
}

interface ResultFile {
  readonly exportId: string;
  readonly fileId: string;
  readonly reference: string;
}

async function fetchAndLand(
  object: CatalogObject,
  window: OpenWindow,
  result: ResultFile,
  extraction: Extraction,
): Promise<void> {
  const { pardot, journal, clock, config, signal, onEvent } = extraction;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const body = await pardot.downloadResult(result.reference, signal);
      const pairs = collectEmailPairs(object);
      const file = await landExportFile(body, {
        object: object.name,
        columns: object.columns,
        watermark: object.watermark,
        span: window,
        exportId: result.exportId,
        fileId: result.fileId,
        tap: pairs.tap,
        compression: config.etl.compression,
        tmpDir: config.etl.tmpDir,
        random: extraction.random,
        storage: extraction.storage,
        onEvent,
        signal,
      });
      if (file !== null) {
        const landed = { type: "landed", object: object.name, window: window.id, file, cursor: null } as const;
        await journal.record([landed, ...pairs.changes()]);
      }
      return;
    } catch (error) {
      if (!mayComeWhole(error) || attempt >= FETCH_MAX || extraction.stop.aborted) throw error;
      const reason = (error as Error).message;
      const pauseMs = FETCH_PAUSE_MS * 2 ** (attempt - 1);
      onEvent({ type: "retrying", kind: "export download", attempt, pauseMs, reason });
      await clock.sleep(pauseMs, extraction.stop);
    }
  }
}

/** A body that was cut on the way, also one whose length promised nothing: its last record is not whole. */
function mayComeWhole(error: unknown): boolean {
  if (error instanceof TransportError) return error.retryable;
  return error instanceof DataError && error.code.startsWith("data.csv-");
}

/** The file's id, the last part of `…/downloadResults/id/<export>/file/<id>`. Throws DataError when it is not there. */
function fileIdOf(reference: string): string {
  const match = /\/file\/([A-Za-z0-9_]+)\/?(?:\?.*)?$/.exec(reference);
  if (match?.[1] !== undefined) return match[1];
  throw new DataError(`read the result addresses of an export: no file id in ${reference.split("?")[0]}`, {
    code: "data.result-address",
    hint: "Pardot's result addresses have changed. Open an issue with this address.",
  });
}

function hasLanded(
  object: CatalogObject,
  window: OpenWindow,
  exportId: string,
  fileId: string,
  extraction: Extraction,
): boolean {
  const open = objectState(extraction.journal.state, object.name).windows.find(({ id }) => id === window.id);
  const name = `_${exportId}-${fileId}`;
  return open?.files.some(({ key }) => key.includes(`${name}.csv`) || key.includes(`${name}-`)) ?? false;
}
