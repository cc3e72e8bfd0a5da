import { describe, expect, test } from "vitest";
import {
  CANARIES,
  NEVER,
  TAG_WAY,
  caught,
  failBody,
  harness,
  okBody,
  respond,
  tokenBody,
  containing,
} from "../../../test/kit/fakes/pardot.ts";
import type { Step } from "../../../test/kit/fakes/pardot.ts";
import { Secret } from "../../secrets/secret.ts";
import { TransportError } from "../../errors.ts";
import type { HttpResponse } from "../../http/transport.ts";

// Holds G8: a rotated refresh token is kept before the new access token is used.

const TAG = { way: TAG_WAY, fields: null };
const PAGE = { body: okBody({ result: null }) };
const REFRESH = {
  flow: "refresh_token",
  clientId: "client",
  clientSecret: new Secret(CANARIES.clientSecret),
  refreshToken: new Secret(CANARIES.refreshToken),
  reference: null,
  tokenFile: null,
} as const;
const DEAD = { status: 401, body: failBody(184) };

function refusal(error: string, description: string | null, status = 400): Step {
  return { status, body: JSON.stringify({ error, error_description: description }) };
}

/** Accepts only the token that was given out last. */
function acceptsOnly(token: () => string): Step {
  return async (request) => respond(request.headers["authorization"] === `Bearer ${token()}` ? PAGE : DEAD);
}

describe("the token", () => {
  test("is requested once for all callers", async () => {
    const { pardot, tokenForms, events } = harness({ steps: [PAGE] });
    await Promise.all([1, 2, 3].map(() => pardot.queryPage(TAG, NEVER)));
    expect(tokenForms).toHaveLength(1);
    expect(events).toEqual([]);
    expect(pardot.calls).toEqual({ total: 3, byKind: { "tag query": 3 } });
  });

  test.each<[string, Step]>([
    ["184", { status: 400, body: failBody(184) }],
    ["184 under 200", { body: failBody(184) }],
    ["1", { body: failBody(1) }],
    ["HTTP 401 without a code", { status: 401 }],
    ["HTTP 401 with a page", { status: 401, body: "<html></html>" }],
  ])("%s: one refresh, one repetition, then the credentials are wrong", async (_name, step) => {
    const { pardot, api, tokenForms, events, clock } = harness({ steps: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3 });
    expect([api.length, tokenForms.length, clock.slept]).toEqual([2, 2, []]);
    expect(events.map((event) => event.type)).toEqual(["retrying", "token-refreshed"]);
  });

  test("continues with the new token", async () => {
    const { pardot, api } = harness({ steps: [DEAD, PAGE] });
    await pardot.queryPage(TAG, NEVER);
    expect(api.map((request) => request.headers["authorization"])).toEqual([
      `Bearer ${CANARIES.accessToken}-1`,
      `Bearer ${CANARIES.accessToken}-2`,
    ]);
  });

  test("many calls with a dead token cause one refresh, even if some notice late", async () => {
    let current = `${CANARIES.accessToken}-2`;
    const { pardot, tokenForms } = harness({ steps: [acceptsOnly(() => current)], config: { maxConcurrency: 2 } });
    await Promise.all(Array.from({ length: 7 }, () => pardot.queryPage(TAG, NEVER)));
    expect(tokenForms).toHaveLength(2);
    current = `${CANARIES.accessToken}-3`;
    await Promise.all(Array.from({ length: 7 }, () => pardot.queryPage(TAG, NEVER)));
    expect(tokenForms).toHaveLength(3);
  });

  test("client credentials send no refresh token", async () => {
    const auth = {
      flow: "client_credentials",
      clientId: "c",
      clientSecret: new Secret(CANARIES.clientSecret),
    } as const;
    const { pardot, tokenForms } = harness({ steps: [PAGE], config: { auth } });
    await pardot.queryPage(TAG, NEVER);
    expect(Object.fromEntries(tokenForms[0] ?? [])).toEqual({
      grant_type: "client_credentials",
      client_id: "c",
      client_secret: CANARIES.clientSecret,
    });
  });
});

describe("the parameters of a token request", () => {
  test("of the flow password are those of the user and the app", async () => {
    const app = { clientId: "c", clientSecret: new Secret(CANARIES.clientSecret) };
    const auth = {
      flow: "password",
      ...app,
      username: "api@acme.example",
      password: new Secret("canary-pass"),
    } as const;
    const { pardot, tokenForms } = harness({ steps: [PAGE], config: { auth } });
    await pardot.queryPage(TAG, NEVER);
    expect(Object.fromEntries(tokenForms[0] ?? [])).toEqual({
      grant_type: "password",
      client_id: "c",
      client_secret: CANARIES.clientSecret,
      username: "api@acme.example",
      password: "canary-pass",
    });
  });

  test("of the flow refresh_token need one", async () => {
    const auth = { ...REFRESH, refreshToken: null };
    const { pardot, tokenForms } = harness({ steps: [PAGE], config: { auth } });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3, code: "auth.no-refresh-token" });
    expect(tokenForms).toHaveLength(0);
  });
});

