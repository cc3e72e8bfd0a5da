import { describe, expect, test } from "vitest";
import {
  CANARIES,
  CONFIG,
  CUT,
  EXPORT,
  NEVER,
  PAGE,
  QUERY,
  TAG,
  TAG_WAY,
  caught,
  failBody,
  harness,
  okBody,
  respond,
  containing,
} from "../../test/kit/fakes/pardot.ts";
import { page } from "../../test/kit/fakes/scripted-pages.ts";
import type { Step } from "../../test/kit/fakes/pardot.ts";
import { LimitError, TransportError } from "../errors.ts";
import type { HttpRequest, HttpResponse } from "../http/transport.ts";

const HTML = { body: "<!DOCTYPE html><html></html>" };

describe("requests", () => {
  test("a page: short parameters go in the address, token and business unit in headers only", async () => {
    const { pardot, api, tokenForms } = harness({ steps: [PAGE] });
    expect(await pardot.queryPage(TAG, NEVER)).toEqual(page([{ id: 8 }, { id: 9 }]));
    expect(api[0]).toMatchObject({
      method: "GET",
      body: null,
      headers: {
        authorization: `Bearer ${CANARIES.accessToken}-1`,
        "pardot-business-unit-id": CONFIG.businessUnitId,
        "x-return-api-usage": "1",
      },
    });
    const address = "https://pi.pardot.com/api/tag/version/4/do/query";
    expect(api[0]?.url.href).toBe(
      `${address}?format=json&output=bulk&sort_by=id&sort_order=ascending&limit=200&id_greater_than=7`,
    );
    expect(Object.fromEntries(tokenForms[0] ?? [])).toEqual({
      grant_type: "refresh_token",
      client_id: "client",
      client_secret: CANARIES.clientSecret,
      refresh_token: CANARIES.refreshToken,
    });
  });

  test("a long list of fields goes as a form", async () => {
    const { pardot, api } = harness({ steps: [PAGE] });
    const fields = Array.from({ length: 500 }, (_, index) => `field_${index}`);
    await pardot.queryPage({ ...TAG, fields }, NEVER);
    expect(api[0]).toMatchObject({ method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } });
    expect(api[0]?.url.search).toBe("");
    expect(new URLSearchParams(api[0]?.body ?? "").get("fields")).toBe(fields.join(","));
  });

  test("parameters of the page override those of the object, the configured format that of the catalog", async () => {
    const { pardot, api } = harness({ steps: [PAGE], config: { v4Format: "xml", apiVersion: "3" } });
    const query = { ...QUERY, parameters: { deleted: "all", sort_order: "descending" } };
    await pardot.queryPage({ way: { ...TAG_WAY, query }, fields: null, limit: 50 }, NEVER);
    expect(api[0]?.url.pathname).toBe("/api/tag/version/3/do/query");
    expect(Object.fromEntries(api[0]?.url.searchParams ?? [])).toEqual({
      format: "xml",
      output: "bulk",
      deleted: "all",
      sort_by: "id",
      sort_order: "ascending",
      limit: "50",
    });
  });

  test("a count is one call of one row with the full output", async () => {
    const { pardot, api } = harness({ steps: [{ body: okBody({ result: { total_results: 4321, tag: { id: 1 } } }) }] });
    expect(await pardot.countRecords(TAG, NEVER)).toEqual({ total: 4321, first: { id: "1" } });
    expect(Object.fromEntries(api[0]?.url.searchParams ?? [])).toMatchObject({ output: "full", limit: "1" });
    expect(pardot.calls).toEqual({ total: 1, byKind: { "tag query": 1 } });
  });

  test("a count without a total is an error", async () => {
    const { pardot } = harness({ steps: [PAGE] });
    expect(await caught(pardot.countRecords(TAG, NEVER))).toMatchObject({ exitCode: 6 });
  });

  test("the probe reads the account as XML and Pardot's clock", async () => {
    const body = `<rsp stat="ok" version="1.0"><account><id>1</id><zip>007</zip></account></rsp>`;
    const headers = { date: "Sat, 31 Jan 2026 12:00:00 GMT", "x-api-usage": "1,234/25,000" };
    const { pardot, api } = harness({ steps: [{ body, headers }] });
    expect(await pardot.probe(NEVER)).toEqual({ record: { id: "1", zip: "007" }, now: Date.UTC(2026, 0, 31, 12) });
    expect(api[0]?.url.href).toBe("https://pi.pardot.com/api/account/version/4/do/read?format=xml");
    expect(pardot.usage).toEqual({ used: 1234, max: 25_000 });
  });

  test.each([undefined, "soon", "-5"])("a Date header of %j gives no clock", async (date) => {
    const body = `<rsp stat="ok"><account><id>1</id></account></rsp>`;
    const { pardot } = harness({ steps: [{ body, headers: date === undefined ? {} : { date } }] });
    expect((await pardot.probe(NEVER)).now).toBeNull();
    expect(pardot.usage).toBeNull();
  });

  test("an export is created as JSON and read by id", async () => {
    const created = { body: JSON.stringify({ export: { id: 5, state: "Waiting", isExpired: false } }) };
    const { pardot, api } = harness({ steps: [created] });
    expect(await pardot.createExport(EXPORT, NEVER)).toMatchObject({ id: "5", state: "Waiting" });
    await pardot.readExport({ api: "v4", id: "5" }, NEVER);
    expect(api.map((request) => `${request.method} ${request.url.pathname}${request.url.search}`)).toEqual([
      "POST /api/export/version/4/do/create?format=json",
      "GET /api/export/version/4/do/read/id/5?format=json",
    ]);
    expect(api[0]?.headers["content-type"]).toBe("application/json");
    expect(pardot.calls).toEqual({ total: 2, byKind: { "export create": 1, "export read": 1 } });
  });
});

