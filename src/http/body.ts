import { pipeline } from "node:stream";
import { createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { Gunzip, Inflate, InflateRaw } from "node:zlib";
import { TransportError } from "../errors.ts";

/** Bytes that a decoder hands out at a time: with the socket's own 64 KiB all that a streamed body holds in memory. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Passes a body on and throws `TransportError` (`http.short-body`) at its end when it held another number of bytes
 * than its Content-Length said.
 */
export async function* counted(
  body: AsyncIterable<Uint8Array>,
  promised: number | null,
  label: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    yield chunk;
  }
  if (promised !== null && bytes !== promised) {
    throw new TransportError(`${label}: the body held ${bytes} bytes, ${promised} were promised`, {
      code: "http.short-body",
      retryable: true,
      context: { bytes, promised },
    });
  }
}

export interface Pace {
  /** So much waiting is judged at a time. */
  readonly periodMs: number;
  /** Bytes that have to come in it, compressed as they are. */
  readonly bytesMin: number;
  /** Milliseconds since some moment. */
  readonly now: () => number;
}

/**
 * Passes a body on and throws `TransportError` (`http.timeout`) when less came while we waited than its pace demands: a
 * byte now and then keeps a time-out for silence away for months. Time that the reader takes does not count.
 */
export async function* paced(
  body: AsyncIterable<Uint8Array>,
  { periodMs, bytesMin, now }: Pace,
  label: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  let waitedMs = 0;
  let since = now();
  for await (const chunk of body) {
    waitedMs += now() - since;
    bytes += chunk.byteLength;
    if (waitedMs >= periodMs) {
      if (bytes < bytesMin) throw tooSlow(label, `${bytes} bytes in ${Math.round(waitedMs / 1000)} s`);
      bytes = 0;
      waitedMs = 0;
    }
    yield chunk;
    since = now();
  }
}

export function tooSlow(label: string, why: string): TransportError {
  return new TransportError(`${label}: the response comes too slowly (${why})`, {
    code: "http.timeout",
    retryable: true,
  });
}

/**
 * Undoes Content-Encoding as a stream. A cut, damaged or unknown coding throws `TransportError` (`http.bad-encoding`).
 * No bytes at all under a coding pass only where `emptyAllowed` says that a body need not be there.
 */
export async function* decoded(
  body: AsyncIterable<Uint8Array>,
  coding: string,
  label: string,
  emptyAllowed: boolean,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (coding === "" || coding === "identity") {
    yield* body;
    return;
  }
  const source = body[Symbol.asyncIterator]();
  const first = await firstChunk(source);
  if (first === null) {
    if (emptyAllowed) return;
    throw badEncoding(label, `no byte of its ${coding} stream came`);
  }
  const decoder = decoderFor(coding, first);
  if (decoder === null) {
    await source.return?.();
    throw badEncoding(label, `content-encoding ${coding} was not asked for`);
  }
  // The error of either side comes out of the iteration below; the callback only satisfies the signature.
  const stream = pipeline(resumed(first, source), decoder, () => undefined);
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code === "string" && code.startsWith("Z_"))
      throw badEncoding(label, `its ${coding} stream is cut or damaged (${code})`);
    throw error;
  }
}

function badEncoding(label: string, why: string): TransportError {
  return new TransportError(`${label}: the body cannot be decompressed: ${why}`, {
    code: "http.bad-encoding",
    retryable: true,
  });
}

async function firstChunk(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
  for (;;) {
    const step = await source.next();
    if (step.done === true) return null;
    if (step.value.byteLength > 0) return step.value;
  }
}

async function* resumed(
  first: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield first;
    for (;;) {
      const step = await source.next();
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await source.return?.();
  }
}

/** `deflate` means zlib, but servers exist that send it bare: the low half of zlib's first byte is always 8. */
function decoderFor(coding: string, first: Uint8Array): Gunzip | Inflate | InflateRaw | null {
  const options = { chunkSize: CHUNK_BYTES };
  if (coding === "gzip" || coding === "x-gzip") return createGunzip(options);
  if (coding === "deflate") {
    return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options);
  }
  return null;
}

/** Reads a small body whole. More than `maxBytes` throws `TransportError` (`http.body-too-large`) and closes it. */
export async function readWhole(body: AsyncIterable<Uint8Array>, maxBytes: number, label: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new TransportError(`${label}: the body is larger than ${maxBytes} bytes`, {
        code: "http.body-too-large",
        context: { maxBytes },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
