/** Sends a response, compressed for clients that accept it, and breaks it according to the fault. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import type { FaultRule } from "../faults.ts";

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  /** Whole, or in pieces made while they are sent. */
  readonly body: string | Iterable<string | Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function jsonReply(body: object, status = 200): Reply {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

export interface SendContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gzip: boolean;
  readonly fault: FaultRule | null;
  /** Simulated time of the Date header. */
  readonly now: number;
  readonly sent: (bytes: number) => void;
  /** Called before the last byte is sent: the client may send its next request before our socket is closed. */
  readonly finished: () => void;
}

/** Resolves when the response is sent, or the connection closed. Memory: one piece. */
export async function sendReply(reply: Reply, context: SendContext): Promise<void> {
  const { request, response, fault } = context;
  const isGzip = context.gzip && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  response.sendDate = false;
  // As recorded in pardot/api-docs issue 232.
  response.setHeader("Date", new Date(context.now).toUTCString());
  response.setHeader("Expires", "Thu, 19 Nov 1981 08:52:00 GMT");
  response.setHeader("Cache-Control", "no-store, no-cache, must-revalidate");
  response.setHeader("Vary", "Accept-Encoding,User-Agent");
  response.setHeader("Server", "PardotServer");
  response.setHeader("Content-Type", reply.contentType);
  for (const [name, value] of Object.entries({ ...reply.headers, ...fault?.headers })) response.setHeader(name, value);
  if (isGzip) response.setHeader("Content-Encoding", "gzip");
  response.statusCode = reply.status;
  if (reply.status === 204) {
    response.removeHeader("Content-Type");
    await sendPieces([], context);
    return;
  }
  if (fault?.unframed === true) {
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  if (fault?.partial !== undefined && reply.status === 200) {
    await sendPart(reply.body, fault.partial, context);
    return;
  }
  if (typeof reply.body === "string") {
    const bytes = isGzip ? gzipSync(reply.body, { level: 1 }) : Buffer.from(reply.body);
    const announced = fault?.quiet === true ? Math.min(fault.truncate ?? bytes.length, bytes.length) : bytes.length;
    if (fault?.unframed !== true) response.setHeader("Content-Length", announced);
    await sendPieces([bytes], context);
    return;
  }
  if (isGzip || fault?.unframed === true) response.removeHeader("Content-Length");
  const pieces = Readable.from(encoded(reply.body), { objectMode: true });
  await sendPieces(isGzip ? pieces.pipe(createGzip({ level: 1 })) : pieces, context);
}

function* encoded(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === "string" ? Buffer.from(piece) : piece;
}

async function sendPart(body: Reply["body"], length: number, context: SendContext): Promise<void> {
  const whole = Buffer.concat([...encoded(typeof body === "string" ? [body] : body)]);
  const part = whole.subarray(0, length);
  const { response } = context;
  response.statusCode = 206;
  response.removeHeader("Content-Encoding");
  response.setHeader("Content-Length", part.length);
  response.setHeader("Content-Range", `bytes 0-${part.length - 1}/${whole.length}`);
  await sendPieces([part], context);
}

async function sendPieces(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { response, fault, sent, finished }: SendContext,
): Promise<void> {
  let left = fault?.truncate ?? Number.POSITIVE_INFINITY;
  for await (const piece of pieces) {
    const part = piece.length > left ? piece.subarray(0, left) : piece;
    left -= part.length;
    sent(part.length);
    if (!(await write(response, part))) return;
    if (left > 0) continue;
    if (fault?.stall === true) return;
    if (fault?.quiet === true) break;
    response.destroy();
    return;
  }
  finished();
  response.end();
}

/** Returns false if the client has disconnected. */
async function write(response: ServerResponse, bytes: Uint8Array): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
  return !response.destroyed;
}
