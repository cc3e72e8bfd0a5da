import { createHash } from "node:crypto";
import { DataError, TransportError } from "../errors.ts";
import type { About } from "../events.ts";
import type { ExportStatus, ResultBody } from "../pardot/pardot.ts";
import { resultIds } from "../pardot/result-address.ts";
import { inLanes } from "../platform/lanes.ts";
import type { Extraction } from "./context.ts";

/** Times one result file is fetched before its object fails: a cut or broken body is fetched again. */
const FETCH_MAX = 4;
const FETCH_PAUSE_MS = 2000;

/** Result files of one window that are fetched at a time. */
const FETCH_LANES = 2;

export interface ResultFile {
  readonly exportId: string;
  readonly fileId: string;
  readonly reference: string;
}

/**
 * The result files of a complete export, by the ids in their addresses. Throws DataError if one belongs to another
 * export.
 */
export function resultFiles(status: ExportStatus): ResultFile[] {
  return status.resultRefs
    .map((reference) => ({ exportId: status.id, reference, fileId: fileIdOf(reference, status.id) }))
    .toSorted((a, b) => a.fileId.localeCompare(b.fileId, "en", { numeric: true }));
}

/** Runs `work` for each file, a few at a time. Throws the first failure once nothing is in flight. */
export async function forEachFile<T>(
  files: readonly T[],
  work: (file: T) => Promise<void>,
  { drain }: Extraction,
): Promise<void> {
  await inLanes(FETCH_LANES, files, async (file) => {
    drain.throwIfAborted();
    await work(file);
  });
}

/** Fetches one result file and passes its body to `take`; again from the start if it was cut or broken. */
export async function fetchFile<T>(
  reference: string,
  about: About,
  take: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  extraction: Extraction,
): Promise<T> {
  const { pardot, clock, abort, onEvent } = extraction;
  const ends: Ends = { unfinished: null };
  for (let attempt = 1; ; attempt += 1) {
    // A failure before the body has been retried by the client.
    const body = await pardot.downloadResult(reference, abort, about);
    try {
      return await takeAndLeave(body, (held) => take(wholeLines(held, ends)));
    } catch (error) {
      if (!mayComeWhole(error) || attempt >= FETCH_MAX || extraction.drain.aborted) throw error;
      const reason = (error as Error).message;
      const pauseMs = FETCH_PAUSE_MS * 2 ** (attempt - 1);
      onEvent({ type: "retrying", kind: "export download", call: null, ...about, attempt, pauseMs, reason });
      await clock.sleep(pauseMs, extraction.drain);
    }
  }
}

/** Size and hash of the last body whose end proved nothing; null: none so far. */
interface Ends {
  unfinished: string | null;
}

const LF = 0x0a;

/**
 * Passes a file on and throws `DataError` at its end if the end proves nothing: no line end, an empty body, or a body
 * that only the connection's end closes. A body that a server cuts short then looks whole to HTTP, and a cut in the
 * last field of a record looks whole to a CSV reader. Whether Pardot ends its files with a line end is unconfirmed, so
 * a file that arrives identically a second time is accepted.
 */
async function* wholeLines(body: ResultBody, ends: Ends): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = body.endsByClose ? createHash("sha256") : null;
  let bytes = 0;
  let last = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    last = chunk.at(-1) ?? last;
    hash?.update(chunk);
    yield chunk;
  }
  const seen = `${bytes} ${hash?.digest("hex") ?? ""}`;
  if ((last === LF && !body.endsByClose) || ends.unfinished === seen) return;
  ends.unfinished = seen;
  const why = last === LF ? "with the connection, which proves nothing" : "without a line end";
  throw new DataError(`read an export's result file: it ends after ${bytes} bytes ${why}`, {
    code: "data.csv-incomplete",
    hint: "The file may have been cut in transit. Run again; nothing of it has landed.",
  });
}

/** Otherwise a body that was left early or never read would keep its connection and its slot forever. */
async function takeAndLeave<T>(body: ResultBody, take: (body: ResultBody) => Promise<T>): Promise<T> {
  try {
    return await take(body);
  } finally {
    await body[Symbol.asyncIterator]().return?.();
  }
}

/** Whether a body was cut in transit, also one without a length: then its last record is incomplete. */
function mayComeWhole(error: unknown): boolean {
  if (error instanceof TransportError) return error.retryable;
  return error instanceof DataError && error.code.startsWith("data.csv-");
}

/** The file's id in its address, which must name the export that lists it. */
function fileIdOf(reference: string, exportId: string): string {
  const ids = resultIds(reference);
  if (ids?.exportId === exportId) return ids.fileId;
  const why = ids === null ? "is not a result file's" : `belongs to export ${ids.exportId}`;
  throw new DataError(`read the result addresses of export ${exportId}: an address ${why}`, {
    code: "data.result-address",
    hint: "Nothing was fetched from there. If it stays, open an issue with the path of the address.",
    context: { address: reference.split("?")[0]?.slice(0, 200) ?? "" },
  });
}
