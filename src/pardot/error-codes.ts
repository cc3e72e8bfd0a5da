/**
 * What Pardot's error codes mean for a reader: plain data, one row for each code of the vendor's list that a reading
 * client can meet (vendor docs, error-codes page; pardot/api-docs, error-codes-messages). Codes are compared, never
 * texts: those vary.
 */

/**
 * What is done about a failure.
 * - `refresh`: get a new token once, repeat; the second time the credentials are wrong
 * - `switch-version`: use the version that the account demands, once
 * - `back-off`: repeat after growing pauses
 * - `wait-minute`: repeat after a minute
 * - `narrow`: repeat a couple of times, or let the caller request less at once
 * - `defer`: no further call before the account's next day
 * - `credentials`, `configuration`: a person must change something
 * - `fatal`: this request will never work
 */
export type Treatment =
  | "refresh"
  | "switch-version"
  | "back-off"
  | "wait-minute"
  | "narrow"
  | "defer"
  | "credentials"
  | "configuration"
  | "fatal";

export interface ErrorCode {
  /** Stable name for machines, after `pardot.`. */
  readonly name: string;
  readonly treatment: Treatment;
  /** Which class of error an unresolved failure becomes: `AuthError` (3), `LimitError` (4), `RemoteError` (5). */
  readonly actor: "auth" | "limit" | "remote";
  /** What it means, lower case. `{businessUnit}`, `{apiHost}`, `{loginHost}`, `{nextDay}` are filled in. */
  readonly meaning: string;
  readonly hint?: string;
  /** The hint after other calls have succeeded with the same credentials. */
  readonly midRunHint?: string;
}

const CREDENTIALS = { treatment: "credentials", actor: "auth" } as const;
const CONFIGURATION = { treatment: "configuration", actor: "remote" } as const;
const FATAL = { treatment: "fatal", actor: "remote" } as const;
const BACK_OFF = { treatment: "back-off", actor: "remote" } as const;

const CATALOGUE_HINT =
  "The catalogue asks for something that this account's Pardot does not know; override the object's entry in the configuration, and please report it.";
const PROCEDURE_HINT =
  "This account refuses the export procedure or its arguments; another procedure can be set by overriding the object's entry in the configuration.";

/** Also for the same failures without a code. */
export const TOKEN_REFUSED_HINT =
  "Check that the Salesforce app has the scope pardot_api, that the user who authorised it is synced into business unit {businessUnit}, and that {loginHost} is the login host of the same Salesforce org.";
export const TIMED_OUT_HINT =
  "Run again; if it stays, use a smaller window or fewer records per page in the object's override.";

