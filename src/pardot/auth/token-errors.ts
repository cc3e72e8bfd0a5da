import type { AuthFlow } from "../../config/config.ts";

/** One text for every flow, or one for `any` flow and others for some. */
export type PerFlow = string | ({ readonly any: string } & { readonly [Flow in AuthFlow]?: string });

/** A kind of response without a token: plain data. */
export interface TokenError {
  /** OAuth's word for it. */
  readonly error: string;
  /** Parts of `error_description` in lower case, one of which must be in it. Default: any description. */
  readonly descriptions?: readonly string[];
  /** Stable name for machines, after `auth.`. */
  readonly name: string;
  /** Lower case. */
  readonly meaning: PerFlow;
  /** A sentence that names only what the flow has. */
  readonly hint: PerFlow;
  /** Default `no`. */
  readonly retry?: Retry;
}

/**
 * `no`: a person must act · `wait`: a second or so, another request is in flight · `back-off`: growing pauses ·
 * `clock`: once more by Salesforce's clock, if ours has proven wrong; else a person must act
 */
export type Retry = "no" | "wait" | "back-off" | "clock";

/** The text for a flow. */
export function forFlow(text: PerFlow, flow: AuthFlow): string {
  return typeof text === "string" ? text : (text[flow] ?? text.any);
}

const APP_ACCESS =
  "a permission set that the app's policies list; with API Access Control on, the app must be installed as well (Setup > Connected Apps OAuth Usage)";

const CONSENT =
  "Authorize the app again in a browser as the API user and put the new refresh token into the configuration.";
const HISTORY = "Setup > Login History of";

/** Two responses mean it. */
const USER_INACTIVE: Omit<TokenError, "error"> = {
  name: "user-inactive",
  meaning: "the user is inactive",
  hint: {
    any: "Activate the user of PARDOT_USERNAME in Salesforce (Setup > Users), or name another.",
    refresh_token: "Activate the user in Salesforce (Setup > Users), or authorize the app as another user.",
    client_credentials: "Activate the app's run-as user (Setup > Users), or choose another in the app's policies.",
  },
};

