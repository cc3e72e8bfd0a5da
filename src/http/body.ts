import { pipeline } from "node:stream";
import type { Transform } from "node:stream";
import { createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { TransportError } from "../errors.ts";

/** Bytes that a decoder returns at a time. A streamed body holds these and the socket's own 64 KiB in memory. */
const CHUNK_BYTES = 64 * 1024;

/** After so many bytes from the network a body's buffers are freed: reading into ever new memory is slower. */
const FREED_EVERY = 8 * 1024 * 1024;

/**
 * Passes a body on; throws `TransportError` (`http.short-body`) at its end if its length was not its Content-Length.
 */
export async function* counted(
  body: AsyncIterable<Uint8Array>,
  promised: number | null,
  label: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    if (bytes % FREED_EVERY > (bytes + chunk.byteLength) % FREED_EVERY) globalThis.gc?.({ type: "minor" });
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
  /** The pace is measured over this much waiting. */
  readonly periodMs: number;
  /** Bytes that must arrive in that time, before decompression. */
  readonly bytesMin: number;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
}

/**
 * Passes a body on; throws `TransportError` (`http.timeout`) if it arrives more slowly than the pace: an occasional
 * byte would never trigger the time-out for silence. The reader's own time does not count.
 */
export async function* paced(
  body: AsyncIterable<Uint8Array>,
  { periodMs, bytesMin, now }: Pace,
  label: string,
): AsyncGenerator<Uint8Array> {
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
 * Decodes Content-Encoding as a stream. A cut, damaged or unknown coding throws `TransportError` (`http.bad-encoding`).
 * So does an encoded body without any byte, unless `emptyAllowed`.
 */
export async function* decoded(
  body: AsyncIterable<Uint8Array>,
  coding: string,
  label: string,
  emptyAllowed: boolean,
): AsyncGenerator<Uint8Array> {
  if (coding === "" || coding === "identity") {
    yield* body;
    return;
  }
  const source = body[Symbol.asyncIterator]();
  const first = await firstChunk(source);
  if (first === null) {
    if (emptyAllowed) return;
    throw badEncoding(label, `its ${coding} stream is empty`);
  }
  const decoder = decoderFor(coding, first);
  if (decoder === null) {
    await source.return?.();
    throw badEncoding(label, `content-encoding ${coding} was not requested`);
  }
  // The iteration below throws the error of either side; the callback only satisfies the signature.
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

async function* resumed(first: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
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
function decoderFor(coding: string, first: Uint8Array): Transform | null {
  const options = { chunkSize: CHUNK_BYTES };
  if (coding === "gzip" || coding === "x-gzip") return createGunzip(options);
  if (coding === "deflate") {
    return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options);
  }
  return null;
}

export interface LargeBodies {
  /** Larger ones are large. */
  readonly bytes: number;
  /** Lets one begin: resolves with the memory in which it is put together, of at least the greatest size. */
  readonly begin: () => Promise<Uint8Array>;
}

/**
 * Reads a body whole. More than `maxBytes` throws `TransportError` (`http.body-too-large`) and closes it. Default: no body
 * is large.
 */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  label: string,
  large: LargeBodies | null = null,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let whole: Uint8Array | null = null;
  let bytes = 0;
  for await (const chunk of body) {
    const at = bytes;
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new TransportError(`${label}: the body is larger than ${maxBytes} bytes`, {
        code: "http.body-too-large",
        context: { maxBytes },
      });
    }
    if (whole === null && large !== null && bytes > large.bytes) {
      whole = await large.begin();
      whole.set(Buffer.concat(chunks.splice(0), at));
    }
    if (whole === null) chunks.push(chunk);
    else whole.set(chunk, at);
  }
  return whole?.subarray(0, bytes) ?? Buffer.concat(chunks, bytes);
}
