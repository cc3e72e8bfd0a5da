import { describe, expect, test } from "vitest";
import { NEVER, QUERY, caught, failBody, harness, okBody, respond } from "../../test/support/pardot-fakes.ts";
import type { Step } from "../../test/support/pardot-fakes.ts";
import { TransportError } from "../errors.ts";
import { readWhole } from "../http/body.ts";

const FILE = "https://www.pardot.com/api/export/version/4/do/downloadResults/id/1/file/2";
const CSV = `id,name\n1,"ö 🎈"\n2,\n`;
const TAG = { urlName: "tag", dataKey: "tag", query: QUERY, parameters: {} };
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

  test("an empty file is a file", async () => {
    const { pardot } = harness({ steps: [{ body: "" }] });
    expect(await text(await pardot.downloadResult(FILE, NEVER))).toBe("");
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
    ["a login page", { body: "<!doctype html><html></html>" }, "pardot.html-page"],
    ["an envelope that says ok", PAGE, "pardot.unexpected-shape"],
  ])("%s is never taken for a file", async (_name, step, code) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.downloadResult(FILE, NEVER))).toMatchObject({ code });
    expect(api).toHaveLength(1);
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

  test("comes back when the loop is left, even before its first turn", async () => {
    const { pardot } = harness({ steps: [byPath], config: { maxConcurrency: 1 } });
    for await (const chunk of await pardot.downloadResult(FILE, NEVER)) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    const unread = await pardot.downloadResult(FILE, NEVER);
    await unread[Symbol.asyncIterator]().return?.();
    expect((await pardot.queryPage(TAG, NEVER)).records).toEqual([]);
  });

  test("comes back when the signal is aborted, though nobody reads", async () => {
    const { pardot } = harness({ steps: [byPath], config: { maxConcurrency: 1 } });
    const stop = new AbortController();
    await pardot.downloadResult(FILE, stop.signal);
    stop.abort(new Error("stopped"));
    expect((await pardot.queryPage(TAG, NEVER)).records).toEqual([]);
  });

  test("comes back after a refusal", async () => {
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
