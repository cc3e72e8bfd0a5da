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
import type { PerFlow, TokenError } from "./token-errors.ts";

/** A parsed response of the token endpoint. Errors quote nothing of a body but the words of known errors. */
export type TokenAnswer =
  | { readonly kind: "token"; readonly accessToken: Secret; readonly refreshToken: Secret | null }
  | { readonly kind: "failed"; readonly retry: TokenError["retry"]; readonly error: PardotEtlError };

/** The request, as errors name it. */
export interface TokenRequested {
  readonly flow: AuthFlow;
  readonly loginHost: string;
}

/**
 * Reads a response of the token endpoint. `expires_in` and `issued_at` are not needed: a token is valid as long as it is
 * used, and ends with code 184 (vendor docs, authentication).
 */
export function readTokenAnswer(status: number, bytes: Uint8Array, request: TokenRequested): TokenAnswer {
  const code = pardotCode(status, bytes);
  if (code !== null) return atPardot(code, request);
  const body = readBody(bytes);
  if (body === "html" || body === "empty") return noJson(status, body, request);
  if (body === null) {
    return status === 404 || isRedirect(status) ? noJson(status, "html", request) : unreadable(status, request);
  }
  const error = body["error"];
  if (typeof error === "string") return refused(status, error, body["error_description"], request);
  const accessToken = body["access_token"];
  if (status !== 200 || typeof accessToken !== "string") return unreadable(status, request);
  // Visible ASCII without blanks: anything else is not allowed in a header.
  if (!/^[\x21-\x7e]{1,4096}$/.test(accessToken)) return unreadable(status, request);
  const scope = body["scope"];
  // User name and password give a token for everything, whatever the app's scopes (vendor docs, authentication).
  if (typeof scope === "string" && request.flow !== "password" && !grants(scope)) {
    return no(
      new AuthError(`${operation(request)}: the token does not carry the scope ${SCOPE}`, {
        code: "auth.scope-missing",
        hint: forFlow(SCOPE_HINT, request.flow),
      }),
    );
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
export function operation(request: TokenRequested): string {
  return `get a token from ${request.loginHost} by the flow ${request.flow}`;
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

function atPardot(code: number, request: TokenRequested): TokenAnswer {
  const meaning = ERROR_CODES[code]?.meaning.replaceAll(/\{(\w+)\}/g, "$1");
  return no(
    new AuthError(
      `${operation(request)}: pardot responds with its code ${code}${meaning === undefined ? "" : ` (${meaning})`}`,
      {
        code: "auth.endpoint-is-pardot",
        hint: "PARDOT_LOGIN_URL is Pardot's address. Set it to Salesforce's: https://login.salesforce.com, https://test.salesforce.com or the org's https://<name>.my.salesforce.com.",
      },
    ),
  );
}

function refused(status: number, error: string, description: unknown, request: TokenRequested): TokenAnswer {
  const row = tokenErrorFor(error, typeof description === "string" ? description : "");
  // An unknown error is named only when it looks like one of OAuth's words, since it could be anything.
  const word = /^[a-z_]{1,40}$/.test(error) ? error : "an unknown error";
  if (row === null) {
    if (status >= 500 || status === 429) return unreadable(status, request);
    return no(
      new AuthError(`${operation(request)}: salesforce refuses (${word}, HTTP ${status})`, {
        code: "auth.refused",
        hint: "Look at Setup > Login History of the user for the reason.",
      }),
    );
  }
  const failure = new AuthError(`${operation(request)}: ${forFlow(row.meaning, request.flow)} (${row.error})`, {
    code: `auth.${row.name}`,
    hint: forFlow(row.hint, request.flow),
    retryable: row.retry === "wait" || row.retry === "back-off",
  });
  return { kind: "failed", retry: row.retry, error: failure };
}

function noJson(status: number, body: "html" | "empty", request: TokenRequested): TokenAnswer {
  if (status === 404 || isRedirect(status)) {
    return no(
      new AuthError(`${operation(request)}: no token endpoint (HTTP ${status})`, {
        code: "auth.no-token-endpoint",
        hint: "Check PARDOT_LOGIN_URL: https://login.salesforce.com, https://test.salesforce.com or the org's https://<name>.my.salesforce.com.",
      }),
    );
  }
  const what = body === "html" ? "a page of HTML" : "nothing";
  return {
    kind: "failed",
    retry: "back-off",
    error: new TransportError(`${operation(request)}: HTTP ${status} with ${what}`, {
      code: "auth.endpoint-failed",
      hint: "Salesforce may be in maintenance (status.salesforce.com): run again later. If it stays, check PARDOT_LOGIN_URL.",
      retryable: true,
    }),
  };
}

function unreadable(status: number, request: TokenRequested): TokenAnswer {
  return {
    kind: "failed",
    retry: "back-off",
    error: new TransportError(`${operation(request)}: HTTP ${status} with a response that is not a token`, {
      code: "auth.endpoint-failed",
      hint: "Run again later. If it stays, check PARDOT_LOGIN_URL.",
      retryable: true,
    }),
  };
}

function no(error: AuthError): TokenAnswer {
  return { kind: "failed", retry: "no", error };
}

function isRedirect(status: number): boolean {
  return status >= 300 && status <= 399;
}
