import { describe, expect, test } from "vitest";
import { NEVER, TAG_WAY, caught, failBody, harness, okBody, respond } from "../../test/kit/fakes/pardot.ts";
import type { Step } from "../../test/kit/fakes/pardot.ts";
import { TransportError } from "../errors.ts";
import { readWhole } from "../http/body.ts";

const FILE = "https://www.pardot.com/api/export/version/4/do/downloadResults/id/1/file/2";
const CSV = `id,name\n1,"ö 🎈"\n2,\n`;
const TAG = { way: TAG_WAY, fields: null };
const PAGE = { body: okBody({ result: null }) };
const byPath: Step = async (request) => respond(request.url.pathname.includes("download") ? { body: CSV } : PAGE);

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await readWhole(body, 1e6, "file"));
}

describe("a result file", () => {
  test("comes as it is, with the token, counted", async () => {
    const { pardot, api } = harness({ steps: [{ body: CSV }] });
    expect(await text(await pardot.downloadResult(FILE, NEVER))).toBe(CSV);
    expect(api[0]?.url.href).toBe(FILE);
    expect(api[0]?.headers["authorization"]).toMatch(/^Bearer /);
    expect(pardot.calls).toEqual({ total: 1, byKind: { "export download": 1 } });
  });

  test("on another host it is refused before token, reservation and request", async () => {
    const { pardot, order } = harness({ steps: [{ body: CSV }] });
    const error = await caught(pardot.downloadResult("https://pardot.com.evil.test/x", NEVER));
    expect(error).toMatchObject({ exitCode: 5, code: "pardot.foreign-address" });
    expect(order).toEqual([]);
  });

  test.each<[string, Step, string]>([
    ["an error under 400", { status: 400, body: failBody(178) }, "pardot.export-state"],
    ["an error under 200", { body: failBody(178) }, "pardot.export-state"],
    ["an error as XML under 200", { body: ` <rsp stat="fail"><err code="178">x</err></rsp>` }, "pardot.export-state"],
    [
      "an error that is called CSV",
      { body: failBody(178), headers: { "content-type": "text/csv" } },
      "pardot.export-state",
    ],
  ])("%s is never taken for a file", async (_name, step, code) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.downloadResult(FILE, NEVER))).toMatchObject({ code });
    expect(api).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ["a login page", { body: "<!doctype html><html></html>" }],
    ["an envelope that reports success", PAGE],
    ["no byte", { body: "" }],
    ["no content (204)", { status: 204 }],
    ["part of a file (206)", { status: 206, body: CSV, headers: { "content-range": "bytes 0-9/99" } }],
    ["a file under 203", { status: 203, body: CSV }],
    ["a file under 202", { status: 202, body: CSV }],
    ["rows called HTML", { body: CSV, headers: { "content-type": "text/html; charset=utf-8" } }],
    ["rows called JSON", { body: CSV, headers: { "content-type": "application/json" } }],
    ["rows called XML", { body: CSV, headers: { "content-type": "APPLICATION/XML" } }],
    ["rows called a problem", { body: CSV, headers: { "content-type": "application/problem+json" } }],
    ["rows called an image", { body: CSV, headers: { "content-type": "image/png" } }],
    ["a large text called HTML", { body: "a".repeat(5_000_000), headers: { "content-type": "text/html" } }],
  ])("%s is not a file: it is requested again, then the object fails with exit 6", async (_name, step) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.downloadResult(FILE, NEVER))).toMatchObject({
      exitCode: 6,
      code: "data.file-not-delivered",
    });
    expect(api).toHaveLength(6);
    const healed = harness({ steps: [step, { body: CSV }] });
    expect(await text(await healed.pardot.downloadResult(FILE, NEVER))).toBe(CSV);
  });

  test.each(["text/csv", "text/csv; charset=utf-8", "text/plain", "application/octet-stream", "application/csv", ""])(
    "a content type of %j leaves the judgement to the header row",
    async (type) => {
      const { pardot } = harness({ steps: [{ body: CSV, headers: type === "" ? {} : { "content-type": type } }] });
      expect(await text(await pardot.downloadResult(FILE, NEVER))).toBe(CSV);
    },
  );

  test("a body that only the connection ends is marked, because it may have been cut", async () => {
    for (const endsByClose of [true, false]) {
      const { pardot } = harness({ steps: [async () => ({ ...respond({ body: CSV }), endsByClose })] });
      expect((await pardot.downloadResult(FILE, NEVER)).endsByClose).toBe(endsByClose);
    }
  });

  test("a failure before the first byte is tried again, one after it is the reader's", async () => {
    const cut = new TransportError("cut", { code: "http.cut", retryable: true });
    const breaking: Step = async () => ({ ...respond({}), body: broken(cut) });
    const { pardot, api } = harness({ steps: [cut, { status: 503 }, breaking], config: { maxConcurrency: 1 } });
    const body = await pardot.downloadResult(FILE, NEVER);
    expect(await caught(text(body))).toBe(cut);
    expect(api).toHaveLength(3);
    // The place came back with the failure.
    expect(await caught(text(await pardot.downloadResult(FILE, NEVER)))).toBe(cut);
  });
});

describe("the place in the gate", () => {
  test("is held until the body ends", async () => {
    const { pardot, api } = harness({ steps: [byPath], config: { maxConcurrency: 1 } });
    const body = await pardot.downloadResult(FILE, NEVER);
    const page = pardot.queryPage(TAG, NEVER);
    await settle();
    expect(api).toHaveLength(1);
    await text(body);
    await page;
    expect(api).toHaveLength(2);
  });

  test("is released when the loop is left, even before its first turn", async () => {
    const { pardot } = harness({ steps: [byPath], config: { maxConcurrency: 1 } });
    for await (const chunk of await pardot.downloadResult(FILE, NEVER)) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    const unread = await pardot.downloadResult(FILE, NEVER);
    await unread[Symbol.asyncIterator]().return?.();
    expect((await pardot.queryPage(TAG, NEVER)).records).toEqual([]);
  });

  test("is released when the signal is aborted, even without a reader", async () => {
    const { pardot } = harness({ steps: [byPath], config: { maxConcurrency: 1 } });
    const stop = new AbortController();
    await pardot.downloadResult(FILE, stop.signal);
    stop.abort(new Error("stopped"));
    expect((await pardot.queryPage(TAG, NEVER)).records).toEqual([]);
  });

  test("is released after a refusal", async () => {
    const steps: Step[] = [{ status: 400, body: failBody(178) }, PAGE];
    const { pardot } = harness({ steps, config: { maxConcurrency: 1 } });
    await caught(pardot.downloadResult(FILE, NEVER));
    expect((await pardot.queryPage(TAG, NEVER)).records).toEqual([]);
  });
});

/** Lets everything that can go on without outside help go on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function* broken(error: Error): AsyncGenerator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode("id,name\n");
  throw error;
}
