import { DataError, TransportError } from "../errors.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import type { Extraction } from "./extraction.ts";

/** Times one result file is fetched before its object fails: a cut or broken body is fetched again. */
const FETCH_MAX = 4;
const FETCH_PAUSE_MS = 2000;

/** Result files of one window that are fetched side by side. */
const FETCH_LANES = 2;

export interface ResultFile {
  readonly exportId: string;
  readonly fileId: string;
  readonly reference: string;
}

/** The result files of a complete export, by the ids in their addresses. Throws DataError when one has none. */
export function resultFiles(status: ExportStatus): ResultFile[] {
  return status.resultRefs
    .map((reference) => ({ exportId: status.id, reference, fileId: fileIdOf(reference) }))
    .toSorted((a, b) => a.fileId.localeCompare(b.fileId, "en", { numeric: true }));
}

/** Runs `work` for each file, a few at a time; the first failure is thrown when nothing is under way any more. */
export async function forEachFile<T>(
  files: readonly T[],
  work: (file: T) => Promise<void>,
  extraction: Extraction,
): Promise<void> {
  const todo = [...files];
  const lane = async (): Promise<void> => {
    for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
      extraction.stop.throwIfAborted();
      await work(next);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: FETCH_LANES }, lane));
  const failed = lanes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason as Error;
}

/** Fetches one result file and hands its body to `take`, again from the start when it was cut or broken on the way. */
export async function fetchFile<T>(
  reference: string,
  take: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  extraction: Extraction,
): Promise<T> {
  const { pardot, clock, signal, onEvent } = extraction;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await takeAndLeave(await pardot.downloadResult(reference, signal), take);
    } catch (error) {
      if (!mayComeWhole(error) || attempt >= FETCH_MAX || extraction.stop.aborted) throw error;
      const reason = (error as Error).message;
      const pauseMs = FETCH_PAUSE_MS * 2 ** (attempt - 1);
      onEvent({ type: "retrying", kind: "export download", attempt, pauseMs, reason });
      await clock.sleep(pauseMs, extraction.stop);
    }
  }
}

/** A body that nobody began to read, or left early, would keep its connection and its place for good. */
async function takeAndLeave<T>(
  body: AsyncIterable<Uint8Array>,
  take: (body: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  try {
    return await take(body);
  } finally {
    await body[Symbol.asyncIterator]().return?.();
  }
}

/** A body that was cut on the way, also one whose length promised nothing: its last record is not whole. */
function mayComeWhole(error: unknown): boolean {
  if (error instanceof TransportError) return error.retryable;
  return error instanceof DataError && error.code.startsWith("data.csv-");
}

/** The file's id, the last part of `…/downloadResults/id/<export>/file/<id>`. */
function fileIdOf(reference: string): string {
  const match = /\/file\/([A-Za-z0-9_]+)\/?(?:\?.*)?$/.exec(reference);
  if (match?.[1] !== undefined) return match[1];
  throw new DataError(`read the result addresses of an export: no file id in ${reference.split("?")[0]}`, {
    code: "data.result-address",
    hint: "Pardot's result addresses have changed. Open an issue with this address.",
  });
}
