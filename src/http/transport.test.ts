import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { caught } from "../../test/kit/fakes/pardot.ts";
import { NEVER } from "../platform/clock.ts";
import { readWhole } from "./body.ts";
import { openConnections } from "./transport.ts";
import type { Connections, HttpResponse } from "./transport.ts";

// Holds G8: redirects are not followed.

const TEXT = 'id,name\n1,"Zoë\n🎈"\n'.repeat(2000);

let server: Server;
let answer: RequestListener;
let seen: IncomingMessage[];
let connections: Connections;
let closed: Promise<void>;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request);
    closed = new Promise((resolve) => {
      response.on("close", () => resolve());
    });
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // Long enough that nothing but silence runs into it, and shorter than undici's coarse timer.
  connections = openConnections({ connections: 2, requestTimeoutMs: 400 });
});

afterEach(async () => {
  await connections.close();
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function address(path = "/file"): URL {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return new URL(`http://127.0.0.1:${bound.port}${path}`);
}

function get(signal: AbortSignal = NEVER): Promise<HttpResponse> {
  return connections.transport({ method: "GET", url: address(), headers: { "x-test": "1" }, body: null }, signal);
}

async function text(response: HttpResponse): Promise<string> {
  return new TextDecoder().decode(await readWhole(response.body, 1e7, "read"));
}

/** Sends a body without length and chunks, as a server of HTTP/1.0 does. */
function unframed(response: ServerResponse, headers: Record<string, string>, body: Uint8Array | string): void {
  response.useChunkedEncodingByDefault = false;
  response.shouldKeepAlive = false;
  response.writeHead(200, headers).end(body);
}

function cutAfter(response: ServerResponse, part: Uint8Array | string): void {
  response.write(part, () => response.destroy());
}

describe("requests and responses", () => {
  test("status, lower-case headers and body are returned unchanged; compression is requested", async () => {
    answer = (_request, response) => {
      response.writeHead(404, { "X-Pardot-Route": "r", "Set-Cookie": ["a", "b"] }).end(TEXT);
    };
    const response = await get();
    expect(response.status).toBe(404);
    expect(response.headers).toMatchObject({ "x-pardot-route": "r", "set-cookie": "a, b" });
    expect(await text(response)).toBe(TEXT);
    expect(seen[0]?.headers).toMatchObject({ "x-test": "1", "accept-encoding": "gzip, deflate" });
  });

  test("a form is posted with its length", async () => {
    let posted = "";
    answer = (request, response) => {
      request.on("data", (chunk: Buffer) => (posted += chunk.toString()));
      request.on("end", () => response.end("ok"));
    };
    const request = { method: "POST" as const, url: address(), headers: {}, body: "a=ä" };
    expect(await text(await connections.transport(request, NEVER))).toBe("ok");
    expect([posted, seen[0]?.headers["content-length"]]).toEqual(["a=ä", "4"]);
  });

  test.each([
    ["gzip", gzipSync(TEXT)],
    ["GZIP ", gzipSync(TEXT)],
    ["deflate", deflateSync(TEXT)],
    ["deflate", deflateRawSync(TEXT)],
    ["identity", Buffer.from(TEXT)],
  ])("%s is undone", async (coding, bytes) => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-encoding": coding, "content-length": bytes.byteLength }).end(bytes);
    };
    expect(await text(await get())).toBe(TEXT);
  });

  test.each<[string, boolean, RequestListener]>([
    ["with a length", false, (_request, response) => void response.writeHead(200, { "content-length": 2 }).end("ab")],
    ["in chunks", false, (_request, response) => void response.write("a", () => response.end("b"))],
    [
      "with gzip's own end",
      false,
      (_request, response) => unframed(response, { "content-encoding": "gzip" }, gzipSync("ab")),
    ],
    ["with nothing but the connection's end", true, (_request, response) => unframed(response, {}, "ab")],
  ])("a body %s: endsByClose is %s", async (_how, endsByClose, listener) => {
    answer = listener;
    const response = await get();
    expect(response.endsByClose).toBe(endsByClose);
    expect(await text(response)).toBe("ab");
  });

  test("connections are reused", async () => {
    answer = (_request, response) => response.end("x");
    for (let times = 0; times < 6; times += 1) await text(await get());
    expect(new Set(seen.map((request) => request.socket.remotePort)).size).toBeLessThanOrEqual(2);
  });

  test("a redirect is returned like any other response", async () => {
    answer = (_request, response) => response.writeHead(302, { location: "https://evil.test/" }).end();
    expect((await get()).status).toBe(302);
    expect(seen).toHaveLength(1);
  });

  test("plain HTTP to another machine is refused before anything is sent", async () => {
    const url = new URL("http://pi.pardot.com/");
    const error = await caught(connections.transport({ method: "GET", url, headers: {}, body: null }, NEVER));
    expect(error).toMatchObject({ code: "http.plain-refused", retryable: false });
  });
});