export const ERROR_CODES: Readonly<Record<number, ErrorCode>> = {
  1: {
    name: "key-refused",
    treatment: "refresh",
    actor: "auth",
    meaning: "the credentials are refused",
    hint: "Check that the client id belongs to an app with the scope pardot_api and that its user can sign in to Account Engagement.",
  },
  2: { ...FATAL, name: "operation-unknown", meaning: "the object has no such operation", hint: CATALOGUE_HINT },
  4: { ...FATAL, name: "prospect-email-invalid", meaning: "no prospect has this e-mail address" },
  5: {
    ...FATAL,
    name: "query-parameter-unknown",
    meaning: "a search parameter is not recognised",
    hint: CATALOGUE_HINT,
  },
  7: {
    ...FATAL,
    name: "timestamp-invalid",
    meaning: "a bound of the window is not read as a time",
    hint: "Give times as YYYY-MM-DD HH:MM:SS.",
  },
  8: {
    ...FATAL,
    name: "range-inverted",
    meaning: "the window ends before it starts",
    hint: "Check --since and --until.",
  },
  10: { ...FATAL, name: "user-unknown", meaning: "the user id is unknown" },
  13: { ...FATAL, name: "parameter-missing", meaning: "a required parameter is missing", hint: CATALOGUE_HINT },
  15: {
    ...CREDENTIALS,
    name: "login-failed",
    meaning: "the login failed",
    hint: "Check PARDOT_CLIENT_ID, PARDOT_CLIENT_SECRET and the refresh token; Pardot's own login ended in 2021, only Salesforce credentials work.",
  },
  16: { ...FATAL, name: "id-invalid", meaning: "the id is not valid" },
  17: { ...FATAL, name: "id-range-invalid", meaning: "the id bounds exclude everything" },
  19: { ...FATAL, name: "sort-key-unknown", meaning: "the object cannot be sorted by this key", hint: CATALOGUE_HINT },
  20: { ...FATAL, name: "sort-order-unknown", meaning: "the sort order is not known" },
  21: { ...FATAL, name: "offset-invalid", meaning: "the offset is not valid" },
  22: {
    ...FATAL,
    name: "feature-unsupported",
    meaning: "this version of the API lacks the feature",
    hint: CATALOGUE_HINT,
  },
  23: {
    ...FATAL,
    name: "limit-invalid",
    meaning: "the number of records per page is refused",
    hint: "Pages hold at most 200 records; check the object's override in the configuration.",
  },
  24: { ...FATAL, name: "visitor-unknown", meaning: "the visitor id is unknown" },
  27: {
    ...FATAL,
    name: "deleted-invalid",
    meaning: "the parameter deleted takes true or false only",
    hint: CATALOGUE_HINT,
  },
  35: { ...FATAL, name: "opportunity-unknown", meaning: "the opportunity id is unknown" },
  36: { ...FATAL, name: "parameter-empty", meaning: "a required parameter is empty", hint: CATALOGUE_HINT },
  38: { ...FATAL, name: "campaign-unknown", meaning: "the campaign id is unknown" },
  46: {
    ...CREDENTIALS,
    name: "permission-missing",
    meaning: "the API user's role lacks the ability for this",
    hint: "Give the user's Account Engagement role the view ability for this object (for exports also Admin > Exports > View), or use a user who has it.",
  },
  48: { ...FATAL, name: "visit-unknown", meaning: "the visit id is unknown" },
  49: {
    ...CREDENTIALS,
    name: "access-denied",
    meaning: "access is denied",
    hint: "Ask the Account Engagement administrator whether API access by Salesforce OAuth is switched on and whether this user may use it.",
    midRunHint:
      "Other calls succeed with these credentials: give the user's Account Engagement role the view ability for this object, or leave the object out (PARDOT_ETL_OBJECTS).",
  },
  50: { ...FATAL, name: "boolean-invalid", meaning: "a parameter takes true or false only", hint: CATALOGUE_HINT },
  51: { ...FATAL, name: "parameter-invalid", meaning: "a parameter is not valid", hint: CATALOGUE_HINT },
  52: { ...FATAL, name: "parameter-range-invalid", meaning: "a parameter's range is not valid", hint: CATALOGUE_HINT },
  53: {
    ...CREDENTIALS,
    name: "address-not-allowed",
    meaning: "calls from this network address are not allowed",
    hint: "Have the public address that this machine calls from activated in Account Engagement.",
  },
  55: { ...FATAL, name: "list-unknown", meaning: "the list id is unknown" },
  60: { ...FATAL, name: "method-refused", meaning: "the HTTP method is refused" },
  61: { ...FATAL, name: "prospect-account-unknown", meaning: "the prospect account id is unknown" },
  63: { ...FATAL, name: "too-many-ids", meaning: "too many ids were given at once" },
  66: {
    ...BACK_OFF,
    name: "concurrent-limit",
    meaning: "too many requests of this business unit are in flight",
    hint: "Pardot allows five at a time for all integrations together: lower PARDOT_MAX_CONCURRENCY, or run when the others do not.",
  },
  68: { ...FATAL, name: "template-unknown", meaning: "the template id is unknown" },
  71: { ...FATAL, name: "input-unreadable", meaning: "the request's body is not read as JSON or XML" },
  76: {
    ...CREDENTIALS,
    name: "api-disabled",
    meaning: "the API is switched off for this account",
    hint: "Ask Salesforce or the account's administrator to switch API access on.",
  },
  85: { ...BACK_OFF, name: "prospect-not-saved", meaning: "the prospect could not be saved" },
  88: {
    ...CONFIGURATION,
    name: "version-4-required",
    treatment: "switch-version",
    meaning: "the account must be read through version 4",
    hint: "Leave PARDOT_API_VERSION at auto, or set it to 4.",
  },
  89: {
    ...CONFIGURATION,
    name: "version-3-required",
    treatment: "switch-version",
    meaning: "the account must be read through version 3",
    hint: "Leave PARDOT_API_VERSION at auto, or set it to 3.",
  },
  107: { ...FATAL, name: "password-refused", meaning: "a password does not meet the rules" },
  109: { ...FATAL, name: "record-not-found", meaning: "the record does not exist" },
  110: { ...FATAL, name: "account-unknown", meaning: "the account id is unknown" },
  116: { ...BACK_OFF, name: "request-outdated", meaning: "the request is held to be outdated" },
  120: { ...BACK_OFF, name: "connector-unverified", meaning: "the salesforce connector cannot be verified" },
  121: { ...BACK_OFF, name: "connector-sync-failed", meaning: "a prospect cannot be synced with salesforce" },
  122: {
    name: "daily-limit",
    treatment: "defer",
    actor: "limit",
    meaning: "the business unit's calls of today are used up",
    hint: "No further call is made. Run again after {nextDay}, when the account's next day starts; what is finished stays committed. If nothing else uses this business unit's API, its edition may include no calls at all.",
  },
  126: {
    ...CREDENTIALS,
    name: "authentication-mechanism",
    meaning: "this way of authenticating is not accepted",
    hint: "Only Salesforce OAuth tokens in a header are accepted; check that nothing between here and {apiHost} rewrites the Authorization header.",
  },
  130: { ...FATAL, name: "field-unknown", meaning: "a requested field is not known", hint: CATALOGUE_HINT },
  131: {
    ...CREDENTIALS,
    name: "account-locked",
    meaning: "the user is locked after too many failed logins",
    hint: "Have the user unlocked or the password reset in Account Engagement, and correct the credentials before the next run.",
  },
  132: { ...FATAL, name: "prospect-archived", meaning: "the prospect is archived" },
  133: { ...FATAL, name: "too-many-sort-keys", meaning: "at most two sort keys are taken", hint: CATALOGUE_HINT },
  134: { ...FATAL, name: "too-many-sort-orders", meaning: "at most two sort orders are taken", hint: CATALOGUE_HINT },
  135: { ...FATAL, name: "sort-key-not-id", meaning: "one of two sort keys must be id", hint: CATALOGUE_HINT },
  150: { ...FATAL, name: "export-body-not-json", meaning: "the export's body is not read as JSON" },
  151: { ...FATAL, name: "export-content-type", meaning: "the export's content type is refused" },
  152: { ...FATAL, name: "export-body-empty", meaning: "the export's body is empty" },
  153: {
    ...FATAL,
    name: "export-property-missing",
    meaning: "the export's body lacks a property",
    hint: CATALOGUE_HINT,
  },
  154: {
    ...FATAL,
    name: "export-property-invalid",
    meaning: "the export's body has an invalid property",
    hint: CATALOGUE_HINT,
  },
  174: { ...FATAL, name: "procedure-unknown", meaning: "the export procedure is not known", hint: PROCEDURE_HINT },
  175: {
    ...FATAL,
    name: "procedure-argument-unknown",
    meaning: "an export argument is not known",
    hint: PROCEDURE_HINT,
  },
  176: { ...FATAL, name: "procedure-argument-missing", meaning: "an export argument is missing", hint: PROCEDURE_HINT },
  177: {
    ...FATAL,
    name: "procedure-argument-invalid",
    meaning: "an export argument is not valid",
    hint: PROCEDURE_HINT,
  },
  178: {
    ...FATAL,
    name: "export-state",
    meaning: "the export is not in a state that allows this: still running, or expired",
    hint: "Run again: an export still running is waited for, an expired one (files live seven days) is created anew.",
  },
  180: {
    ...FATAL,
    name: "export-field-unknown",
    meaning: "a requested field is not known or not exportable",
    hint: CATALOGUE_HINT,
  },
  181: {
    ...CREDENTIALS,
    name: "header-missing",
    meaning: "a required header did not arrive",
    hint: "Check PARDOT_BUSINESS_UNIT_ID, and that no proxy removes the Pardot-Business-Unit-Id or Authorization header.",
  },
  182: {
    ...CREDENTIALS,
    name: "header-invalid",
    meaning: "a header's value is refused; business unit id {businessUnit}",
    hint: "PARDOT_BUSINESS_UNIT_ID must be the 18 characters starting with 0Uv from Salesforce Setup > Business Unit Setup.",
  },
  183: {
    ...BACK_OFF,
    name: "internal-error",
    meaning: "pardot had an internal error",
    hint: "Run again later; if it stays, report it to Pardot's support.",
  },
  184: {
    name: "token-refused",
    treatment: "refresh",
    actor: "auth",
    meaning: "the access token is refused",
    hint: TOKEN_REFUSED_HINT,
  },
  192: { ...FATAL, name: "object-not-found", meaning: "the object does not exist" },
  198: {
    ...CONFIGURATION,
    name: "endpoint-unknown",
    meaning: "the endpoint does not exist at {apiHost}",
    hint: "Check PARDOT_API_URL.",
  },
  199: {
    ...CREDENTIALS,
    name: "api-key-refused",
    meaning: "only salesforce tokens are accepted, no api key",
    hint: "Check that nothing between here and {apiHost} replaces the Authorization header.",
  },
  201: {
    ...CREDENTIALS,
    name: "business-unit-unknown",
    meaning: "business unit {businessUnit} is unknown or inactive at {apiHost} (login host {loginHost})",
    hint: "Either PARDOT_BUSINESS_UNIT_ID is wrong, or the hosts are mixed up: production is login.salesforce.com with https://pi.pardot.com, an Account Engagement developer org login.salesforce.com with https://pi.demo.pardot.com, a sandbox test.salesforce.com with https://pi.demo.pardot.com.",
  },
  202: {
    name: "minute-limit",
    treatment: "wait-minute",
    actor: "remote",
    meaning: "too many requests within a minute",
    hint: "Lower PARDOT_MAX_CONCURRENCY, or run when other integrations do not.",
  },
  203: {
    ...CREDENTIALS,
    name: "admin-user-missing",
    meaning: "the account has no user with the default administrator role",
    hint: "Give one Account Engagement user the default Administrator role.",
  },
  214: {
    name: "timed-out",
    treatment: "narrow",
    actor: "remote",
    meaning: "pardot gave up on the request because it took too long",
    hint: TIMED_OUT_HINT,
  },
  10000: { ...FATAL, name: "parameters-refused", meaning: "parameters are refused", hint: CATALOGUE_HINT },
};
