import { generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  CANARIES,
  NEVER,
  TAG_WAY,
  caught,
  containing,
  failBody,
  harness,
  okBody,
  respond,
  tokenBody,
} from "../../../test/kit/fakes/pardot.ts";
import type { Harness, Step } from "../../../test/kit/fakes/pardot.ts";
import { Secret } from "../../secrets/secret.ts";
import { audienceOf } from "./token-request.ts";

const TAG = { way: TAG_WAY, fields: null };
const PAGE = { body: okBody({ result: null }) };
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const AUTH = {
  flow: "jwt",
  clientId: "consumer-key",
  username: "api@acme.example",
  privateKey: new Secret(PEM),
  certificate: null,
} as const;
/** What the harness's clock says when nothing has slept. */
const NOW = Date.UTC(2026, 0, 31, 12);

interface Sent {
  readonly header: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly isSigned: boolean;
}

function sent(form: URLSearchParams | undefined): Sent {
  const [header = "", claims = "", signature = ""] = (form?.get("assertion") ?? "").split(".");
  const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  return {
    header: read(header),
    claims: read(claims) as Record<string, unknown>,
    isSigned: verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, Buffer.from(signature, "base64url")),
  };
}

function refusal(description: string, at?: number): Step {
  const headers = at === undefined ? {} : { date: new Date(at).toUTCString() };
  return { status: 400, headers, body: JSON.stringify({ error: "invalid_grant", error_description: description }) };
}

function jwt(tokens: readonly Step[], loginUrl = "https://login.salesforce.com"): Harness {
  return harness({ steps: [PAGE], tokens, config: { auth: AUTH, loginUrl: new URL(loginUrl) } });
}

describe("the flow jwt", () => {
  test("sends a signed assertion that expires within three minutes, and no secret of the app", async () => {
    const { pardot, tokenForms, events } = jwt([]);
    await pardot.queryPage(TAG, NEVER);
    expect([...(tokenForms[0]?.keys() ?? [])]).toEqual(["grant_type", "assertion"]);
    expect(tokenForms[0]?.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    expect(sent(tokenForms[0])).toEqual({
      header: { alg: "RS256" },
      claims: {
        iss: "consumer-key",
        sub: "api@acme.example",
        aud: "https://login.salesforce.com",
        exp: NOW / 1000 + 90,
      },
      isSigned: true,
    });
    expect(events).toEqual([]);
  });

  test.each([
    ["https://login.salesforce.com", "login"],
    ["https://acme.my.salesforce.com", "login"],
    ["https://acme-dev-ed.develop.my.salesforce.com", "login"],
    ["https://acme-sandbox.my.salesforce.com", "login"],
    ["http://127.0.0.1:8080", "login"],
    ["https://test.salesforce.com", "test"],
    ["https://acme--uat.sandbox.my.salesforce.com", "test"],
    ["https://acme--uat.cs12.my.salesforce.com", "test"],
    ["https://acme--uat.my.salesforce.com", "test"],
    ["https://acme.scratch.my.salesforce.com", "test"],
  ])("names the audience of %s: %s.salesforce.com", async (loginUrl, audience) => {
    expect(audienceOf(new URL(loginUrl))).toBe(`https://${audience}.salesforce.com`);
    const { pardot, tokenForms } = jwt([], loginUrl);
    await pardot.queryPage(TAG, NEVER);
    expect(sent(tokenForms[0]).claims["aud"]).toBe(`https://${audience}.salesforce.com`);
  });

  test.each([
    ["behind", "invalid assertion", 10 * 60_000, "is 600 s behind Salesforce's"],
    ["ahead", "expired authorization code", -31_000, "is 31 s ahead of Salesforce's"],
  ])(
    "with a clock that is %s tries once more with Salesforce's, and keeps using it",
    async (_way, words, off, told) => {
      const dead = { status: 401 };
      const { pardot, tokenForms, events, clock } = harness({
        steps: [PAGE, dead, PAGE],
        tokens: [refusal(words, NOW + off)],
        config: { auth: AUTH },
      });
      await pardot.queryPage(TAG, NEVER);
      expect(tokenForms.map((form) => sent(form).claims["exp"])).toEqual([NOW / 1000 + 90, (NOW + off) / 1000 + 90]);
      expect(events).toEqual([{ type: "warning", code: "auth.clock-off", object: null, message: containing(told) }]);
      expect(clock.slept).toEqual([]);
      await pardot.queryPage(TAG, NEVER);
      expect(sent(tokenForms[2]).claims["exp"]).toBe((NOW + off) / 1000 + 90);
    },
  );

  test("uses its own clock if that is off by at most half a minute", async () => {
    const date = new Date(NOW + 30_000).toUTCString();
    const { pardot, tokenForms } = harness({
      steps: [{ status: 401 }, PAGE],
      tokens: [{ headers: { date }, body: tokenBody(CANARIES.accessToken) }],
      config: { auth: AUTH },
    });
    await pardot.queryPage(TAG, NEVER);
    expect(tokenForms.map((form) => sent(form).claims["exp"])).toEqual([NOW / 1000 + 90, NOW / 1000 + 90]);
  });

  test("fails if Salesforce's clock does not help", async () => {
    const { pardot, tokenForms } = jwt(Array.from({ length: 9 }, () => refusal("invalid assertion", NOW + 600_000)));
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3, code: "auth.assertion-invalid" });
    expect(tokenForms).toHaveLength(2);
  });

  test.each([
    ["the clocks agree", refusal("invalid assertion", NOW + 30_000)],
    ["there is no Date header", refusal("invalid assertion")],
    ["the fault is another", refusal("audience is invalid", NOW + 600_000)],
  ])("gives up at once when %s", async (_why, step) => {
    const { pardot, tokenForms, events } = jwt(Array.from({ length: 9 }, () => step));
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3 });
    expect([tokenForms.length, events]).toEqual([1, []]);
  });

  test("uses its own clock again after that has been set", async () => {
    const { pardot, tokenForms, clock } = harness({
      steps: [PAGE, { status: 401 }, PAGE, { status: 401 }, PAGE],
      tokens: [
        refusal("invalid assertion", NOW + 600_000),
        { body: tokenBody(CANARIES.accessToken) },
        { headers: { date: new Date(NOW + 600_000).toUTCString() }, body: tokenBody(`${CANARIES.accessToken}-2`) },
      ],
      config: { auth: AUTH },
    });
    await pardot.queryPage(TAG, NEVER);
    await clock.sleep(600_000);
    await pardot.queryPage(TAG, NEVER);
    await pardot.queryPage(TAG, NEVER);
    const ends = tokenForms.map((form) => sent(form).claims["exp"]);
    expect(ends.slice(2)).toEqual([NOW / 1000 + 1290, NOW / 1000 + 690]);
  });
});

test("an assertion that a response echoes is redacted", async () => {
  const sentForms: URLSearchParams[][] = [];
  const echo: Step = async () =>
    respond({ body: failBody(9999, `refused ${sentForms[0]?.[0]?.get("assertion") ?? "nothing"}!`) });
  const { pardot, tokenForms } = harness({ steps: [echo], config: { auth: AUTH } });
  sentForms.push(tokenForms);
  expect(String(await caught(pardot.queryPage(TAG, NEVER)))).toContain("refused ***!");
});