describe("a refresh token kept outside", () => {
  test("is read before each request and replaces the known one if it is newer", async () => {
    const kept = [new Secret("kept-1"), null, new Secret("kept-2")];
    const { pardot, tokenForms } = harness({ steps: [DEAD, PAGE, DEAD, PAGE], kept: async () => kept.shift() ?? null });
    await pardot.queryPage(TAG, NEVER);
    await pardot.queryPage(TAG, NEVER);
    expect(tokenForms.map((form) => form.get("refresh_token"))).toEqual(["kept-1", "kept-1", "kept-2"]);
  });

  test("is redacted if a response echoes it", async () => {
    const echo = { body: failBody(9999, "refused kept-canary!") };
    const { pardot } = harness({ steps: [echo], kept: async () => new Secret("kept-canary") });
    expect(String(await caught(pardot.queryPage(TAG, NEVER)))).toContain("refused ***!");
  });

  test("fails the call before anything is sent if it cannot be read", async () => {
    const unreadable = new Error("unreadable");
    const { pardot, tokenForms } = harness({ steps: [PAGE], kept: () => Promise.reject(unreadable) });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toBe(unreadable);
    expect(tokenForms).toHaveLength(0);
  });

  test("does not restore the old one if a rotated one could not be kept", async () => {
    const rotated = { body: tokenBody("a1", { refresh_token: "rotated-1" }) };
    const kept = [new Secret("kept-1")];
    const { pardot, tokenForms } = harness({
      steps: [DEAD, PAGE],
      tokens: [rotated],
      kept: async () => kept.shift() ?? null,
    });
    await pardot.queryPage(TAG, NEVER);
    expect(tokenForms.map((form) => form.get("refresh_token"))).toEqual(["kept-1", "rotated-1"]);
  });
});

describe("rotation", () => {
  test("happens only in the flow refresh_token", async () => {
    const auth = {
      flow: "client_credentials",
      clientId: "c",
      clientSecret: new Secret(CANARIES.clientSecret),
    } as const;
    const tokens = [{ body: tokenBody("a1", { refresh_token: "unasked" }) }];
    const { pardot, order } = harness({ steps: [PAGE], tokens, config: { auth } });
    await pardot.queryPage(TAG, NEVER);
    expect(order).toEqual(["token", "take", "send"]);
  });

  test("keeps the new refresh token before it uses the access token, and sends it from then on", async () => {
    const first = { body: tokenBody("a1", { refresh_token: "rotated-1" }) };
    const { pardot, order, tokenForms } = harness({ steps: [DEAD, PAGE], tokens: [first, { body: tokenBody("a2") }] });
    await pardot.queryPage(TAG, NEVER);
    expect(order).toEqual(["token", "rotate:rotated-1", "take", "send", "token", "take", "send"]);
    expect(tokenForms.map((form) => form.get("refresh_token"))).toEqual([CANARIES.refreshToken, "rotated-1"]);
  });

  test("ignores the same refresh token", async () => {
    const same = { body: tokenBody("a1", { refresh_token: CANARIES.refreshToken }) };
    const { pardot, order } = harness({ steps: [PAGE], tokens: [same] });
    await pardot.queryPage(TAG, NEVER);
    expect(order).toEqual(["token", "take", "send"]);
  });

  test("does not use the access token if the new refresh token cannot be kept, and never sends the old one again", async () => {
    const tokens = [{ body: tokenBody("a1", { refresh_token: "rotated-1" }) }, { body: tokenBody("a2") }];
    const full = new Error("disk full");
    const { pardot, api, tokenForms } = harness({
      steps: [PAGE],
      tokens,
      onRotated: async () => {
        throw full;
      },
    });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toBe(full);
    expect(api).toHaveLength(0);
    await pardot.queryPage(TAG, NEVER);
    expect(tokenForms[1]?.get("refresh_token")).toBe("rotated-1");
  });
});