/** The rows of `invalid_grant`; the one without description is last. */
const GRANT_ERRORS: readonly Omit<TokenError, "error">[] = [
  {
    descriptions: ["expired access/refresh token"],
    name: "refresh-token-dead",
    meaning: {
      any: "salesforce considers the token dead",
      refresh_token: "the refresh token is expired, revoked, or replaced by a newer one",
    },
    hint: {
      any: `Look at ${HISTORY} the user, and check PARDOT_AUTH_FLOW: this response belongs to refresh tokens.`,
      refresh_token: `${CONSENT} A sixth authorization of the same user and app revokes the oldest; with rotation on, using an old token revokes them all, so store the newest with PARDOT_TOKEN_FILE.`,
    },
  },
  {
    descriptions: ["already being processed"],
    name: "refresh-under-way",
    meaning: {
      any: "another token request for the same user and app was in flight each time",
      refresh_token: "another refresh with the same refresh token was in flight each time",
    },
    hint: {
      any: "Look for another program that signs in with the same app at the same time, and give this one its own app.",
      refresh_token: "Do not share one refresh token between programs: give this one its own authorization.",
    },
    retry: "wait",
  },
  {
    descriptions: ["authentication failure"],
    name: "authentication-failed",
    meaning: {
      any: "salesforce refuses the sign-in",
      password: "salesforce refuses the user name and password, or the flow as a whole",
    },
    hint: {
      any: `Look at ${HISTORY} the API user: a wrong secret, a blocked network address, a login policy, or an app that was blocked.`,
      jwt: `Look at ${HISTORY} the user in PARDOT_USERNAME: a frozen or locked user, a blocked network address, login hours, or an app that was blocked.`,
      client_credentials: `Look at ${HISTORY} the app's run-as user: a frozen or locked user, a blocked network address, or login hours.`,
      password:
        "Check PARDOT_USERNAME, PARDOT_PASSWORD (the password with the security token at its end) and PARDOT_LOGIN_URL. Orgs created since Summer '23 block this flow (Setup > OAuth and OpenID Connect Settings) and external client apps do not support it: use PARDOT_AUTH_FLOW=jwt instead.",
    },
  },
  {
    descriptions: ["user hasn't approved this consumer"],
    name: "user-not-approved",
    meaning: {
      any: "the user has not approved this app",
      jwt: "the user in PARDOT_USERNAME is not pre-authorized for this app, or not known at this login host",
      client_credentials: "the app's run-as user may not be used by it",
    },
    hint: {
      any: "Let the API user approve the app once in a browser, or pre-authorize the user in the app's policies.",
      refresh_token: CONSENT,
      jwt: "Set the app's policies to pre-authorize admin approved users, add a permission set or profile of that user to the app, and check PARDOT_USERNAME and that PARDOT_LOGIN_URL is the host of the user's org.",
      client_credentials:
        "Choose the run-as user in the app's policies once more, and check that the user is active and may use the API.",
    },
  },
  {
    descriptions: ["audience"],
    name: "audience-invalid",
    meaning: {
      any: "salesforce considers the request meant for another login host",
      jwt: "the assertion names another audience than this login host expects",
    },
    hint: {
      any: "Check PARDOT_LOGIN_URL: login.salesforce.com for production, test.salesforce.com for sandboxes, or the My Domain host.",
      jwt: "Check PARDOT_LOGIN_URL: the audience follows from it. Sandboxes are test.salesforce.com and My Domain hosts such as acme--uat.sandbox.my.salesforce.com; everything else counts as production.",
    },
  },
  {
    descriptions: ["invalid assertion"],
    name: "assertion-invalid",
    meaning: {
      any: "salesforce refuses an assertion, though this flow sends none",
      jwt: "the assertion's signature or content is refused",
    },
    hint: {
      any: "Check PARDOT_AUTH_FLOW and that PARDOT_LOGIN_URL is a Salesforce host.",
      jwt: "Check that PARDOT_PRIVATE_KEY or PARDOT_PRIVATE_KEY_FILE belongs to the certificate that was uploaded to this very app and has not expired, that PARDOT_CLIENT_ID is that app's, and this machine's clock.",
    },
    retry: "clock",
  },
  {
    // The second was seen for an assertion that was too old: simple-salesforce/simple-salesforce issue 491.
    descriptions: ["assertion expired", "expired authorization code"],
    name: "assertion-expired",
    meaning: {
      any: "salesforce considers the request too old",
      jwt: "the assertion is older than salesforce accepts, or expires too late",
    },
    hint: {
      any: "Set this machine's clock, and check PARDOT_AUTH_FLOW.",
      jwt: "Set this machine's clock: an assertion lives for three minutes at most.",
    },
    retry: "clock",
  },
  {
    descriptions: ["request not supported on this domain"],
    name: "my-domain-required",
    meaning: {
      any: "this flow is not offered at this login host",
      client_credentials: "client credentials are not offered at this login host",
    },
    hint: {
      any: "Set PARDOT_LOGIN_URL to the org's My Domain host, https://<name>.my.salesforce.com: it supports every flow.",
      client_credentials:
        "Client credentials work on the org's My Domain only: set PARDOT_LOGIN_URL to https://<name>.my.salesforce.com.",
    },
  },
  {
    // SumoLogic/sumologic-documentation, Salesforce source, troubleshooting.
    descriptions: ["no client credentials user enabled"],
    name: "no-run-as-user",
    meaning: "the app has no run-as user for client credentials, or one that may not use them",
    hint: {
      any: "Check PARDOT_AUTH_FLOW: this response belongs to client credentials.",
      client_credentials:
        "Choose the API user as run-as user in the app's policies (Client Credentials Flow > Run As); enter its user name, and make sure that the user is active and may use the API.",
    },
  },
  {
    descriptions: ["flow not enabled"],
    name: "flow-not-enabled",
    meaning: "this flow is not enabled for the app",
    hint: {
      any: "Enable the flow in the app's OAuth settings, or choose another with PARDOT_AUTH_FLOW.",
      jwt: "Enable the JWT bearer flow in the app's OAuth settings and upload the certificate of the private key there.",
      client_credentials: "Enable the client credentials flow in the app's OAuth settings and choose a run-as user.",
    },
  },
  { descriptions: ["inactive user"], ...USER_INACTIVE },
  {
    descriptions: ["user is not admin approved"],
    name: "user-not-admin-approved",
    meaning: "the app admits only users whom an administrator approved",
    hint: {
      any: "Give the user of PARDOT_USERNAME a profile or permission set that the app's policies list.",
      refresh_token: "Give the authorizing user a profile or permission set that the app's policies list.",
      client_credentials: "Give the app's run-as user a profile or permission set that the app's policies list.",
    },
  },
  {
    descriptions: ["ip restricted"],
    name: "address-not-allowed",
    meaning: "sign-in from this network address is not allowed",
    hint: "Add this machine's public address to the trusted ranges of the user's profile, or relax the app's address policy.",
  },
  {
    name: "grant-refused",
    meaning: "salesforce refuses the grant",
    hint: {
      any: `Look at ${HISTORY} the user in PARDOT_USERNAME for the reason.`,
      refresh_token: `Look at ${HISTORY} the user who authorized the app for the reason.`,
      client_credentials: `Look at ${HISTORY} the app's run-as user for the reason.`,
    },
  },
];

