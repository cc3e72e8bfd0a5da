import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inspect } from "node:util";
import { SERVER_PAUSE_MAX_MS } from "../../src/http/backoff.ts";
import { PardotEtlError, TransportError } from "../../src/errors.ts";
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
} from "../kit/fakes/pardot.ts";
import type { Step } from "../kit/fakes/pardot.ts";

const TAG = { way: TAG_WAY, fields: null };
const EXPORT = { api: "v4", object: "VisitorActivity", fields: ["id"], procedure: "p", arguments: {} } as const;
const SECRETS = /canary/;

/** Possible responses of a server or a gateway, with every secret it knows in every part of them. */
const echo = Object.values(CANARIES).join(" ");
const network = fc
  .constantFrom("http.cut", "http.timeout", "http.short-body", "http.bad-encoding", "http.not-sent")
  .map((code): Step => new TransportError(`GET pi.pardot.com: ${code}`, { code, retryable: true }));
const envelope = fc
  .tuple(
    fc.constantFrom(200, 400, 401, 429, 500),
    fc.constantFrom(1, 23, 66, 88, 89, 109, 116, 178, 183, 184, 201, 202, 214, 9999),
  )
  .map(([status, code]): Step => ({ status, body: failBody(code, echo), headers: { "x-pardot-route": "r" } }));
const other = fc
  .tuple(
    fc.constantFrom(200, 302, 401, 403, 404, 429, 500, 502, 504),
    fc.constantFrom("", "<html>", "{", `{"a":"${echo}"}`, echo),
  )
  .map(([status, body]): Step => ({
    status,
    body,
    headers: { "retry-after": "7", location: `https://x.test/${echo}` },
  }));
const page: Step = { body: okBody({ result: { tag: [{ id: 1 }] }, export: { id: 1, state: "Waiting" } }) };
const response = fc.oneof(
  { weight: 3, arbitrary: network },
  { weight: 4, arbitrary: envelope },
  { weight: 3, arbitrary: other },
  {
    weight: 2,
    arbitrary: fc.constant(page),
  },
);
const tokenResponse = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constant<Step>({ body: tokenBody(CANARIES.accessToken, { refresh_token: CANARIES.refreshToken }) }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>(
      { status: 503, body: echo },
      { status: 400, body: JSON.stringify({ error: "invalid_grant", error_description: echo }) },
      { status: 400, body: JSON.stringify({ error: echo, error_description: echo }) },
      { body: `{"access_token":"${CANARIES.accessToken}` },
    ),
  },
);

describe("with any responses", () => {
  test("the client counts calls as sent, reserves them first, limits and announces them, and never shows secrets", async () => {
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const steps = fc.array(response, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(tokenResponse, { minLength: 12, maxLength: 12 }),
        unit,
        fc.boolean(),
        async (script, tokens, die, creates) => {
          const { pardot, api, taken, events, clock } = harness({ steps: script, tokens, unit: die });
          const call = creates ? pardot.createExport(EXPORT, NEVER) : pardot.queryPage(TAG, NEVER);
          const error = await call.then(
            () => null,
            (thrown: unknown) => thrown,
          );
          if (error !== null && !(error instanceof PardotEtlError))
            throw new Error("not one of ours", { cause: error });

          expect(pardot.calls.total).toBe(api.length);
          expect(Object.values(pardot.calls.byKind).reduce((sum, count) => sum + count, 0)).toBe(api.length);
          expect(taken).toHaveLength(api.length);
          // Six tries, one refresh, one switch of version.
          expect(api.length).toBeLessThanOrEqual(8);
          const repeats = events.filter((event) => event.type === "retrying" && event.kind !== "token");
          const isLastAnnounced = error !== null && repeats.length === api.length;
          // Each repeated request was announced; an announced request is not sent only if its refresh failed.
          expect(isLastAnnounced || repeats.length === Math.max(0, api.length - 1)).toBe(true);
          expect(Math.max(0, ...clock.slept)).toBeLessThanOrEqual(SERVER_PAUSE_MAX_MS);
          expect(inspect([error, events], { depth: 9, showHidden: true })).not.toMatch(SECRETS);
          expect(JSON.stringify([error, error?.message, error?.hint, error?.stack, events])).not.toMatch(SECRETS);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("the gate admits at most the configured calls, and each slot is released, also by callers that give up", async () => {
    const ways = fc.array(fc.constantFrom("succeed", "fail", "give-up"), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), ways, async (places, script) => {
        let inFlight = 0;
        let most = 0;
        const slow: Step = async (request, signal) => {
          inFlight += 1;
          most = Math.max(most, inFlight);
          try {
            for (let turn = 0; turn < 5; turn += 1) {
              await Promise.resolve();
              signal.throwIfAborted();
            }
            const fails = request.url.searchParams.get("fields") === "fail";
            return respond(fails ? { status: 400, body: failBody(23) } : page);
          } finally {
            inFlight -= 1;
          }
        };
        const { pardot, api } = harness({ steps: [slow], config: { maxConcurrency: places } });
        const reason = new Error("gave up");
        await Promise.all(
          script.map(async (way, index) => {
            const stop = new AbortController();
            const asked = pardot.queryPage({ ...TAG, fields: [way] }, stop.signal);
            if (way === "succeed") {
              expect((await asked).records).toHaveLength(1);
              return;
            }
            const failed = caught(asked);
            if (way === "give-up") {
              for (let turn = 0; turn < index; turn += 1) await Promise.resolve();
              stop.abort(reason);
            }
            await failed.catch(() => null);
          }),
        );
        expect(most).toBeLessThanOrEqual(places);
        expect(pardot.calls.total).toBe(api.length);
        expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(1);
      }),
      { numRuns: 100 },
    );
  });
});
