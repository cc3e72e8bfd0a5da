import type { TokenError } from "./token-error.ts";

const CONSENT =
  "Authorise the app again in a browser as the API user and put the new refresh token into the configuration.";
const HISTORY = "Setup > Login History of";

/** Two answers say it. */
export const USER_INACTIVE: Omit<TokenError, "error" | "descriptions"> = {
  name: "user-inactive",
  meaning: "the user is inactive",
  hint: {
    any: "Activate the user of PARDOT_USERNAME in Salesforce (Setup > Users), or name another.",
    refresh_token: "Activate the user in Salesforce (Setup > Users), or authorise the app as another user.",
    client_credentials: "Activate the app's run-as user (Setup > Users), or choose another in the app's policies.",
  },
  retry: "no",
};

/** The rows of `invalid_grant`; the one without description is last. */
export const GRANT_ERRORS: readonly TokenError[] = [
  {
    error: "invalid_grant",
    descriptions: ["expired access/refresh token"],
    name: "refresh-token-dead",
    meaning: {
      any: "salesforce takes what was sent for a dead token",
      refresh_token: "the refresh token is expired, revoked, or replaced by a newer one",
    },
    hint: {
      any: `Look at ${HISTORY} the user, and check PARDOT_AUTH_FLOW: this answer belongs to refresh tokens.`,
      refresh_token: `${CONSENT} A sixth authorisation of the same user and app ends the oldest; with rotation switched on an old token ends them all, so keep the newest with PARDOT_TOKEN_FILE.`,
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["already being processed"],
    name: "refresh-under-way",
    meaning: {
      any: "another token request for the same user and app was under way each time",
      refresh_token: "another refresh with the same refresh token was under way each time",
    },
    hint: {
      any: "Look for another program that signs in with the same app at the same moment, and give this one its own app.",
      refresh_token: "Do not share one refresh token between programs: give this one its own authorisation.",
    },
    retry: "wait",
  },
  {
    error: "invalid_grant",
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
        "Check PARDOT_USERNAME, PARDOT_PASSWORD (the password with the security token at its end) and PARDOT_LOGIN_URL. Orgs made since Summer '23 block this flow (Setup > OAuth and OpenID Connect Settings) and external client apps do not have it: use PARDOT_AUTH_FLOW=jwt instead.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["user hasn't approved this consumer"],
    name: "user-not-approved",
    meaning: {
      any: "the user has not approved this app",
      jwt: "the user in PARDOT_USERNAME is not pre-authorised for this app, or not known at this login host",
      client_credentials: "the app's run-as user may not be used by it",
    },
    hint: {
      any: "Let the API user approve the app once in a browser, or pre-authorise the user in the app's policies.",
      refresh_token: CONSENT,
      jwt: "Set the app's policies to pre-authorise admin approved users, add a permission set or profile of that user to the app, and check PARDOT_USERNAME and that PARDOT_LOGIN_URL is the host of the user's org.",
      client_credentials:
        "Choose the run-as user in the app's policies once more, and check that the user is active and may use the API.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["audience"],
    name: "audience-invalid",
    meaning: {
      any: "salesforce finds the request meant for another login host",
      jwt: "the assertion names another audience than this login host expects",
    },
    hint: {
      any: "Check PARDOT_LOGIN_URL: login.salesforce.com for production, test.salesforce.com for sandboxes, or the My Domain host.",
      jwt: "Check PARDOT_LOGIN_URL: the audience follows from it. Sandboxes are test.salesforce.com and My Domain hosts such as acme--uat.sandbox.my.salesforce.com; everything else counts as production.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["invalid assertion"],
    name: "assertion-invalid",
    meaning: {
      any: "salesforce speaks of an assertion, though this flow sends none",
      jwt: "the assertion's signature or content is refused",
    },
    hint: {
      any: "Check PARDOT_AUTH_FLOW and that PARDOT_LOGIN_URL is a Salesforce host.",
      jwt: "Check that PARDOT_PRIVATE_KEY or PARDOT_PRIVATE_KEY_FILE belongs to the certificate that was uploaded to this very app and has not expired, that PARDOT_CLIENT_ID is that app's, and this machine's clock.",
    },
    retry: "clock",
  },
  {
    error: "invalid_grant",
    // The second was seen for an assertion that was too old: simple-salesforce/simple-salesforce issue 491.
    descriptions: ["assertion expired", "expired authorization code"],
    name: "assertion-expired",
    meaning: {
      any: "salesforce finds the request too old",
      jwt: "the assertion is older than salesforce accepts, or expires too late",
    },
    hint: {
      any: "Set this machine's clock, and check PARDOT_AUTH_FLOW.",
      jwt: "Set this machine's clock: an assertion lives for three minutes at most.",
    },
    retry: "clock",
  },
  {
    error: "invalid_grant",
    descriptions: ["request not supported on this domain"],
    name: "my-domain-required",
    meaning: {
      any: "this flow is not offered at this login host",
      client_credentials: "client credentials are not offered at this login host",
    },
    hint: {
      any: "Set PARDOT_LOGIN_URL to the org's My Domain host, https://<name>.my.salesforce.com: it takes every flow.",
      client_credentials:
        "Client credentials work on the org's My Domain only: set PARDOT_LOGIN_URL to https://<name>.my.salesforce.com.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    // SumoLogic/sumologic-documentation, Salesforce source, troubleshooting.
    descriptions: ["no client credentials user enabled"],
    name: "no-run-as-user",
    meaning: "the app has no run-as user for client credentials, or one that may not use them",
    hint: {
      any: "Check PARDOT_AUTH_FLOW: this answer belongs to client credentials.",
      client_credentials:
        "Choose the API user as run-as user in the app's policies (Client Credentials Flow > Run As); give it by its user name, and let it be active and allowed to use the API.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["flow not enabled"],
    name: "flow-not-enabled",
    meaning: "this flow is not enabled for the app",
    hint: {
      any: "Enable the flow in the app's OAuth settings, or choose another with PARDOT_AUTH_FLOW.",
      jwt: "Enable the JWT bearer flow in the app's OAuth settings and upload the certificate of the private key there.",
      client_credentials: "Enable the client credentials flow in the app's OAuth settings and choose a run-as user.",
    },
    retry: "no",
  },
  { error: "invalid_grant", descriptions: ["inactive user"], ...USER_INACTIVE },
  {
    error: "invalid_grant",
    descriptions: ["user is not admin approved"],
    name: "user-not-admin-approved",
    meaning: "the app admits only users whom an administrator approved",
    hint: {
      any: "Give the user of PARDOT_USERNAME a profile or permission set that the app's policies list.",
      refresh_token: "Give the authorising user a profile or permission set that the app's policies list.",
      client_credentials: "Give the app's run-as user a profile or permission set that the app's policies list.",
    },
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: ["ip restricted"],
    name: "address-not-allowed",
    meaning: "sign-in from this network address is not allowed",
    hint: "Add this machine's public address to the trusted ranges of the user's profile, or relax the app's address policy.",
    retry: "no",
  },
  {
    error: "invalid_grant",
    descriptions: [],
    name: "grant-refused",
    meaning: "salesforce refuses the grant",
    hint: {
      any: `Look at ${HISTORY} the user in PARDOT_USERNAME for the reason.`,
      refresh_token: `Look at ${HISTORY} the user who authorised the app for the reason.`,
      client_credentials: `Look at ${HISTORY} the app's run-as user for the reason.`,
    },
    retry: "no",
  },
];
