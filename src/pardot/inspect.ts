import { assert } from "../errors.ts";
import type { HttpRequest, HttpResponse } from "../http/transport.ts";
import { readEnvelope } from "./envelope.ts";
import { treatmentOf } from "./failure.ts";
import type { Failure, Outcome, ResponseHead } from "./failure.ts";
import type { Version } from "./pardot.ts";
import { JSON_TYPE } from "./protocol.ts";
import { resultAddress } from "./result-address.ts";

/** One request by `probe`, which needs the unchanged response, whatever its status. */
export interface Inspection {
  /** As calls are counted. */
  readonly kind: string;
  /** Path and parameters at the API host; of a file, its address as an export names it. */
  readonly address: (version: Version) => string;
  /** The JSON that creates an export; null, the default, for a GET. */
  readonly body?: string | null;
  /** Whether it is a result file. Default false. */
  readonly isFile?: boolean;
  /** Bytes after which the rest of the body is left. */
  readonly bytesMax: number;
}

export interface Inspected {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether the body ended before `bytesMax`. */
  readonly isWhole: boolean;
  /** Why it is not the requested response; null for one that is, and for a file. */
  readonly failure: Failure | null;
}

/** The request without token. Throws `RemoteError` for a file elsewhere than at Pardot (`resultAddress`). */
export function inspectionRequest(
  { address, body = null, isFile = false }: Inspection,
  apiUrl: URL,
): (version: Version) => HttpRequest {
  return (version) => {
    const url = isFile ? resultAddress(address(version), apiUrl) : new URL(address(version), apiUrl);
    assert(isFile || (url.origin === apiUrl.origin && url.pathname.startsWith("/api/")), "an address of the API");
    if (body === null) return { method: "GET", url, headers: {}, body, isFile };
    return { method: "POST", url, headers: { "content-type": JSON_TYPE }, body };
  };
}

/**
 * Reads a response that may be anything. The only failures are those that calls must wait or stop for: a refused token,
 * the day's limit, the limits per minute and of requests in flight.
 */
export async function readInspected(
  response: HttpResponse,
  head: ResponseHead,
  { isFile = false, bytesMax }: Inspection,
): Promise<Outcome<Inspected>> {
  const { body, isWhole } = await firstBytes(response.body, bytesMax);
  const isDelivered = isFile && head.status === 200;
  const envelope = isDelivered ? null : readEnvelope(body, head, true);
  const failure = envelope === null || envelope.ok ? null : envelope.failure;
  if (failure !== null && mustStop(failure)) return { ok: false, failure };
  return { ok: true, value: { status: head.status, headers: head.headers, body, isWhole, failure } };
}

function mustStop(failure: Failure): boolean {
  const treatment = treatmentOf(failure);
  return treatment === "refresh" || treatment === "defer" || treatment === "wait-minute" || failure.code === 66;
}

async function firstBytes(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<{ readonly body: Uint8Array; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Leaving the loop closes the connection.
    if (bytes > bytesMax) return { body: Buffer.concat(chunks, bytes).subarray(0, bytesMax), isWhole: false };
  }
  return { body: Buffer.concat(chunks, bytes), isWhole: true };
}
