import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** One thing that goes wrong with one request on its way to the server or back. */
export type Fault =
  /** Answered here; the server never hears of it. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is reset once this many bytes of the request's body have been passed on. */
  | { readonly kind: "reset-in-body"; readonly afterBytes: number }
  /** The server answers in full, and the answer is lost with the connection. */
  | { readonly kind: "lose-answer" }
  /** Taken, and never answered. */
  | { readonly kind: "stall" }
  /** One byte of the request's body arrives changed. */
  | { readonly kind: "corrupt" }
  /** The connection is reset once this many bytes of the answer's body have been passed on. */
  | { readonly kind: "cut-answer"; readonly afterBytes: number };

/** A proxy before an HTTP server that lets requests through until it is told what goes wrong with the next ones. */
export interface FaultProxy {
  readonly endpoint: string;
  /** Methods of the requests so far, first to last. */
  readonly requests: readonly string[];
  /** Gives the next requests with this method these faults, one each, in this order. */
  fail(method: string, ...faults: readonly Fault[]): void;
  /** Called once when this many bytes of a request's body have passed. */
  onBodyBytes(bytes: number, reached: () => void): void;
  close(): Promise<void>;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream);
  const faults: { method: string; fault: Fault }[] = [];
  const requests: string[] = [];
  let watch: { readonly bytes: number; readonly reached: () => void } | null = null;

  const watchedBody = (fault: Fault | null, socket: Socket): Transform => {
    let seen = 0;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        if (fault?.kind === "corrupt" && seen === 0) chunk[0] = (chunk[0] ?? 0) ^ 1;
        seen += chunk.length;
        if (watch !== null && seen >= watch.bytes) {
          const { reached } = watch;
          watch = null;
          reached();
        }
        if (fault?.kind === "reset-in-body" && seen > fault.afterBytes) {
          socket.resetAndDestroy();
          done(new Error("reset by the fault proxy"));
          return;
        }
        done(null, chunk);
      },
    });
  };

  const answerOf = async (fault: Fault | null, request: IncomingMessage): Promise<IncomingMessage> => {
    const headers = { ...request.headers };
    delete headers.expect;
    const outgoing = forward({ hostname, port, method: request.method, path: request.url, headers, agent: false });
    const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    await pipeline(request, watchedBody(fault, request.socket), outgoing);
    return (await answered)[0];
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", socket } = request;
    requests.push(method);
    const index = faults.findIndex((planned) => planned.method === method);
    const fault = index < 0 ? null : (faults.splice(index, 1)[0]?.fault ?? null);
    if (fault?.kind === "stall") return;
    if (fault?.kind === "answer") {
      await request.resume().toArray();
      response.writeHead(fault.status, { "content-type": "application/xml", ...fault.headers });
      const code = fault.code ?? "InternalError";
      response.end(method === "HEAD" ? "" : `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
      return;
    }
    const answer = await answerOf(fault, request);
    if (fault?.kind === "lose-answer") {
      await answer.resume().toArray();
      socket.resetAndDestroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fault?.kind !== "cut-answer") {
      await pipeline(answer, response);
      return;
    }
    let passed = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, fault.afterBytes - passed);
      passed += part.length;
      await new Promise((resolve) => response.write(part, resolve));
      if (passed >= fault.afterBytes) break;
    }
    socket.resetAndDestroy();
  };

  const server = createServer((request, response) => {
    // A connection that either side cut is what this proxy is for.
    const { socket } = request;
    handle(request, response).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the fault proxy has no port");

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    fail(method, ...planned) {
      faults.push(...planned.map((fault) => ({ method, fault })));
    },
    onBodyBytes(bytes, reached) {
      watch = { bytes, reached };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