describe("an export's response", () => {
  test("about another export than the requested one is refused", async () => {
    const other = { body: JSON.stringify({ export: { id: 999, state: "Complete" } }) };
    const { pardot, api } = harness({ steps: [other] });
    expect(await caught(pardot.readExport({ api: "v4", id: "100" }, NEVER))).toMatchObject({
      exitCode: 6,
      code: "pardot.unexpected-shape",
      message: containing("999 instead of 100"),
    });
    expect(api).toHaveLength(1);
  });
});

describe("failures", () => {
  test("pauses grow between six tries, each announced, each counted and reserved first", async () => {
    const { pardot, clock, events, taken, order } = harness({ steps: [{ status: 400, body: failBody(66) }] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({
      exitCode: 5,
      code: "pardot.concurrent-limit",
      pardotCode: 66,
      message: containing("after 6 tries"),
    });
    expect(clock.slept).toEqual([1000, 2000, 4000, 8000, 16_000]);
    expect(events.map((event) => event.type)).toEqual(Array.from({ length: 5 }, () => "retrying"));
    expect(events[4]).toMatchObject({ kind: "tag query", attempt: 5, pauseMs: 16_000 });
    expect(pardot.calls.total).toBe(6);
    expect(taken).toEqual(Array.from({ length: 6 }, () => "tag query"));
    expect(order).toEqual(["token", ...Array.from({ length: 6 }, () => ["take", "send"]).flat()]);
  });

  test.each<[string, Step, string]>([
    ["a broken connection", CUT, "http.cut"],
    ["no answer in time", new TransportError("late", { code: "http.timeout", retryable: true }), "http.timeout"],
    ["an empty body", { body: "" }, "pardot.body-empty"],
    ["a cut body", { body: PAGE.body.slice(0, -4) }, "pardot.body-unreadable"],
    ["a body that breaks", async () => ({ ...respond(PAGE), body: breaking() }), "http.short-body"],
    ["no envelope", { body: `{"hello":1}` }, "pardot.no-envelope"],
    ["HTML under 503", { ...HTML, status: 503 }, "pardot.html-page"],
    ["nothing under 429", { status: 429 }, "pardot.body-empty"],
    ["an error under 500", { status: 500, body: failBody(183) }, "pardot.internal-error"],
  ])("%s is tried six times", async (_name, step, code) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 5, code, retryable: true });
    expect(api).toHaveLength(6);
  });

  test.each<[string, Step, string]>([
    ["a login page under 200", HTML, "pardot.html-page"],
    ["a login page under 404", { ...HTML, status: 404 }, "pardot.html-page"],
    ["a redirect", { status: 302, headers: { location: "https://evil.test/" } }, "pardot.redirected"],
    ["a fail without code", { body: `{"@attributes":{"stat":"fail"},"err":"x"}` }, "pardot.status-200"],
  ])("%s is not tried again", async (_name, step, code) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 5, code, retryable: false });
    expect(api).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ["nothing", { status: 403 }],
    ["a page", { ...HTML, status: 403 }],
  ])("%s under 403 is a matter of credentials, and not tried again", async (_name, step) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3, code: "pardot.forbidden" });
    expect(api).toHaveLength(1);
  });

  test("a request that may not be sent at all is not repeated", async () => {
    const refused = new TransportError("plain", { code: "http.plain-refused" });
    const { pardot, api } = harness({ steps: [refused] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toBe(refused);
    expect(api).toHaveLength(1);
  });

  test("a call ends with the first try that succeeds", async () => {
    const { pardot, clock } = harness({ steps: [CUT, { status: 502 }, PAGE], unit: 0.5 });
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
    expect(clock.slept).toEqual([1500, 3000]);
  });

  test("the minute limit waits a minute, Retry-After longer", async () => {
    const { pardot, clock } = harness({
      steps: [
        { status: 400, body: failBody(202) },
        { status: 429, headers: { "retry-after": "90" }, body: failBody(202) },
        { status: 429, headers: { "retry-after": "5" } },
        PAGE,
      ],
    });
    await pardot.queryPage(TAG, NEVER);
    expect(clock.slept).toEqual([60_000, 90_000, 5000]);
  });

  test("the support's headers and the tries are in the error's context", async () => {
    const headers = { "x-pardot-route": "abc", "x-pardot-lb": "def" };
    const { pardot } = harness({ steps: [{ status: 400, body: failBody(23), headers }] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({
      context: { pardotRoute: "abc", pardotLoadBalancer: "def", status: 400, tries: 1 },
    });
  });
});

describe("stopping", () => {
  test.each([1, 2])(
    "an abort during request %i ends the call with its reason, and announces nothing more",
    async (at) => {
      const stop = new AbortController();
      const reason = new Error("stopped");
      const stopping: Step = async () => {
        stop.abort(reason);
        throw CUT;
      };
      const { pardot, api, events } = harness({ steps: at === 1 ? [stopping] : [CUT, stopping] });
      expect(await caught(pardot.queryPage(TAG, stop.signal))).toBe(reason);
      expect([api.length, events.length]).toEqual([at, at - 1]);
    },
  );

  test("nothing is sent after an abort while the reservation is written", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const { pardot, api } = harness({ steps: [PAGE], take: async () => stop.abort(reason) });
    expect(await caught(pardot.queryPage(TAG, stop.signal))).toBe(reason);
    expect([api.length, pardot.calls.total]).toEqual([0, 0]);
  });
});

describe("the version", () => {
  test("89 switches to 3 once, for good", async () => {
    const { pardot, api } = harness({ steps: [{ status: 400, body: failBody(89) }, PAGE] });
    await pardot.queryPage(TAG, NEVER);
    await pardot.queryPage(TAG, NEVER);
    expect(api.map((request) => request.url.pathname.split("/")[4])).toEqual(["4", "3", "3"]);
    expect(pardot.version).toBe(3);
  });

  test("calls in flight when another one switches follow it", async () => {
    const { pardot, api } = harness({ steps: [byVersion] });
    await Promise.all([1, 2, 3].map(() => pardot.queryPage(TAG, NEVER)));
    expect(api).toHaveLength(6);
  });

  test("an account that accepts neither fails after one switch", async () => {
    const { pardot, api } = harness({ steps: [contrary] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ code: "pardot.version-4-required" });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ code: "pardot.version-4-required" });
    expect(api).toHaveLength(3);
  });

  test("a configured version is kept", async () => {
    const { pardot, api } = harness({ steps: [{ status: 400, body: failBody(89) }], config: { apiVersion: "4" } });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ code: "pardot.version-3-required" });
    expect(api).toHaveLength(1);
  });
});

