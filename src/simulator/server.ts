/** The HTTP server for the API, the token endpoint and the controls. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { addressRefusal } from "./api/api-call.ts";
import { respondTo } from "./api/api.ts";
import { respondToV5, withFrozenLimit } from "./api/v5/respond.ts";
import { isV5, v5KindOf } from "./api/v5/route.ts";
import { respondToControl } from "./control.ts";
import type { Controls } from "./control.ts";
import type { FaultRule } from "./faults.ts";
import { sendReply } from "./api/reply.ts";
import type { Reply } from "./api/reply.ts";
import { kindOf, parseRoute } from "./api/route.ts";
import type { Simulation } from "./simulation.ts";
import { countRequest } from "./stats.ts";
import type { RequestRecord } from "./stats.ts";

const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Creates the server, not yet listening. Calls `current` for each request, because a reset replaces the simulation. */
export function createSimulatorServer(current: () => Simulation, controls: Controls): Server {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://simulator.invalid");
    handle({ request, response, url, state: current() }, controls).catch((error: unknown) => {
      // A bug of the simulator: report it where the test sees it.
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { "Content-Type": "text/plain" }).end(`simulator: ${String(error)}\n`);
    });
  });
  // Longer than a test blocks on something else: its idle connection would otherwise be closed before its next request.
  server.keepAliveTimeout = 600_000;
  return server;
}

/** A request with the simulation that it meets. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly state: Simulation;
}

async function handle(exchange: Exchange, controls: Controls): Promise<void> {
  const { request, response, url } = exchange;
  const path = url.pathname;
  if (path.startsWith("/__sim")) await respondToControl(request, response, url, controls, await readBody(request));
  else if (path.startsWith("/api/")) await handleApi(exchange);
  else if (path === "/services/oauth2/token") await handleToken(exchange);
  else response.writeHead(404, { "Content-Type": "text/html" }).end("<html><body>Not found</body></html>\n");
}

async function handleApi(exchange: Exchange): Promise<void> {
  const { request, response, url, state } = exchange;
  const { limits, options } = state;
  const leave = once(() => limits.leave());
  limits.enter();
  response.once("close", leave);
  const limit = limits.count();
  const body = await readBody(request);
  const inQuery = new Map(url.searchParams);
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers["content-type"] ?? "");
  const parameters = new Map([...inQuery, ...(isForm ? new URLSearchParams(body) : [])]);
  const path = url.pathname;
  const toV5 = isV5(path);
  const kind = toV5 ? v5KindOf(path, request.method ?? "GET") : kindOf(parseRoute(path));
  const record = recordOf(exchange, kind, parameters);
  const fault = await applyFault(exchange, toV5 ? withFrozenLimit(parameters) : parameters);
  if (fault === "gone") return;
  const headers = request.headers;
  const origin = originOf(request);
  const call = { path, method: record.method, headers, inQuery, parameters, body, fault, limit, origin };
  const tooLong = addressRefusal(record.method, request.url ?? "", options.knobs);
  const reply = tooLong ?? (toV5 ? respondToV5(call, state) : respondTo(call, state));
  record.status = reply.status;
  await send(reply, exchange, fault, options.knobs.gzip, leave);
}

async function handleToken(exchange: Exchange): Promise<void> {
  const { request, url, state } = exchange;
  const body = await readBody(request);
  const form = new Map([...url.searchParams, ...new URLSearchParams(body)]);
  const shown = new Map([...form].filter(([name]) => name === "grant_type"));
  const record = recordOf(exchange, "token", shown);
  const fault = await applyFault(exchange, form);
  if (fault === "gone") return;
  const reply = (fault === null ? null : tokenFault(fault)) ?? (await tokenReply(request, form, state));
  record.status = reply.status;
  await send(reply, exchange, fault, false);
}

async function tokenReply(
  request: IncomingMessage,
  form: ReadonlyMap<string, string>,
  state: Simulation,
): Promise<Reply> {
  const { status, body } =
    request.method === "POST"
      ? await state.desk.respond(form, basicOf(request), originOf(request))
      : { status: 400, body: { error: "invalid_request", error_description: "must use HTTP POST" } };
  return { status, contentType: "application/json;charset=UTF-8", body: JSON.stringify(body) };
}

/** The faulty response of the token endpoint: `status` with `message` as the OAuth error, else an HTML page. */
function tokenFault(fault: FaultRule): Reply | null {
  if (fault.text !== undefined) return { status: fault.status ?? 200, contentType: "text/plain", body: fault.text };
  if (fault.status === undefined && fault.html !== true && fault.garbage !== true) return null;
  if (fault.garbage === true) return { status: 200, contentType: "application/json", body: '{"access_token":' };
  if (fault.message === undefined) {
    return { status: fault.status ?? 200, contentType: "text/html", body: "<html><body>Maintenance</body></html>\n" };
  }
  const [error = "", description = ""] = fault.message.split(": ");
  const body = JSON.stringify({ error, error_description: description });
  return { status: fault.status ?? 400, contentType: "application/json;charset=UTF-8", body };
}

/** Applies latency, and faults without a response: returns `gone` after those. */
async function applyFault(
  { request, response, url, state }: Exchange,
  parameters: ReadonlyMap<string, string>,
): Promise<FaultRule | null | "gone"> {
  const fault = state.faults.next(request.method ?? "GET", url.pathname + url.search, parameters);
  const delay = state.options.latencyMs + (fault?.delayMs ?? 0);
  if (delay > 0) await pause(delay);
  if (fault?.reset === true) {
    request.socket.resetAndDestroy();
    return "gone";
  }
  if (fault?.hang === true) {
    if (!response.destroyed) await new Promise<void>((resolve) => void response.once("close", resolve));
    return "gone";
  }
  return fault;
}

async function send(
  reply: Reply,
  { request, response, state }: Exchange,
  fault: FaultRule | null,
  gzip: boolean,
  finished: () => void = () => undefined,
): Promise<void> {
  const sent = (bytes: number): void => {
    state.counters.bytesSent += bytes;
  };
  await sendReply(reply, { request, response, gzip, fault, now: state.clock.now(), sent, finished });
}

function recordOf(
  { request, url, state }: Exchange,
  kind: string,
  parameters: ReadonlyMap<string, string>,
): RequestRecord {
  const record: RequestRecord = {
    at: new Date(state.clock.now()).toISOString(),
    method: request.method ?? "GET",
    path: url.pathname,
    parameters: Object.fromEntries(parameters),
    kind,
    status: null,
  };
  countRequest(state.counters, record);
  return record;
}

function basicOf(request: IncomingMessage): readonly [string, string] | null {
  const encoded = /^Basic (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const [user = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return [decodeURIComponent(user), decodeURIComponent(rest.join(":"))];
}

function originOf(request: IncomingMessage): string {
  return `http://${request.headers.host ?? "127.0.0.1"}`;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`request body longer than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