describe("failures are distinguished, and may be retried", () => {
  test("silence before the headers", async () => {
    answer = () => undefined;
    expect(await caught(get())).toMatchObject({ code: "http.timeout", retryable: true, exitCode: 5 });
  });

  test("silence in the body", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("some");
    };
    expect(await caught(get().then(text))).toMatchObject({ code: "http.timeout" });
  });

  test("a body shorter than its Content-Length", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      cutAfter(response, "some");
    };
    expect(await caught(get().then(text))).toMatchObject({ code: "http.cut", retryable: true });
  });

  test("a chunked body without its end", async () => {
    answer = (_request, response) => cutAfter(response, "some");
    expect(await caught(get().then(text))).toMatchObject({ code: "http.cut" });
  });

  test.each([
    ["in the middle", gzipSync(TEXT).subarray(0, 40)],
    ["before its check sum", gzipSync(TEXT).subarray(0, -8)],
    ["before its first byte", Buffer.alloc(0)],
    ["never begun", Buffer.from("this is no gzip stream")],
  ])("a gzip stream that is cut %s though the body is whole", async (_where, bytes) => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": bytes.byteLength }).end(bytes);
    };
    expect(await caught(get().then(text))).toMatchObject({ code: "http.bad-encoding", retryable: true });
  });

  test("a damaged gzip stream", async () => {
    const bytes = gzipSync(TEXT);
    bytes[bytes.length - 6] = (bytes.at(-6) ?? 0) ^ 1;
    answer = (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bytes);
    expect(await caught(get().then(text))).toMatchObject({ code: "http.bad-encoding" });
  });

  test("no content (204) with gzip has an empty body, because it has no stream that could be cut", async () => {
    answer = (_request, response) => response.writeHead(204, { "content-encoding": "gzip" }).end();
    const response = await get();
    expect([response.status, await text(response)]).toEqual([204, ""]);
  });

  test("an empty error response with gzip has an empty body, because its status matters", async () => {
    answer = (_request, response) => response.writeHead(401, { "content-encoding": "gzip" }).end();
    const response = await get();
    expect([response.status, await text(response)]).toEqual([401, ""]);
  });

  test("a coding that was not requested", async () => {
    answer = (_request, response) => response.writeHead(200, { "content-encoding": "br" }).end("x");
    expect(await caught(get().then(text))).toMatchObject({ code: "http.bad-encoding" });
  });

  test("no listener: nothing was sent", async () => {
    const url = address();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const error = await caught(connections.transport({ method: "GET", url, headers: {}, body: null }, NEVER));
    expect(error).toMatchObject({ code: "http.not-sent", context: { network: "ECONNREFUSED" } });
  });

  test("bytes that are not HTTP: the error contains none of them", async () => {
    answer = (request) => request.socket.end("canary-of-a-body\r\n\r\n");
    const error = await caught(get());
    expect(error).toMatchObject({ code: "http.cut" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("canary");
    expect((error as Error).cause).toBeUndefined();
  });
});

