import { describe, expect, test } from "vitest";
import type { AuthFlow } from "../../config/config.ts";
import type { PardotEtlError } from "../../errors.ts";
import { readTokenAnswer } from "./token-answer.ts";
import { forFlow, TOKEN_ERRORS } from "./token-errors.ts";
import type { TokenError } from "./token-errors.ts";

/** What a flow does not have, so that no hint of it may name it. */
const ABSENT: Readonly<Record<AuthFlow, RegExp>> = {
  refresh_token: /PARDOT_(USERNAME|PASSWORD|PRIVATE_KEY)|run-as|certificate|security token/,
  jwt: /PARDOT_(CLIENT_SECRET|REFRESH_TOKEN|TOKEN_FILE|PASSWORD)|client secret|run-as|security token/,
  client_credentials: /PARDOT_(USERNAME|PASSWORD|PRIVATE_KEY|REFRESH_TOKEN|TOKEN_FILE)|private key|in a browser/,
  password: /PARDOT_(PRIVATE_KEY|REFRESH_TOKEN|TOKEN_FILE)|private key|run-as/,
};
const FLOWS = Object.keys(ABSENT) as AuthFlow[];

function refusal(flow: AuthFlow, error: string, description: string): { error: PardotEtlError; retry: string } {
  const bytes = new TextEncoder().encode(JSON.stringify({ error, error_description: description }));
  const answer = readTokenAnswer(400, bytes, { flow, loginHost: "acme.my.salesforce.com" });
  if (answer.kind === "token") throw new Error("it is a token");
  return answer;
}

const ROWS = FLOWS.flatMap((flow) => TOKEN_ERRORS.map((row) => [flow, row.error, row.descriptions, row] as const));

describe("a refused token", () => {
  test.each(ROWS)("by %s: %s, %j: has the row's sentence and hint for the flow", (flow, _error, _words, row) => {
    for (const words of row.descriptions ?? ["whatever"]) {
      const { error, retry } = refusal(flow, row.error, `Salesforce says: ${words.toUpperCase()}.`);
      expect(error).toMatchObject({
        exitCode: 3,
        code: `auth.${row.name}`,
        message: `get a token from acme.my.salesforce.com by the flow ${flow}: ${forFlow(row.meaning, flow)} (${row.error})`,
        hint: forFlow(row.hint, flow),
        retryable: row.retry === "wait" || row.retry === "back-off",
      });
      expect(retry).toBe(row.retry ?? "no");
    }
  });

  test.each(FLOWS)("by %s never mentions settings that the flow does not have", (flow) => {
    for (const row of TOKEN_ERRORS) {
      expect(forFlow(row.hint, flow)).not.toMatch(ABSENT[flow]);
      expect(forFlow(row.meaning, flow)).toMatch(/^[a-z].*[^.]$/);
      expect(forFlow(row.hint, flow)).toMatch(/^[A-Z].*\.$/);
    }
  });

  test.each(FLOWS)("by %s has a sentence and a hint that no other error has", (flow) => {
    // Salesforce reports an inactive user in two ways.
    const rows = TOKEN_ERRORS.filter((row) => row.error !== "inactive_user");
    for (const text of [(row: TokenError) => row.meaning, (row: TokenError) => row.hint]) {
      expect(new Set(rows.map((row) => forFlow(text(row), flow))).size).toBe(rows.length);
    }
  });

  test.each<[AuthFlow, string, string, string, RegExp, RegExp]>([
    [
      "jwt",
      "invalid_grant",
      "user hasn't approved this consumer",
      "user-not-approved",
      /not pre-authorized/,
      /permission set/,
    ],
    [
      "refresh_token",
      "invalid_grant",
      "user hasn't approved this consumer",
      "user-not-approved",
      /approved/,
      /browser/,
    ],
    [
      "jwt",
      "invalid_grant",
      "audience is invalid",
      "audience-invalid",
      /the assertion names/,
      /sandbox\.my\.salesforce/,
    ],
    [
      "jwt",
      "invalid_grant",
      "Audience validation failed",
      "audience-invalid",
      /the assertion names/,
      /PARDOT_LOGIN_URL/,
    ],
    ["jwt", "invalid_grant", "invalid assertion", "assertion-invalid", /signature/, /certificate/],
    ["jwt", "invalid_grant", "assertion expired", "assertion-expired", /older/, /clock/],
    ["jwt", "invalid_grant", "expired authorization code", "assertion-expired", /older/, /clock/],
    ["jwt", "invalid_client", "invalid client credentials", "client-secret-wrong", /the app/, /PARDOT_CLIENT_ID/],
    ["jwt", "app_not_found", "External client app is not installed", "app-not-in-org", /not installed/, /My Domain/],
    ["jwt", "invalid_app_access", "user is not admin approved", "app-access-denied", /may not use/, /PARDOT_USERNAME/],
    [
      "client_credentials",
      "invalid_grant",
      "request not supported on this domain",
      "my-domain-required",
      /^.*client credentials/,
      /My Domain only/,
    ],
    ["client_credentials", "invalid_grant", "no client credentials user enabled", "no-run-as-user", /run-as/, /Run As/],
    [
      "client_credentials",
      "invalid_client",
      "invalid client credentials",
      "client-secret-wrong",
      /secret/,
      /CLIENT_SECRET/,
    ],
    [
      "refresh_token",
      "invalid_grant",
      "expired access/refresh token",
      "refresh-token-dead",
      /refresh token/,
      /PARDOT_TOKEN_FILE/,
    ],
    ["password", "invalid_grant", "authentication failure", "authentication-failed", /user name/, /security token/],
    ["jwt", "invalid_grant", "authentication failure", "authentication-failed", /refuses the sign-in/, /Login History/],
    ["password", "unsupported_grant_type", "grant type not supported", "flow-off", /switched off/, /jwt/],
  ])("by %s: %s, %s", (flow, error, description, name, meaning, hint) => {
    const shown = refusal(flow, error, description).error;
    expect([shown.code, shown.message, shown.hint]).toEqual([
      `auth.${name}`,
      expect.stringMatching(meaning),
      expect.stringMatching(hint),
    ]);
  });
});

describe("a token without the scope", () => {
  const bytes = new TextEncoder().encode(JSON.stringify({ access_token: "a", scope: "api" }));

  test.each(FLOWS)("by %s", (flow) => {
    const answer = readTokenAnswer(200, bytes, { flow, loginHost: "host" });
    // Its tokens are good for everything.
    if (flow === "password") expect(answer.kind).toBe("token");
    else expect(answer).toMatchObject({ kind: "failed", retry: "no", error: { code: "auth.scope-missing" } });
    const hint = answer.kind === "failed" ? answer.error.hint : "";
    expect(hint?.includes("authorize the app again")).toBe(flow === "refresh_token");
  });
});
