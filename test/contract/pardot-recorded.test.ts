import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Row } from "../../src/encode/canonical.ts";
import { normalise } from "../../src/encode/normalise.ts";
import { exportStatus, recordOf, recordsOf, totalOf } from "../../src/pardot/dialects/v4.ts";
import { readEnvelope } from "../../src/pardot/envelope.ts";
import type { Outcome } from "../../src/pardot/failure.ts";
import type { WireRecord } from "../../src/pardot/pardot.ts";
import { asRecord, readXml } from "../../src/pardot/read-body.ts";
import { visitorActivity } from "../kit/fakes/objects.ts";
import { readTokenAnswer } from "../../src/pardot/auth/token-answer.ts";

/** Real responses from public sources; test/fixtures/recorded/SOURCES.md names each origin. */
const FOLDER = new URL("../fixtures/recorded/", import.meta.url);

function bytesOf(path: string): Uint8Array {
  return readFileSync(new URL(path, FOLDER));
}

function read(path: string, status = 200): Outcome<WireRecord> {
  return readEnvelope(bytesOf(path), { status, headers: {}, retryAfterMs: null }, path.includes("unwrapped"));
}

function root(path: string, status = 200): WireRecord {
  const outcome = read(path, status);
  if (!outcome.ok) throw new Error(`${path}: ${outcome.failure.text}`);
  return outcome.value;
}

const CRIM = readdirSync(new URL("crim-pardot-java-client/", FOLDER))
  .filter((name) => name.endsWith(".xml"))
  .toSorted();

/** Key of the records, rows shown, total_results, id of the last row: taken with another XML parser (Python's). */
const QUERIES: Readonly<Record<string, readonly [key: string, rows: number, total: number, lastId: string]>> = {
  "campaignQuery.xml": ["campaign", 2, 2, "456"],
  "campaignQuery2.xml": ["campaign", 1, 1, "123"],
  "customFieldQuery.xml": ["customField", 3, 6, "3"],
  "customRedirectQuery.xml": ["customRedirect", 2, 2, "2"],
  "dynamicContentQuery.xml": ["dynamicContent", 2, 2, "754"],
  "emailClickQuery.xml": ["emailClick", 4, 7, "44"],
  "formQuery.xml": ["form", 2, 6, "2"],
  "listMembershipQuery.xml": ["list_membership", 2, 2, "170293539"],
  "listQuery.xml": ["list", 2, 2, "33173"],
  "opportunityQuery.xml": ["opportunity", 2, 193, "2"],
  "prospectQuery.xml": ["prospect", 2, 128, "332"],
  "tagObjectQuery.xml": ["tagObject", 2, 6, "53773"],
  "tagQuery.xml": ["tag", 2, 6, "2"],
  "userQuery.xml": ["user", 2, 2, "1214"],
  "userQuery2.xml": ["user", 1, 1, "1212"],
  "visitQuery.xml": ["visit", 2, 2, "37641"],
  "visitorActivityQuery.xml": ["visitor_activity", 3, 200, "789"],
  "visitorQuery.xml": ["visitor", 2, 2, "12313"],
};

const ERRORS: Readonly<Record<string, number>> = {
  "error.xml": 1,
  "errorInvalidApiKey.xml": 1,
  "errorInvalidSsoAccessToken.xml": 184,
  "errorLoginFailed.xml": 15,
  "userRead_invalidUserId.xml": 10,
};

describe("recorded XML of the Java client's author", () => {
  test.each(Object.entries(QUERIES))("%s: every row is read", (name, expected) => {
    const answer = root(`crim-pardot-java-client/${name}`);
    const key = expected[0];
    const rows = recordsOf(answer, key, name);
    expect([key, rows.length, totalOf(answer, name), rows.at(-1)?.["id"]]).toEqual(expected);
  });

  test.each(CRIM.filter((name) => name in ERRORS))("has a readable error code in %s", (name) => {
    expect(read(`crim-pardot-java-client/${name}`)).toMatchObject({
      ok: false,
      failure: { shape: "envelope", code: ERRORS[name] },
    });
  });

  test.each(CRIM.filter((name) => !(name in QUERIES) && !(name in ERRORS)))("has a readable record in %s", (name) => {
    const answer = root(`crim-pardot-java-client/${name}`);
    const key = Object.keys(answer).find((one) => one !== "@attributes") ?? "";
    expect(Object.keys(recordOf(answer, key, name)).length).toBeGreaterThan(2);
  });

  test("keeps the account's carriage returns and distinguishes empty from absent", () => {
    const account = recordOf(root("crim-pardot-java-client/accountRead.xml"), "account", "account read");
    expect(account["tracking_code_template"]).toMatch(/^piAId = '10001';\r\n/);
    expect(account).toMatchObject({ id: "1", zip: "30064", fax: null });
    expect(account["no_such_field"]).toBeUndefined();
  });

  test("has its entities decoded once, so text encoded twice stays encoded", () => {
    const email = recordOf(root("crim-pardot-java-client/emailRead.xml"), "email", "email read");
    const html = asRecord(email["message"] ?? null)?.["html"];
    expect(html).toContain('<html lang="en"');
    expect(html).toContain("It&#39;s a good starting point");
  });

  test("has nested nodes: one is a record, several are a list, none is null", () => {
    const [one, none] = recordsOf(root("crim-pardot-java-client/opportunityQuery.xml"), "opportunity", "query");
    expect(one?.["prospects"]).toMatchObject({ prospect: { id: "11" } });
    expect(none?.["prospects"]).toBeNull();
    const prospect = recordOf(root("crim-pardot-java-client/prospectRead2.xml"), "prospect", "read");
    expect(asRecord(prospect["profile"] ?? null)?.["profile_criteria"]).toHaveLength(5);
  });
});

