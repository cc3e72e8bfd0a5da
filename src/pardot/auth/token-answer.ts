import { AuthError, TransportError } from "../../errors.ts";
import type { PardotEtlError } from "../../errors.ts";
import type { AuthFlow } from "../../config/config.ts";
import { Secret } from "../../secrets/secret.ts";
import { readEnvelope } from "../envelope.ts";
import { ERROR_CODES } from "../error-codes.ts";
import type { WireRecord } from "../pardot.ts";
import { SCOPE } from "../protocol.ts";
import { UnreadableBody, asRecord, readJson } from "../read-body.ts";
import { forFlow, tokenErrorFor } from "./token-errors.ts";
import type { PerFlow, Retry } from "./token-errors.ts";

/** A parsed response of the token endpoint. Errors quote only the words of known errors from a body. */
export type TokenAnswer =
  | { readonly kind: "token"; readonly accessToken: Secret; readonly refreshToken: Secret | null }
  | { readonly kind: "failed"; readonly retry: Retry; readonly error: PardotEtlError };

/** A login attempt, as errors name it. */
export interface LoginAttempt {
  readonly flow: AuthFlow;
  readonly loginHost: string;
}

/**
 * Reads a response of the token endpoint. `expires_in` and `issued_at` are not needed: a token is valid as long as it
 * is used, and ends with code 184 (vendor docs, authentication).
 */
export function readTokenAnswer(status: number, bytes: Uint8Array, attempt: LoginAttempt): TokenAnswer {
  const code = pardotCode(status, bytes);
  if (code !== null) return atPardot(code, attempt);
  const body = readBody(bytes);
  const isElsewhere = status === 404 || (status >= 300 && status <= 399);
  if (isElsewhere && (body === null || typeof body === "string")) {
    return refusal(
      attempt,
      `no token endpoint (HTTP ${status})`,
      "no-token-endpoint",
      `Check PARDOT_LOGIN_URL: ${HOSTS}.`,
    );
  }
  if (body === null) return unreadable(status, attempt);
  if (typeof body === "string") {
    const hint =
      "Salesforce may be in maintenance (status.salesforce.com): run again later. If it happens again, check PARDOT_LOGIN_URL.";
    return endpointFailed(attempt, status, body === "html" ? "a page of HTML" : "nothing", hint);
  }
  const error = body["error"];
  if (typeof error === "string") return refused(status, error, body["error_description"], attempt);
  const accessToken = body["access_token"];
  if (status !== 200 || typeof accessToken !== "string") return unreadable(status, attempt);
  // Visible ASCII without blanks: anything else is not allowed in a header.
  if (!/^[\x21-\x7e]{1,4096}$/.test(accessToken)) return unreadable(status, attempt);
  const scope = body["scope"];
  // User name and password give a token for everything, whatever the app's scopes (vendor docs, authentication).
  if (typeof scope === "string" && attempt.flow !== "password" && !grants(scope)) {
    const hint = forFlow(SCOPE_HINT, attempt.flow);
    return refusal(attempt, `the token does not have the scope ${SCOPE}`, "scope-missing", hint);
  }
  const rotated = body["refresh_token"];
  return {
    kind: "token",
    accessToken: new Secret(accessToken),
    refreshToken: typeof rotated === "string" && rotated !== "" ? new Secret(rotated) : null,
  };
}

const ADD_SCOPE = `Add the scope ${SCOPE} ("Manage Pardot services") to the app's OAuth settings`;

const SCOPE_HINT: PerFlow = {
  any: `${ADD_SCOPE}; the next token has it, after some minutes.`,
  refresh_token: `${ADD_SCOPE}, then authorize the app again; an earlier authorization keeps its old scopes.`,
};

/** The operation as errors name it. */
export function operation(attempt: LoginAttempt): string {
  return `get a token from ${attempt.loginHost} by the flow ${attempt.flow}`;
}

/** `full` means every scope but the refresh token's (Salesforce help, remoteaccess_oauth_tokens_scopes). */
function grants(scope: string): boolean {
  const words = scope.split(/[\s,+]+/);
  return words.includes(SCOPE) || words.includes("full");
}

function readBody(bytes: Uint8Array): WireRecord | "html" | "empty" | null {
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") return "empty";
  if (text.startsWith("<")) return "html";
  try {
    return asRecord(readJson(text));
  } catch (error) {
    if (error instanceof UnreadableBody) return null;
    throw error;
  }
}

/** The code of an error envelope, which only Pardot sends; null for anything else. */
function pardotCode(status: number, bytes: Uint8Array): number | null {
  const outcome = readEnvelope(bytes, { status, headers: {}, retryAfterMs: null }, false);
  return outcome.ok || outcome.failure.shape !== "envelope" ? null : outcome.failure.code;
}

function atPardot(code: number, attempt: LoginAttempt): TokenAnswer {
  const meaning = ERROR_CODES[code]?.meaning.replaceAll(/\{(\w+)\}/g, "$1");
  const message = `pardot responds with its code ${code}${meaning === undefined ? "" : ` (${meaning})`}`;
  return refusal(attempt, message, "endpoint-is-pardot", `PARDOT_LOGIN_URL is Pardot's address. Set it to ${HOSTS}.`);
}

function refused(status: number, error: string, description: unknown, attempt: LoginAttempt): TokenAnswer {
  const row = tokenErrorFor(error, typeof description === "string" ? description : "");
  if (row !== null) {
    const message = `${forFlow(row.meaning, attempt.flow)} (${row.error})`;
    return refusal(attempt, message, row.name, forFlow(row.hint, attempt.flow), row.retry);
  }
  if (status >= 500 || status === 429) return unreadable(status, attempt);
  // An unknown error is named only when it looks like one of OAuth's words, since it could be anything.
  const word = /^[a-z_]{1,40}$/.test(error) ? error : "an unknown error";
  const hint = "Look at Setup > Login History of the user for the reason.";
  return refusal(attempt, `salesforce refuses (${word}, HTTP ${status})`, "refused", hint);
}

const HOSTS = "https://login.salesforce.com, https://test.salesforce.com or the org's https://<name>.my.salesforce.com";

function unreadable(status: number, attempt: LoginAttempt): TokenAnswer {
  return endpointFailed(
    attempt,
    status,
    "a response that is not a token",
    "Run again later. If it happens again, check PARDOT_LOGIN_URL.",
  );
}

function endpointFailed(attempt: LoginAttempt, status: number, what: string, hint: string): TokenAnswer {
  const message = `${operation(attempt)}: HTTP ${status} with ${what}`;
  const error = new TransportError(message, { code: "auth.endpoint-failed", hint, retryable: true });
  return { kind: "failed", retry: "back-off", error };
}

function refusal(attempt: LoginAttempt, message: string, name: string, hint: string, retry: Retry = "no"): TokenAnswer {
  const retryable = retry === "wait" || retry === "back-off";
  const error = new AuthError(`${operation(attempt)}: ${message}`, { code: `auth.${name}`, hint, retryable });
  return { kind: "failed", retry, error };
}
