/**
 * What Salesforce's token endpoint says when it gives no token: plain data. `description` is a part of
 * `error_description` in lower case that tells rows of one `error` apart; the first row that fits counts. Sources:
 * Salesforce help, remoteaccess_oauth_flow_errors, and the public issues where each pair was seen (named in
 * test/fixtures/recorded/salesforce-oauth/token-errors.json).
 */
export interface TokenError {
  readonly error: string;
  readonly description: string | null;
  /** Stable name for machines, after `auth.`. */
  readonly name: string;
  /** What it means, lower case. */
  readonly meaning: string;
  readonly hint: string;
  /** `no`: a person must act · `wait`: a second or so, another request is under way · `back-off`: growing pauses */
  readonly retry: "no" | "wait" | "back-off";
}

const CONSENT =
  "Authorise the app again in a browser as the API user and put the new refresh token into the configuration.";

export const TOKEN_ERRORS: readonly TokenError[] = [
  {
    error: "invalid_grant",
    description: "expired access/refresh token",
    name: "refresh-token-dead",
    meaning: "the refresh token is expired, revoked, or replaced by a newer one",
    hint: `${CONSENT} A sixth authorisation of the same user and app ends the oldest; with rotation switched on an old token ends them all.`,
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "already being processed",
    name: "refresh-under-way",
    meaning: "another refresh with the same refresh token was under way each time",
    hint: "Do not share one refresh token between programs: give this one its own authorisation.",
    retry: "wait",
  },
  {
    error: "invalid_grant",
    description: "authentication failure",
    name: "authentication-failed",
    meaning: "salesforce refuses the sign-in",
    hint: "Look at Setup > Login History of the user: wrong secret, blocked network address, a login policy, or a flow that is switched off for this app.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "user hasn't approved this consumer",
    name: "user-not-approved",
    meaning: "the user has not approved this app",
    hint: "Pre-authorise the user for the app (its policies: admin approved users are pre-authorised, then a permission set or profile), and check that PARDOT_LOGIN_URL is the host of the user's org.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "audience is invalid",
    name: "audience-invalid",
    meaning: "the assertion names another audience than this login host",
    hint: "Check PARDOT_LOGIN_URL: login.salesforce.com for production, test.salesforce.com for sandboxes.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "invalid assertion",
    name: "assertion-invalid",
    meaning: "the assertion's signature or content is refused",
    hint: "Check that the private key belongs to the certificate of the app, and this machine's clock.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "assertion expired",
    name: "assertion-expired",
    meaning: "the assertion is older than salesforce accepts",
    hint: "Set this machine's clock.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "request not supported on this domain",
    name: "my-domain-required",
    meaning: "this flow is not offered at this login host",
    hint: "Client credentials work on the org's My Domain only: set PARDOT_LOGIN_URL to https://<name>.my.salesforce.com.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "inactive user",
    name: "user-inactive",
    meaning: "the user is inactive",
    hint: "Activate the user in Salesforce, or authorise the app as another user.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "user is not admin approved",
    name: "user-not-admin-approved",
    meaning: "the app admits only users whom an administrator approved",
    hint: "Give the user a profile or permission set that the app's policies list.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: "ip restricted",
    name: "address-not-allowed",
    meaning: "sign-in from this network address is not allowed",
    hint: "Add this machine's public address to the trusted ranges of the user's profile, or relax the app's address policy.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    description: null,
    name: "grant-refused",
    meaning: "salesforce refuses the grant",
    hint: "Look at Setup > Login History of the user for the reason.",
    retry: "no",
  },
  {
    error: "invalid_client_id",
    description: null,
    name: "client-unknown",
    meaning: "the client id is unknown at this login host",
    hint: "Check PARDOT_CLIENT_ID (the app's consumer key) and PARDOT_LOGIN_URL; a new app takes some minutes to be known.",
    retry: "no",
  },
  {
    error: "invalid_client",
    description: null,
    name: "client-secret-wrong",
    meaning: "the client secret is wrong",
    hint: "Check PARDOT_CLIENT_SECRET (the app's consumer secret).",
    retry: "no",
  },
  {
    error: "unsupported_grant_type",
    description: null,
    name: "flow-off",
    meaning: "this flow is switched off for the app",
    hint: "Switch the flow on in the app's OAuth settings, or choose another with PARDOT_AUTH_FLOW.",
    retry: "no",
  },
  {
    error: "invalid_request",
    description: null,
    name: "request-refused",
    meaning: "salesforce misses something in the token request",
    hint: "Check that client id, client secret and refresh token are whole, without blanks or quotes around them.",
    retry: "no",
  },
  {
    error: "inactive_user",
    description: null,
    name: "user-inactive",
    meaning: "the user is inactive",
    hint: "Activate the user in Salesforce, or authorise the app as another user.",
    retry: "no",
  },
  {
    error: "inactive_org",
    description: null,
    name: "org-inactive",
    meaning: "the salesforce org is locked, closed or suspended",
    hint: "Ask the org's owner, or check that PARDOT_LOGIN_URL is the host of the right org.",
    retry: "no",
  },
  {
    error: "rate_limit_exceeded",
    description: null,
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
    row.error === error && (row.description === null || words.includes(row.description));
  return TOKEN_ERRORS.find((row) => fits(row)) ?? null;
}
