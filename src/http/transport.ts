import type { Dispatcher, ProxyAgent } from "undici";
// The package as a whole also loads fetch, WebSocket, caches and mocks: twice the time. Only a proxy needs it.
import undiciRequest from "undici/lib/api/api-request.js";
import Agent from "undici/lib/dispatcher/agent.js";
import { PardotEtlError, TransportError } from "../errors.ts";
import { assertSendable } from "../platform/address.ts";
import { startWatchdog, systemClock } from "../platform/clock.ts";
import type { Watchdog } from "../platform/clock.ts";
import { NO_CONNECTION_HINT, proxyFor, proxyVariables } from "../platform/proxy.ts";
import type { ProxyVariables } from "../platform/proxy.ts";
import { counted, decoded, paced, tooSlow } from "./body.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** True: the response may be of any size, so its pace is bounded instead of its duration. */
  readonly isFile?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; a repeated header joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Decompressed, to be iterated once at the reader's pace; about 64 KiB each of the socket and the decoder are held.
   * Throws `TransportError` if it ends early, stalls or is damaged, and the signal's reason. Leaving the loop closes
   * the connection.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * True if only the end of the connection ends the body: it has neither a length, nor chunks, nor a compression with
   * its own end. Such a body looks complete even if it was cut in transit.
   */
  readonly endsByClose: boolean;
}

/**
 * Sends one request and returns the response, whatever its status. Never follows redirects, because they would carry a
 * token along. Throws `TransportError` (retryable if the same request may work later) or the signal's reason.
 * `http.not-sent` means that there was no connection, so the server cannot have processed anything.
 */
export type Transport = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface Connections {
  readonly transport: Transport;
  /** Closes every connection at once, including those in use. */
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  /** Connections to one host. */
  readonly connections: number;
  /** Longest wait for a connection, for the headers, and for each next byte of a body, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Default: this process's variables. */
  readonly proxy?: ProxyVariables;
}

/**
 * The headers of a response must be complete within this many time-outs. So must a body that is not a file, and each period
 * of a file's pace, not counting the time of their reader. The time-out alone bounds silence, not an occasional byte.
 */
const SLOWEST = 10;
/** The slowest file: a slower link is broken. 200 MB would take seven hours. */
const FILE_BYTES_PER_SECOND = 8 * 1024;

/** The transport over real sockets: HTTP/1.1 with keep-alive. */
export function openConnections(options: ConnectionsOptions): Connections {
  const settings = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: options.requestTimeoutMs,
    bodyTimeout: options.requestTimeoutMs,
    // Shorter than the idle limit of common load balancers: a connection that was just closed there costs a retry.
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 4000,
    maxResponseSize: -1,
  };
  const connect = { timeout: options.requestTimeoutMs };
  const direct = new Agent({ ...settings, connect });
  const proxied = new Map<string, Promise<ProxyAgent>>();
  const variables = options.proxy ?? proxyVariables();
  // Tunnels through a proxy, so that TLS passes through it whole and it sees no token.
  const through = (proxy: URL): Promise<ProxyAgent> => {
    const known = proxied.get(proxy.href);
    if (known !== undefined) return known;
    const agent = import("undici").then(
      (undici) => new undici.ProxyAgent({ ...settings, uri: proxy.href, proxyTls: connect, requestTls: connect }),
    );
    proxied.set(proxy.href, agent);
    return agent;
  };
  const slowestMs = options.requestTimeoutMs * SLOWEST;
  return {
    transport: async (request, signal) => {
      assertSendable(request.url);
      const proxy = proxyFor(request.url, variables);
      return send(proxy === null ? direct : await through(proxy), request, signal, { slowestMs, proxy });
    },
    close: async () => {
      const tunnels = await Promise.allSettled(proxied.values());
      const agents = tunnels.flatMap((tunnel) => (tunnel.status === "fulfilled" ? [tunnel.value] : []));
      await Promise.all([direct, ...agents].map((agent) => agent.destroy()));
    },
  };
}

