import { readWhole } from "../http/body.ts";
import type { HttpResponse } from "../http/transport.ts";
import { readEnvelope } from "./envelope.ts";
import type { Answered, Outcome } from "./envelope.ts";
import { shapeError } from "./records.ts";

/** An error's envelope is some hundred bytes; a login page some thousand. */
const ERROR_BODY_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Judges the answer to a download. An error comes as an envelope even under HTTP 200 (older recordings), so the first
 * character decides: a CSV starts with a field's name, an envelope or a page of HTML with `{` or `<`. What is a file is
 * handed out as a stream that gives its place back (`release`) when it ends, fails, is left, or the signal is aborted.
 */
export async function readDownload(
  response: HttpResponse,
  answered: Answered,
  release: () => void,
  kind: string,
  signal: AbortSignal,
): Promise<Outcome<AsyncIterable<Uint8Array>>> {
  const source = response.body[Symbol.asyncIterator]();
  const isSuccess = answered.status >= 200 && answered.status <= 299;
  const first = isSuccess ? await source.next() : null;
  const isFile = first !== null && (first.done === true || !startsLikeEnvelope(first.value));
  if (isFile) return { ok: true, value: heldStream(first, source, release, signal) };
  const whole = await readWhole(rejoined(first, source), ERROR_BODY_MAX_BYTES, kind);
  const outcome = readEnvelope(whole, answered, false);
  if (outcome.ok) throw shapeError(kind, "an envelope came instead of a file");
  return outcome;
}

function startsLikeEnvelope(chunk: Uint8Array): boolean {
  const start = new TextDecoder().decode(chunk.subarray(0, 256)).trimStart();
  return start.startsWith("<") || start.startsWith("{");
}

async function* rejoined(
  first: IteratorResult<Uint8Array> | null,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    let step = first ?? (await source.next());
    while (step.done !== true) {
      yield step.value;
      step = await source.next();
    }
  } finally {
    await source.return?.();
  }
}

/** Not a generator: leaving one that was never started would not run its `finally`, and the place would be lost. */
function heldStream(
  first: IteratorResult<Uint8Array>,
  source: AsyncIterator<Uint8Array>,
  release: () => void,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const end = (): void => {
    signal.removeEventListener("abort", end);
    release();
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  let pending: IteratorResult<Uint8Array> | null = first;
  const iterator: AsyncIterator<Uint8Array> = {
    next: async () => {
      try {
        const step = pending ?? (await source.next());
        pending = null;
        if (step.done === true) end();
        return step;
      } catch (error) {
        end();
        throw error;
      }
    },
    return: async () => {
      try {
        await source.return?.();
      } finally {
        end();
      }
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
