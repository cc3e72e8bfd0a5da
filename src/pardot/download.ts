import { TransportError } from "../errors.ts";
import { readWhole } from "../http/body.ts";
import type { HttpResponse } from "../http/transport.ts";
import { readEnvelope } from "./envelope.ts";
import { failureOf } from "./failure.ts";
import type { ResponseHead, Outcome } from "./failure.ts";
import type { ResultBody } from "./pardot.ts";

/** An envelope with an error has some hundred bytes, a login page some thousand. */
const ERROR_BODY_MAX_BYTES = 4 * 1024 * 1024;

/** Content types that no CSV file has; a missing type or plain text is inconclusive. */
const FOREIGN_TYPE =
  /^(?:[a-z]+\/(?:.+\+)?(?:html|xhtml|xml|json|javascript|pdf)|(?:image|audio|video|font|multipart)\/.+)$/;

/**
 * Reads the response to a download. Only HTTP 200 is a file: 206 is part of one, 204 nothing. An error may come as an
 * envelope under HTTP 200 (older recordings), so the content type and the first character decide: a CSV starts with a
 * field's name, an envelope or a page of HTML with `{` or `<`. A file is returned as a stream that calls `release` when
 * it ends, fails, is left, or the signal is aborted. Anything else is a failure.
 */
export async function readDownload(
  response: HttpResponse,
  head: ResponseHead,
  release: () => void,
  kind: string,
  signal: AbortSignal,
): Promise<Outcome<ResultBody>> {
  const source = response.body[Symbol.asyncIterator]();
  const first = head.status === 200 ? await firstBytes(source) : null;
  const type = (head.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const isForeign = FOREIGN_TYPE.test(type);
  if (first !== null && first.done !== true && !isForeign && !startsLikeEnvelope(first.value)) {
    return { ok: true, value: heldStream(first, source, release, signal, response.endsByClose) };
  }
  const outcome = await readError(rejoined(first, source), head, kind);
  const isSuccess = head.status >= 200 && head.status <= 299;
  if (outcome !== null && !outcome.ok && (!isSuccess || outcome.failure.shape === "envelope")) return outcome;
  const found = isForeign ? `content of the type ${type}` : describeBody(outcome, head.status);
  return { ok: false, failure: failureOf("not-a-file", `${found} instead of a file`, head) };
}

function describeBody(outcome: Outcome<unknown> | null, status: number): string {
  if (status === 206) return "part of a file";
  if (outcome === null) return "a long text";
  return outcome.ok ? "an envelope of success" : outcome.failure.text;
}

/** The envelope in a body; null when the body is larger than any envelope. */
async function readError(
  body: AsyncIterable<Uint8Array>,
  head: ResponseHead,
  kind: string,
): Promise<Outcome<unknown> | null> {
  try {
    return readEnvelope(await readWhole(body, ERROR_BODY_MAX_BYTES, kind), head, false);
  } catch (error) {
    if (error instanceof TransportError && error.code === "http.body-too-large") return null;
    throw error;
  }
}

async function firstBytes(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  for (;;) {
    const step = await source.next();
    if (step.done === true || step.value.byteLength > 0) return step;
  }
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

/** Not a generator: leaving one before its first step would skip its `finally`, and the slot would be lost. */
function heldStream(
  first: IteratorResult<Uint8Array>,
  source: AsyncIterator<Uint8Array>,
  release: () => void,
  signal: AbortSignal,
  endsByClose: boolean,
): ResultBody {
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
  return { endsByClose, [Symbol.asyncIterator]: () => iterator };
}