describe("recorded JSON and samples", () => {
  test("have one row as an object, keep the digits of numbers, and have no total in bulk", () => {
    const bulk = root("github-issues/api-docs-187-prospect-query-bulk-limit1.json");
    expect(recordsOf(bulk, "prospect", "query")).toEqual([{ id: "1784404", phone: "15555555555" }]);
    expect(() => totalOf(bulk, "query")).toThrow("has no total_results");
  });

  test("count all rows in total_results, not only the page", () => {
    const full = root("github-issues/api-docs-187-prospect-query-normal-limit1.json");
    expect([totalOf(full, "query"), recordsOf(full, "prospect", "query").length]).toEqual([4, 1]);
  });

  test("have the same rows in both formats of the vendor's bulk sample", () => {
    const json = recordsOf(root("official-docs/visitorActivity-query-bulk.json"), "visitor_activity", "query");
    const xml = recordsOf(root("official-docs/visitorActivity-query-bulk.xml"), "visitor_activity", "query");
    expect(json).toHaveLength(2);
    const columns = visitorActivity.columns;
    const rows = (records: readonly WireRecord[]): readonly Row[] =>
      records.map((record) => normalise(record, columns, "VisitorActivity"));
    expect(rows(xml)).toEqual(rows(json));
    expect(
      rows(json)
        .flat()
        .filter((cell) => cell !== null).length,
    ).toBeGreaterThan(8);
  });

  test("include a single read of a prospect account", () => {
    const record = recordOf(root("official-docs/prospectAccount-read.xml"), "prospectAccount", "read");
    expect(record).toMatchObject({ id: "1234", name: "Acme, Inc." });
  });

  test("include the vendor's export sample, which has no wrapper", () => {
    const status = exportStatus(root("official-docs/export-read-complete-DOC-SAMPLE-unwrapped.json"), "export read");
    expect(status).toMatchObject({ id: "201917", state: "Complete", isExpired: false, createdAt: null });
    expect(status.resultRefs).toHaveLength(3);
  });

  test("include a fragment of an old activity", () => {
    const bytes = bytesOf("github-issues/api-docs-135-visitor-activity-fragment.xml");
    expect(readXml(bytes)).toMatchObject({ visitor_activity: { type: "1", campaign: { id: "54" } } });
  });

  test("have the same form of errors with 200, 400 and 401", () => {
    expect(read("github-issues/login-failed.json")).toMatchObject({ failure: { code: 15, text: "Login failed" } });
    expect(read("rudderstack/error-184-http-401.json", 401)).toMatchObject({ failure: { code: 184, status: 401 } });
    const lines = new TextDecoder().decode(bytesOf("github-issues/api-docs-232-http-400-headers.txt"));
    const [, open = "", error = ""] = /(<rsp[^>]*>).*(<err.*<\/err>)/.exec(lines) ?? [];
    const body = new TextEncoder().encode(`${open}${error}</rsp>`);
    const headers = { "x-pardot-route": "r1", "x-pardot-lb": "l1" };
    expect(readEnvelope(body, { status: 400, headers, retryAfterMs: null }, false)).toMatchObject({
      failure: { code: 71, status: 400, route: "r1", loadBalancer: "l1" },
    });
  });

  test("include an upsert's prospect with 201", () => {
    const record = recordOf(root("rudderstack/prospect-upsert-http-201.json", 201), "prospect", "read");
    expect(record).toMatchObject({ id: "123435", is_reviewed: "1", Calendly: false, visitors: null });
  });
});

describe("recorded responses of the token endpoint", () => {
  interface Recorded {
    readonly http: number;
    readonly body: Readonly<Record<string, string>>;
  }
  const recorded = JSON.parse(
    readFileSync(new URL("salesforce-oauth/token-errors.json", FOLDER), "utf8"),
  ) as readonly Recorded[];

  const asked = { flow: "jwt", loginHost: "login.salesforce.com" } as const;

  test.each(recorded)("have a separate table row for $body.error, $body.error_description", ({ http, body }) => {
    const answer = readTokenAnswer(http, new TextEncoder().encode(JSON.stringify(body)), asked);
    expect(answer).toMatchObject({ kind: "failed", error: { exitCode: 3 } });
    if (answer.kind === "failed") {
      expect(answer.error.code).not.toMatch(/^auth\.(refused|grant-refused)$/);
      const retries: Readonly<Record<string, string>> = {
        "token request is already being processed": "wait",
        "invalid assertion": "clock",
      };
      expect(answer.retry).toBe(retries[body["error_description"] ?? ""] ?? "no");
    }
  });

  test("include a success without scope and expires_in", () => {
    const answer = readTokenAnswer(200, bytesOf("crim-pardot-java-client/ssoLoginSuccess.json"), asked);
    expect(answer.kind === "token" && answer.accessToken.reveal()).toBe("ACCESS_TOKEN_HERE");
  });

  test("include an unknown client", () => {
    const answer = readTokenAnswer(400, bytesOf("crim-pardot-java-client/ssoLoginFailed.json"), asked);
    expect(answer).toMatchObject({ kind: "failed", error: { code: "auth.client-unknown" } });
  });
});