describe("the day's end", () => {
  test("after 122 nothing is sent any more, not even by waiting calls", async () => {
    const { pardot, api, taken } = harness({
      steps: [{ status: 429, body: failBody(122) }],
      config: { maxConcurrency: 1 },
    });
    const errors = await Promise.all([1, 2, 3].map(() => caught(pardot.queryPage(TAG, NEVER))));
    for (const error of errors) expect(error).toBeInstanceOf(LimitError);
    expect(await caught(pardot.probe(NEVER))).toMatchObject({ exitCode: 4, code: "pardot.daily-limit" });
    expect([api.length, taken.length, pardot.calls.total]).toEqual([1, 1, 1]);
  });

  test("a call that was pausing does not go on", async () => {
    let failFirst: (() => void) | null = null;
    const first: Step = async () => {
      await new Promise<void>((resolve) => {
        failFirst = resolve;
      });
      return respond({ status: 503 });
    };
    const { pardot, api } = harness({ steps: [first, { body: failBody(122) }] });
    const slow = caught(pardot.queryPage(TAG, NEVER));
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 4 });
    (failFirst as (() => void) | null)?.();
    expect(await slow).toMatchObject({ exitCode: 4 });
    expect(api).toHaveLength(2);
  });

  test("a budget that is spent stops the request before it is sent or counted", async () => {
    const spent = new LimitError("no call is left", { code: "limit.budget" });
    const { pardot, api } = harness({
      steps: [PAGE],
      take: async () => {
        throw spent;
      },
    });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toBe(spent);
    expect([api.length, pardot.calls.total]).toEqual([0, 0]);
  });
});

async function* breaking(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new TextEncoder().encode(`{"@attributes"`);
  throw new TransportError("short", { code: "http.short-body", retryable: true });
}

async function byVersion(request: HttpRequest): Promise<HttpResponse> {
  return respond(request.url.pathname.includes("/version/4/") ? { status: 400, body: failBody(89) } : PAGE);
}

async function contrary(request: HttpRequest): Promise<HttpResponse> {
  return respond({ status: 400, body: failBody(request.url.pathname.includes("/version/4/") ? 89 : 88) });
}
