import type { TokenError } from "./token-error.ts";
import { GRANT_ERRORS, USER_INACTIVE } from "./token-errors-grant.ts";

const APP_ACCESS =
  "a permission set that the app's policies list; with API Access Control on, the app must be installed as well (Setup > Connected Apps OAuth Usage)";

/**
 * What Salesforce's token endpoint says when it gives no token; the first row that fits counts. Sources: Salesforce
 * help, remoteaccess_oauth_flow_errors, and the public issues where each pair was seen (named in
 * test/fixtures/recorded/salesforce-oauth/token-errors.json, or at the row).
 */
export const TOKEN_ERRORS: readonly TokenError[] = [
  ...GRANT_ERRORS,
  {
    // forcedotcom/cli issue 3260.
    error: "invalid_app_access",
    descriptions: [],
    name: "app-access-denied",
    meaning: "the user may not use this app",
    hint: {
      any: `Give the user of PARDOT_USERNAME ${APP_ACCESS}.`,
      refresh_token: `Give the user who authorised the app ${APP_ACCESS}.`,
      client_credentials: `Give the app's run-as user ${APP_ACCESS}.`,
    },
    retry: "no",
  },
  {
    // forcedotcom/cli issue 3482, "External client app is not installed in this org".
    error: "app_not_found",
    descriptions: [],
    name: "app-not-in-org",
    meaning: "the app is not installed in the org of this login host",
    hint: "Set PARDOT_LOGIN_URL to the My Domain host of the org that has the app: the shared hosts do not find external client apps. In a refreshed sandbox the app has to be made or installed again.",
    retry: "no",
  },
  {
    error: "invalid_client_id",
    descriptions: [],
    name: "client-unknown",
    meaning: "the client id is unknown at this login host",
    hint: "Check PARDOT_CLIENT_ID (the app's consumer key) and PARDOT_LOGIN_URL; a new app takes some minutes to be known.",
    retry: "no",
  },
  {
    error: "invalid_client",
    descriptions: [],
    name: "client-secret-wrong",
    meaning: { any: "the client secret is wrong", jwt: "salesforce does not take the app for itself" },
    hint: {
      any: "Check PARDOT_CLIENT_SECRET (the app's consumer secret), and that it is of the same app as PARDOT_CLIENT_ID.",
      jwt: "Check that PARDOT_CLIENT_ID is the consumer key of the app that has the certificate, and that the app is neither blocked nor deleted.",
    },
    retry: "no",
  },
  {
    error: "unsupported_grant_type",
    descriptions: [],
    name: "flow-off",
    meaning: "this flow is switched off for the app or the org",
    hint: {
      any: "Switch the flow on in the app's OAuth settings, or choose another with PARDOT_AUTH_FLOW.",
      refresh_token:
        "Add the scope refresh_token (offline_access) and the authorization code flow to the app's OAuth settings, then authorise it again; or choose another flow with PARDOT_AUTH_FLOW.",
      jwt: "Enable the JWT bearer flow (digital signatures) in the app's OAuth settings, or choose another flow with PARDOT_AUTH_FLOW.",
      client_credentials:
        "Enable the client credentials flow in the app's OAuth settings and choose its run-as user, or choose another flow with PARDOT_AUTH_FLOW.",
      password: "Salesforce is retiring user name and password: choose another flow, best PARDOT_AUTH_FLOW=jwt.",
    },
    retry: "no",
  },
  {
    error: "invalid_request",
    descriptions: [],
    name: "request-refused",
    meaning: "salesforce misses something in the token request",
    hint: {
      any: "Check that client id and client secret are whole, without blanks or quotes around them.",
      refresh_token:
        "Check that client id, client secret and refresh token are whole, without blanks or quotes around them.",
      jwt: "Check that PARDOT_CLIENT_ID and PARDOT_USERNAME are whole, without blanks or quotes around them.",
      password:
        "Check that client id, client secret, user name and password are whole, without blanks or quotes around them.",
    },
    retry: "no",
  },
  { error: "inactive_user", descriptions: [], ...USER_INACTIVE },
  {
    error: "inactive_org",
    descriptions: [],
    name: "org-inactive",
    meaning: "the salesforce org is locked, closed or suspended",
    hint: "Ask the org's owner, or check that PARDOT_LOGIN_URL is the host of the right org.",
    retry: "no",
  },
  {
    error: "rate_limit_exceeded",
    descriptions: [],
    name: "rate-limit",
    meaning: "too many logins in a short time",
    hint: "Run again in an hour, and look for other programs that sign in as this user.",
    retry: "back-off",
  },
];

/** The row for an error answer; null when the error is not known. */
export function tokenErrorFor(error: string, description: string): TokenError | null {
  const words = description.toLowerCase();
  const fits = (row: TokenError): boolean =>
    row.error === error && (row.descriptions.length === 0 || row.descriptions.some((part) => words.includes(part)));
  return TOKEN_ERRORS.find((row) => fits(row)) ?? null;
}