/**
 * Responses of Salesforce's token endpoint without a token; the first row that fits counts. Sources: Salesforce
 * help, remoteaccess_oauth_flow_errors, and the public issues where each pair was seen (named in
 * test/fixtures/recorded/salesforce-oauth/token-errors.json, or at the row).
 */
export const TOKEN_ERRORS: readonly TokenError[] = [
  ...GRANT_ERRORS.map((row) => ({ error: "invalid_grant", ...row })),
  {
    // forcedotcom/cli issue 3260.
    error: "invalid_app_access",
    name: "app-access-denied",
    meaning: "the user may not use this app",
    hint: {
      any: `Give the user of PARDOT_USERNAME ${APP_ACCESS}.`,
      refresh_token: `Give the user who authorized the app ${APP_ACCESS}.`,
      client_credentials: `Give the app's run-as user ${APP_ACCESS}.`,
    },
  },
  {
    // forcedotcom/cli issue 3482, "External client app is not installed in this org".
    error: "app_not_found",
    name: "app-not-in-org",
    meaning: "the app is not installed in the org of this login host",
    hint: "Set PARDOT_LOGIN_URL to the My Domain host of the org that has the app: the shared hosts do not find external client apps. In a refreshed sandbox, create or install the app again.",
  },
  {
    error: "invalid_client_id",
    name: "client-unknown",
    meaning: "the client id is unknown at this login host",
    hint: "Check PARDOT_CLIENT_ID (the app's consumer key) and PARDOT_LOGIN_URL; a new app is known only after some minutes.",
  },
  {
    error: "invalid_client",
    name: "client-secret-wrong",
    meaning: { any: "the client secret is wrong", jwt: "salesforce does not recognize the app" },
    hint: {
      any: "Check PARDOT_CLIENT_SECRET (the app's consumer secret), and that it is of the same app as PARDOT_CLIENT_ID.",
      jwt: "Check that PARDOT_CLIENT_ID is the consumer key of the app that has the certificate, and that the app is neither blocked nor deleted.",
    },
  },
  {
    error: "unsupported_grant_type",
    name: "flow-off",
    meaning: "this flow is switched off for the app or the org",
    hint: {
      any: "Switch the flow on in the app's OAuth settings, or choose another with PARDOT_AUTH_FLOW.",
      refresh_token:
        "Add the scope refresh_token (offline_access) and the authorization code flow to the app's OAuth settings, then authorize it again; or choose another flow with PARDOT_AUTH_FLOW.",
      jwt: "Enable the JWT bearer flow (digital signatures) in the app's OAuth settings, or choose another flow with PARDOT_AUTH_FLOW.",
      client_credentials:
        "Enable the client credentials flow in the app's OAuth settings and choose its run-as user, or choose another flow with PARDOT_AUTH_FLOW.",
      password: "Salesforce is retiring user name and password: choose another flow, best PARDOT_AUTH_FLOW=jwt.",
    },
  },
  {
    error: "invalid_request",
    name: "request-refused",
    meaning: "something is missing in the token request",
    hint: {
      any: "Check that client id and client secret are whole, without blanks or quotes around them.",
      refresh_token:
        "Check that client id, client secret and refresh token are whole, without blanks or quotes around them.",
      jwt: "Check that PARDOT_CLIENT_ID and PARDOT_USERNAME are whole, without blanks or quotes around them.",
      password:
        "Check that client id, client secret, user name and password are whole, without blanks or quotes around them.",
    },
  },
  { error: "inactive_user", ...USER_INACTIVE },
  {
    error: "inactive_org",
    name: "org-inactive",
    meaning: "the salesforce org is locked, closed or suspended",
    hint: "Ask the org's owner, or check that PARDOT_LOGIN_URL is the host of the right org.",
  },
  {
    error: "rate_limit_exceeded",
    name: "rate-limit",
    meaning: "too many logins in a short time",
    hint: "Run again in an hour, and look for other programs that sign in as this user.",
    retry: "back-off",
  },
];

/** The row for an error response; null for an unknown one. */
export function tokenErrorFor(error: string, description: string): TokenError | null {
  const words = description.toLowerCase();
  const fits = (row: TokenError): boolean =>
    row.error === error && (row.descriptions?.some((part) => words.includes(part)) ?? true);
  return TOKEN_ERRORS.find((row) => fits(row)) ?? null;
}