async function send(
  agent: Dispatcher,
  request: HttpRequest,
  signal: AbortSignal,
  { slowestMs, proxy }: { readonly slowestMs: number; readonly proxy: URL | null },
): Promise<HttpResponse> {
  signal.throwIfAborted();
  const label = `${request.method} ${request.url.host}${request.url.pathname}`;
  const limit = startWatchdog(slowestMs, () => tooSlow(label, `no headers after ${Math.round(slowestMs / 1000)} s`));
  const ends: Ends = { signal, limit, proxy };
  try {
    const response = await undiciRequest.call(agent, {
      origin: request.url.origin,
      path: `${request.url.pathname}${request.url.search}`,
      method: request.method,
      headers: { ...request.headers, "accept-encoding": "gzip, deflate" },
      body: request.body,
      signal: AbortSignal.any([signal, limit.signal]),
    });
    limit.stop();
    const headers = flatHeaders(response.headers);
    const raw = counted(response.body, contentLength(headers), label);
    // Infinity: all of it must arrive in one period.
    const bytesMin = request.isFile === true ? (slowestMs * FILE_BYTES_PER_SECOND) / 1000 : Infinity;
    const pace = { periodMs: slowestMs, bytesMin, now: () => systemClock.monotonic() };
    const coding = (headers["content-encoding"] ?? "").trim().toLowerCase();
    const isFramed = headers["content-length"] !== undefined || /\bchunked\b/i.test(headers["transfer-encoding"] ?? "");
    const isCompressed = coding !== "" && coding !== "identity";
    // No content has no stream either, whatever coding a server announces for it.
    const emptyAllowed = response.statusCode === 204 || response.statusCode < 200 || response.statusCode > 299;
    const body = decoded(paced(raw, pace, label), coding, label, emptyAllowed);
    return {
      status: response.statusCode,
      headers,
      body: translated(body, ends, label),
      endsByClose: !isFramed && !isCompressed,
    };
  } catch (error) {
    limit.stop();
    throw ownError(error, ends, label);
  }
}

/** What can end a request on our side (the caller's signal, its time limit), and the proxy it went through. */
interface Ends {
  readonly signal: AbortSignal;
  readonly limit: Watchdog;
  readonly proxy: URL | null;
}

async function* translated(body: AsyncIterable<Uint8Array>, ends: Ends, label: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw ownError(error, ends, label);
  }
}

function flatHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

function contentLength(headers: Readonly<Record<string, string>>): number | null {
  const text = headers["content-length"];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const NOT_SENT = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
const UNTRUSTED = /CERT|SIGNATURE|ERR_TLS|ERR_SSL/;
const TIMED_OUT = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/** The status with which a proxy refused a tunnel; undici reports it only in its message. */
function refusedTunnel(error: unknown): string | null {
  return (error instanceof Error && /^Proxy response \((\d{3})\)/.exec(error.message)?.[1]) || null;
}

/**
 * The only place where a socket's error becomes ours. The original is not kept as cause: undici's parser error holds
 * the bytes that it could not parse, and those of a token response are secret.
 */
function ownError(error: unknown, { signal, limit, proxy }: Ends, label: string): Error {
  if (signal.aborted) return signal.reason as Error;
  if (limit.signal.aborted) return limit.signal.reason as Error;
  if (error instanceof PardotEtlError) return error;
  const code = codeOf(error);
  // A request that undici refuses to send is our mistake, not the network's.
  if (code === "UND_ERR_INVALID_ARG" && error instanceof Error) return error;
  if (UNTRUSTED.test(code)) {
    return new TransportError(`${label}: the server's certificate is not trusted (${code})`, {
      code: "http.untrusted",
      hint: "Check the address; behind an inspecting proxy, name its certificate in NODE_EXTRA_CA_CERTS.",
      context: { network: code },
    });
  }
  const refused = proxy === null ? null : refusedTunnel(error);
  const way = proxy === null ? "" : ` through the proxy ${proxy.host}`;
  const [name, why] =
    refused !== null
      ? ["http.not-sent", `the proxy ${proxy?.host ?? ""} refuses a tunnel (HTTP ${refused})`]
      : NOT_SENT.has(code)
        ? ["http.not-sent", `no connection${way} (${code})`]
        : TIMED_OUT.has(code)
          ? ["http.timeout", `no byte arrived within the time-out (${code})`]
          : ["http.cut", `the connection broke (${code})`];
  const hint = name === "http.not-sent" ? { hint: NO_CONNECTION_HINT } : {};
  return new TransportError(`${label}: ${why}`, { code: name, ...hint, retryable: true, context: { network: code } });
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
}
