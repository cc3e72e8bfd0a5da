import { describe, expect, test } from "vitest";
import { containing } from "../../test/kit/fakes/pardot.ts";
import { readEnvelope } from "./envelope.ts";
import type { Outcome } from "./failure.ts";
import type { WireRecord } from "./pardot.ts";

function read(body: string, status = 200, bare = false, headers: Record<string, string> = {}): Outcome<WireRecord> {
  return readEnvelope(new TextEncoder().encode(body), { status, headers, retryAfterMs: null }, bare);
}

describe("the envelope", () => {
  test.each([
    ["a number", `{"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"gone"}`],
    ["text", `{"@attributes":{"stat":"fail","err_code":"184"},"err":"gone"}`],
    ["at the top", `{"err_code":184,"err":"gone"}`],
    ["XML", `<rsp stat="fail" version="1.0"><err code="184">gone</err></rsp>`],
    [
      "XML with declaration and layout",
      `\n<?xml version="1.0"?>\n<rsp stat="fail">\n <err code=" 184 ">gone</err>\n</rsp>`,
    ],
  ])("an error code as %s is read under any status", (_name, body) => {
    for (const status of [200, 400, 401, 429, 500]) {
      expect(read(body, status)).toMatchObject({
        ok: false,
        failure: { shape: "envelope", code: 184, text: "gone", status },
      });
    }
  });

  test("code 10000 names every parameter", () => {
    const errors = `<err code="10000" param="limit">too large</err><err code="10000" param="fields">unknown</err>`;
    expect(read(`<rsp stat="fail">${errors}</rsp>`)).toMatchObject({
      failure: { code: 10_000, text: "limit: too large; fields: unknown" },
    });
    const list = [
      { "@attributes": { code: 10_000, param: "limit" }, "#text": "too large" },
      { "@attributes": { code: 10_000, param: "fields" } },
    ];
    expect(read(JSON.stringify({ "@attributes": { stat: "fail" }, err: list }))).toMatchObject({
      failure: { code: 10_000, text: "limit: too large; fields: no text" },
    });
  });

  test("v5's form is understood under a failure's status only", () => {
    expect(read(`{"code":201,"message":"no unit"}`, 400)).toMatchObject({ failure: { code: 201, text: "no unit" } });
    expect(read(`{"code":201,"message":"no unit"}`, 200, true)).toMatchObject({ ok: true });
  });

  test("a failure without a code is still a failure", () => {
    expect(read(`{"@attributes":{"stat":"fail"}}`)).toMatchObject({ failure: { shape: "envelope", code: null } });
    expect(read(`<rsp stat="fail"><err>broken</err></rsp>`)).toMatchObject({
      failure: { shape: "envelope", code: null, text: "broken" },
    });
  });

  test.each<[string, string, number, string]>([
    ["an empty body", "", 200, "empty"],
    ["blanks", " \n", 200, "empty"],
    ["a login page", "<!DOCTYPE html><html><body>Sign in</body></html>", 200, "html"],
    ["a page behind a comment", "\ufeff <!-- x --> <HTML lang=en>", 502, "html"],
    ["XHTML", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html/>`, 200, "html"],
    ["cut JSON", `{"@attributes":{"stat":"ok"},"result":{"tag":[{"id":1}`, 200, "unreadable"],
    ["cut XML", `<rsp stat="ok"><result><tag><id>1</id></tag>`, 200, "unreadable"],
    ["garbage", "\u0000\u0001", 200, "unreadable"],
    ["words", "Service Unavailable", 503, "unreadable"],
    ["a list", "[1]", 200, "no-envelope"],
    ["other XML", "<feed/>", 200, "no-envelope"],
    ["a record without stat", `{"result":null}`, 200, "no-envelope"],
    ["an ok under a failure's status", `{"@attributes":{"stat":"ok"},"result":null}`, 500, "no-envelope"],
    ["a redirect", "", 302, "redirect"],
  ])("%s is %s with HTTP %i", (_name, body, status, shape) => {
    expect(read(body, status)).toMatchObject({ ok: false, failure: { shape, code: null, status } });
  });

  test.each<[string, string, string]>([
    ["JSON", `{"@attributes":{"stat":"ok"},"x":"a`, `b"}`],
    ["XML", `<rsp stat="ok"><x>a`, `b</x></rsp>`],
  ])("bytes that are not UTF-8 are replaced in %s, counted apart from what was sent", (_format, start, end) => {
    const bytes = Buffer.concat([Buffer.from(`${start}\uFFFD`), Buffer.from([0xff, 0x20, 0xc3]), Buffer.from(end)]);
    expect(readEnvelope(bytes, { status: 200, headers: {}, retryAfterMs: null }, false)).toMatchObject({
      ok: true,
      value: { x: "a\uFFFD\uFFFD \uFFFDb" },
      replaced: 2,
    });
  });

  test("a body that is cut within a character is a cut body", () => {
    const bytes = Buffer.from(`<rsp stat="ok"><x>ö`).subarray(0, -1);
    expect(readEnvelope(bytes, { status: 200, headers: {}, retryAfterMs: null }, false)).toMatchObject({
      failure: { shape: "unreadable", text: containing("xml breaks off") },
    });
  });

  test("a redirect names the host, and nothing of a query", () => {
    expect(read("", 302, false, { location: "https://login.test/?canary=1" })).toMatchObject({
      failure: { text: "a redirect to login.test" },
    });
    expect(read("", 302, false, { location: "/login" })).toMatchObject({
      failure: { text: "a redirect to the same host" },
    });
  });

  test("the support's headers are kept", () => {
    expect(read("", 500, false, { "x-pardot-route": "r", "x-pardot-lb": "l" })).toMatchObject({
      failure: { route: "r", loadBalancer: "l" },
    });
  });

  test("a bare record passes where the caller expects one", () => {
    expect(read(`{"export":{"id":1}}`, 200, true)).toEqual({ ok: true, value: { export: { id: "1" } }, replaced: 0 });
    expect(read(`{"@attributes":{"stat":"fail","err_code":174},"err":"x"}`, 200, true)).toMatchObject({ ok: false });
  });
});