describe("the token endpoint's errors", () => {
  test("'already being processed' waits between one and three seconds", async () => {
    const busy = refusal("invalid_grant", "token request is already being processed");
    const { pardot, clock, events } = harness({ steps: [PAGE], tokens: [busy, busy], unit: 0.999 });
    await pardot.queryPage(TAG, NEVER);
    expect(clock.slept).toEqual([2998, 2998]);
    expect(events[0]).toMatchObject({ type: "retrying", kind: "token", attempt: 1 });
  });

  test.each<[string, Step]>([
    ["HTTP 503 with a page", { status: 503, body: "<html>maintenance</html>" }],
    ["a page under 200", { body: "<html>maintenance</html>" }],
    ["nothing", { status: 502 }],
    ["cut JSON", { body: `{"access_token":"canary-cut` }],
    ["JSON of another kind", { body: `{"hello":"canary"}` }],
    ["a token that no header carries", { body: tokenBody("canary\nwith: a header") }],
    ["an unknown error under 500", refusal("server_error", "canary", 500)],
    ["a broken connection", new TransportError("cut", { code: "http.cut", retryable: true })],
  ])("%s is tried six times", async (_name, step) => {
    const { pardot, tokenForms } = harness({ steps: [PAGE], tokens: Array.from({ length: 9 }, () => step) });
    const error = await caught(pardot.queryPage(TAG, NEVER));
    expect(error).toMatchObject({ exitCode: 5, message: containing("after 6 tries") });
    expect(tokenForms).toHaveLength(6);
    expect(String(error)).not.toContain("canary");
  });

  test.each<[string, Step, string]>([
    ["no endpoint", { status: 404, body: "<html></html>" }, "auth.no-token-endpoint"],
    ["a redirect", { status: 302 }, "auth.no-token-endpoint"],
    ["an unknown error", refusal("canary secret", "canary"), "auth.refused"],
  ])("%s is the operator's affair", async (_name, step, code) => {
    const { pardot, tokenForms } = harness({ steps: [PAGE], tokens: [step] });
    const error = await caught(pardot.queryPage(TAG, NEVER));
    expect(error).toMatchObject({ exitCode: 3, code });
    expect(tokenForms).toHaveLength(1);
    expect(String(error)).not.toContain("canary");
  });

  test.each([
    ["refresh_token api", false],
    ["", false],
    ["api pardot_api_v9", false],
    ["refresh_token pardot_api", true],
    ["full refresh_token", true],
    [undefined, true],
  ])("a token with the scope %j is used: %s", async (scope, isUsed) => {
    const { pardot, api } = harness({ steps: [PAGE], tokens: [{ body: tokenBody("a", { scope }) }] });
    if (isUsed) {
      await pardot.queryPage(TAG, NEVER);
      expect(api).toHaveLength(1);
      return;
    }
    const error = await caught(pardot.queryPage(TAG, NEVER));
    expect(error).toMatchObject({
      exitCode: 3,
      code: "auth.scope-missing",
      message: containing("the scope pardot_api"),
    });
    expect(api).toHaveLength(0);
  });
});

describe("abandoning a token request", () => {
  test("an aborted caller returns immediately, and the others get the token", async () => {
    const { step, answer } = held(tokenBody("a1"));
    const { pardot, tokenForms } = harness({ steps: [PAGE], tokens: [step] });
    const stop = new AbortController();
    const leaving = caught(pardot.queryPage(TAG, stop.signal));
    const staying = pardot.queryPage(TAG, NEVER);
    const reason = new Error("stopped");
    stop.abort(reason);
    expect(await leaving).toBe(reason);
    answer();
    await staying;
    expect(tokenForms).toHaveLength(1);
  });

  test("a request that all callers have left is completed, so that a rotated refresh token is kept", async () => {
    const { step, answer } = held(tokenBody("a1", { refresh_token: "rotated-1" }));
    const { pardot, order, tokenForms } = harness({ steps: [PAGE], tokens: [step] });
    const stop = new AbortController();
    const leaving = caught(pardot.queryPage(TAG, stop.signal));
    await Promise.resolve();
    stop.abort(new Error("stopped"));
    await leaving;
    const next = pardot.queryPage(TAG, NEVER);
    answer();
    await next;
    expect(order).toEqual(["token", "rotate:rotated-1", "take", "send"]);
    expect(tokenForms).toHaveLength(1);
  });

  test("a caller that arrives during an abandoned request requests again if that one fails", async () => {
    const { step, answer } = held("");
    const { pardot, api, tokenForms, clock } = harness({ steps: [PAGE], tokens: [step] });
    const stop = new AbortController();
    const leaving = caught(pardot.queryPage(TAG, stop.signal));
    await Promise.resolve();
    stop.abort(new Error("stopped"));
    await leaving;
    const next = pardot.queryPage(TAG, NEVER);
    await Promise.resolve();
    expect(tokenForms).toHaveLength(1);
    answer();
    await next;
    expect([tokenForms.length, api.length, clock.slept]).toEqual([2, 1, []]);
  });

  test("no further try is made if no caller waits", async () => {
    const { step, answer } = held("");
    const { pardot, tokenForms, clock } = harness({ steps: [PAGE], tokens: [step] });
    const stop = new AbortController();
    const leaving = caught(pardot.queryPage(TAG, stop.signal));
    await Promise.resolve();
    stop.abort(new Error("stopped"));
    await leaving;
    answer();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect([tokenForms.length, clock.slept]).toEqual([1, []]);
  });
});

/** A token request that answers when told to. */
function held(body: string): { readonly step: Step; readonly answer: () => void } {
  const answers: (() => void)[] = [];
  const told = new Promise<HttpResponse>((resolve) => {
    answers.push(() => resolve(respond({ body })));
  });
  return { step: async () => told, answer: () => answers.forEach((one) => one()) };
}