describe("a byte now and then", () => {
  let slow: Connections;
  let trickle: NodeJS.Timeout | undefined;
  beforeEach(() => {
    // Silence is bounded by undici's coarse timer of half a second, the whole by ten times this.
    slow = openConnections({ connections: 2, requestTimeoutMs: 60 });
  });
  afterEach(async () => {
    clearInterval(trickle);
    await slow.close();
  });
  const ask = (isFile: boolean): Promise<string> =>
    slow.transport({ method: "GET", url: address(), headers: {}, body: null, isFile }, NEVER).then(text);
  const drip = (write: () => void): void => {
    trickle = setInterval(write, 20);
  };

  test.each([true, false])("does not keep a request alive in the headers (file: %s)", async (isFile) => {
    answer = (request) => {
      request.socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      drip(() => request.socket.write("a"));
    };
    expect(await caught(ask(isFile))).toMatchObject({ code: "http.timeout", retryable: true });
    await closed;
  });

  test.each([true, false])("does not keep a request alive in the body (file: %s)", async (isFile) => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": 1e6 });
      drip(() => response.write("a"));
    };
    expect(await caught(ask(isFile))).toMatchObject({ code: "http.timeout", retryable: true });
    await closed;
  });

  test("does not keep a compressed response alive whose bytes decode to nothing", async () => {
    const empty = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
    answer = (_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.write(gzipSync("").subarray(0, 10));
      drip(() => response.write(empty));
    };
    for (const isFile of [true, false]) expect(await caught(ask(isFile))).toMatchObject({ code: "http.timeout" });
  });

  test.each([true, false])("may come to a reader that takes its time (file: %s)", async (isFile) => {
    answer = (_request, response) => void response.end("x".repeat(200_000));
    const { body } = await slow.transport({ method: "GET", url: address(), headers: {}, body: null, isFile }, NEVER);
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      // Longer than a small response may take.
      if (bytes === chunk.byteLength) await new Promise((resolve) => void setTimeout(resolve, 700));
    }
    expect(bytes).toBe(200_000);
  });

  test("may make up a file that arrives fast enough, for longer than a small response may take", async () => {
    answer = (_request, response) => {
      let left = 40;
      drip(() => (left-- > 0 ? response.write("x".repeat(1000)) : response.end()));
    };
    expect(await ask(true)).toHaveLength(40_000);
  });
});

describe("stopping", () => {
  test("an aborted signal rejects with its reason, before, during headers and during the body", async () => {
    const reason = new Error("stopped");
    answer = () => undefined;
    expect(await caught(get(AbortSignal.abort(reason)))).toBe(reason);
    expect(seen).toHaveLength(0);

    const first = new AbortController();
    answer = () => first.abort(reason);
    expect(await caught(get(first.signal))).toBe(reason);

    const second = new AbortController();
    answer = (_request, response) => {
      response.write("some");
    };
    const response = await get(second.signal);
    const reading = text(response);
    second.abort(reason);
    expect(await caught(reading)).toBe(reason);
  });

  test.each(["identity", "gzip"])("leaving the loop closes the connection (%s)", async (coding) => {
    const bytes = coding === "gzip" ? gzipSync(TEXT.repeat(20), { level: 0 }) : Buffer.from(TEXT.repeat(20));
    answer = (_request, response) => {
      response.writeHead(200, { "content-encoding": coding }).write(bytes);
    };
    const response = await get();
    for await (const chunk of response.body) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await closed;
  });

  test("a body over the limit is refused and its connection closed", async () => {
    answer = (_request, response) => {
      response.write("x".repeat(5000));
    };
    const response = await get();
    const error = await caught(readWhole(response.body, 1000, "read page"));
    expect(error).toMatchObject({ code: "http.body-too-large", retryable: false });
    await closed;
  });

  test("a reader that pauses holds a bounded part of a large compressed body", async () => {
    const plain = Buffer.alloc(64 * 1024 * 1024, "0123456789abcdef");
    const bytes = gzipSync(plain, { level: 1 });
    answer = (_request, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bytes);
    const response = await get();
    let largest = 0;
    let total = 0;
    for await (const chunk of response.body) {
      largest = Math.max(largest, chunk.byteLength);
      total += chunk.byteLength;
    }
    expect(total).toBe(plain.byteLength);
    // What has been waiting while the reader was slow comes in one piece: a few chunks of zlib at most.
    expect(largest).toBeLessThanOrEqual(256 * 1024);
  });
});
