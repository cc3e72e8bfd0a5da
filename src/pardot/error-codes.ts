/**
 * Pardot's error codes in v3/v4, as plain data: one row for each code of the vendor's list that a reading client can
 * get (vendor docs, error-codes page; pardot/api-docs, error-codes-messages). Codes are compared, never texts: those
 * vary.
 */

/**
 * How a failure is handled.
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
  /** Meaning, lower case. `{businessUnit}`, `{apiHost}`, `{loginHost}`, `{nextDay}` are filled in. */
  readonly meaning: string;
  readonly hint?: string;
  /** The hint after other calls have succeeded with the same credentials. */
  readonly midRunHint?: string;
}

/** Rows of one treatment. */
function rows(
  treatment: Treatment,
  actor: ErrorCode["actor"],
): (name: string, meaning: string, hint?: string) => ErrorCode {
  return (name, meaning, hint) => ({ name, treatment, actor, meaning, ...(hint === undefined ? {} : { hint }) });
}

const refresh = rows("refresh", "auth");
const switchVersion = rows("switch-version", "remote");
const credentials = rows("credentials", "auth");
const configuration = rows("configuration", "remote");
const fatal = rows("fatal", "remote");
const backOff = rows("back-off", "remote");

const CATALOG_HINT =
  "The catalog requests something that this account's Pardot does not know; override the object's entry in the configuration, and please report it.";
const PROCEDURE_HINT =
  "This account refuses the export procedure or its arguments; another procedure can be set by overriding the object's entry in the configuration.";

/** Also for the same failures without a code. */
export const TOKEN_REFUSED_HINT =
  "Check that the Salesforce app has the scope pardot_api, that the user who authorized it is synced into business unit {businessUnit}, and that {loginHost} is the login host of the same Salesforce org.";
export const TIMED_OUT_HINT =
  "Run again; if it happens again, use a smaller window or fewer records per page in the object's override.";

export const ERROR_CODES: Readonly<Record<number, ErrorCode>> = {
  1: refresh(
    "key-refused",
    "the credentials are refused",
    "Check that the client id belongs to an app with the scope pardot_api and that its user can sign in to Account Engagement.",
  ),
  2: fatal("operation-unknown", "the object has no such operation", CATALOG_HINT),
  4: fatal("prospect-email-invalid", "no prospect has this email address"),
  5: fatal("query-parameter-unknown", "a search parameter is not recognized", CATALOG_HINT),
  7: fatal("timestamp-invalid", "a bound of the window is not a valid time", "Give times as YYYY-MM-DD HH:MM:SS."),
  8: fatal("range-inverted", "the window ends before it starts", "Check --since and --until."),
  10: fatal("user-unknown", "the user id is unknown"),
  13: fatal("parameter-missing", "a required parameter is missing", CATALOG_HINT),
  15: credentials(
    "login-failed",
    "the login failed",
    "Check PARDOT_CLIENT_ID, PARDOT_CLIENT_SECRET and the refresh token; Pardot's own login ended in 2021, only Salesforce credentials work.",
  ),
  16: fatal("id-invalid", "the id is not valid"),
  17: fatal("id-range-invalid", "the id bounds exclude everything"),
  19: fatal("sort-key-unknown", "the object cannot be sorted by this key", CATALOG_HINT),
  20: fatal("sort-order-unknown", "the sort order is not known"),
  21: fatal("offset-invalid", "the offset is not valid"),
  22: fatal("feature-unsupported", "this version of the API lacks the feature", CATALOG_HINT),
  23: fatal(
    "limit-invalid",
    "the number of records per page is refused",
    "Pages hold at most 200 records; check the object's override in the configuration.",
  ),
  24: fatal("visitor-unknown", "the visitor id is unknown"),
  27: fatal("deleted-invalid", "the parameter deleted takes true or false only", CATALOG_HINT),
  35: fatal("opportunity-unknown", "the opportunity id is unknown"),
  36: fatal("parameter-empty", "a required parameter is empty", CATALOG_HINT),
  38: fatal("campaign-unknown", "the campaign id is unknown"),
  46: credentials(
    "permission-missing",
    "the API user's role lacks the ability for this",
    "Give the user's Account Engagement role the view ability for this object (for exports also Admin > Exports > View), or use a user who has it.",
  ),
  48: fatal("visit-unknown", "the visit id is unknown"),
  49: {
    ...credentials(
      "access-denied",
      "access is denied",
      "Ask the Account Engagement administrator whether API access by Salesforce OAuth is switched on and whether this user may use it.",
    ),
    midRunHint:
      "Other calls succeed with these credentials: give the user's Account Engagement role the view ability for this object, or leave the object out (PARDOT_ETL_OBJECTS).",
  },
  50: fatal("boolean-invalid", "a parameter takes true or false only", CATALOG_HINT),
  51: fatal("parameter-invalid", "a parameter is not valid", CATALOG_HINT),
  52: fatal("parameter-range-invalid", "a parameter's range is not valid", CATALOG_HINT),
  53: credentials(
    "address-not-allowed",
    "calls from this network address are not allowed",
    "Have the public address that this machine calls from activated in Account Engagement.",
  ),
  55: fatal("list-unknown", "the list id is unknown"),
  60: fatal("method-refused", "the HTTP method is refused"),
  61: fatal("prospect-account-unknown", "the prospect account id is unknown"),
  63: fatal("too-many-ids", "too many ids were given at once"),
  66: backOff(
    "concurrent-limit",
    "too many requests of this business unit are in flight",
    "Pardot allows five at a time for all integrations together: lower PARDOT_MAX_CONCURRENCY, or run when no other integration does.",
  ),
  68: fatal("template-unknown", "the template id is unknown"),
  71: fatal("input-unreadable", "the request's body is not valid JSON or XML"),
  76: credentials(
    "api-disabled",
    "the API is switched off for this account",
    "Ask Salesforce or the account's administrator to switch API access on.",
  ),
  85: backOff("prospect-not-saved", "the prospect could not be saved"),
  88: switchVersion(
    "version-4-required",
    "the account must be read through version 4",
    "Leave PARDOT_API_VERSION at auto, or set it to 4.",
  ),
  89: switchVersion(
    "version-3-required",
    "the account must be read through version 3",
    "Leave PARDOT_API_VERSION at auto, or set it to 3.",
  ),
  107: fatal("password-refused", "a password does not meet the rules"),
  109: fatal("record-not-found", "the record does not exist"),
  110: fatal("account-unknown", "the account id is unknown"),
  116: backOff("request-outdated", "the request is held to be outdated"),
  120: backOff("connector-unverified", "the salesforce connector cannot be verified"),
  121: backOff("connector-sync-failed", "a prospect cannot be synced with salesforce"),
  122: rows("defer", "limit")(
    "daily-limit",
    "the business unit's calls of today are used up",
    "No further call is made. Run again after {nextDay}, when the account's next day starts; finished windows stay committed. If nothing else uses this business unit's API, its edition may include no calls at all.",
  ),
  126: credentials(
    "authentication-mechanism",
    "this way of authenticating is not accepted",
    "Only Salesforce OAuth tokens in a header are accepted; check that nothing between here and {apiHost} rewrites the Authorization header.",
  ),
  130: fatal("field-unknown", "a requested field is not known", CATALOG_HINT),
  131: credentials(
    "account-locked",
    "the user is locked after too many failed logins",
    "Have the user unlocked or the password reset in Account Engagement, and correct the credentials before the next run.",
  ),
  132: fatal("prospect-archived", "the prospect is archived"),
  133: fatal("too-many-sort-keys", "at most two sort keys are taken", CATALOG_HINT),
  134: fatal("too-many-sort-orders", "at most two sort orders are taken", CATALOG_HINT),
  135: fatal("sort-key-not-id", "one of two sort keys must be id", CATALOG_HINT),
  150: fatal("export-body-not-json", "the export's body is not valid JSON"),
  151: fatal("export-content-type", "the export's content type is refused"),
  152: fatal("export-body-empty", "the export's body is empty"),
  153: fatal("export-property-missing", "the export's body lacks a property", CATALOG_HINT),
  154: fatal("export-property-invalid", "the export's body has an invalid property", CATALOG_HINT),
  174: fatal("procedure-unknown", "the export procedure is not known", PROCEDURE_HINT),
  175: fatal("procedure-argument-unknown", "an export argument is not known", PROCEDURE_HINT),
  176: fatal("procedure-argument-missing", "an export argument is missing", PROCEDURE_HINT),
  177: fatal("procedure-argument-invalid", "an export argument is not valid", PROCEDURE_HINT),
  178: fatal(
    "export-state",
    "the export is not in a state that allows this: still running, or expired",
    "Run again: the run waits for a running export and creates an expired one again (files are kept seven days).",
  ),
  180: fatal("export-field-unknown", "a requested field is not known or not exportable", CATALOG_HINT),
  181: credentials(
    "header-missing",
    "a required header did not arrive",
    "Check PARDOT_BUSINESS_UNIT_ID, and that no proxy removes the Pardot-Business-Unit-Id or Authorization header.",
  ),
  182: credentials(
    "header-invalid",
    "a header's value is refused; business unit id {businessUnit}",
    "PARDOT_BUSINESS_UNIT_ID must be the 18 characters starting with 0Uv from Salesforce Setup > Business Unit Setup.",
  ),
  183: backOff(
    "internal-error",
    "pardot had an internal error",
    "Run again later; if it happens again, report it to Pardot's support.",
  ),
  184: refresh("token-refused", "the access token is refused", TOKEN_REFUSED_HINT),
  192: fatal("object-not-found", "the object does not exist"),
  198: configuration("endpoint-unknown", "the endpoint does not exist at {apiHost}", "Check PARDOT_API_URL."),
  199: credentials(
    "api-key-refused",
    "only salesforce tokens are accepted, no api key",
    "Check that nothing between here and {apiHost} replaces the Authorization header.",
  ),
  201: credentials(
    "business-unit-unknown",
    "business unit {businessUnit} is unknown or inactive at {apiHost} (login host {loginHost})",
    "Either PARDOT_BUSINESS_UNIT_ID is wrong, or the hosts are mixed up: production is login.salesforce.com with https://pi.pardot.com, an Account Engagement developer org login.salesforce.com with https://pi.demo.pardot.com, a sandbox test.salesforce.com with https://pi.demo.pardot.com.",
  ),
  202: rows("wait-minute", "remote")(
    "minute-limit",
    "too many requests within a minute",
    "Lower PARDOT_MAX_CONCURRENCY, or run when other integrations do not.",
  ),
  203: credentials(
    "admin-user-missing",
    "the account has no user with the default administrator role",
    "Give one Account Engagement user the default Administrator role.",
  ),
  209: fatal("too-many-filters", "at most three fields may be filtered on at once", CATALOG_HINT),
  210: fatal("page-token-expired", "the page token has expired", "Page tokens live four hours. Run again."),
  211: fatal(
    "page-token-invalid",
    "the page token is not accepted",
    "Run again; if it happens again, please report it.",
  ),
  214: rows("narrow", "remote")("timed-out", "pardot gave up on the request because it took too long", TIMED_OUT_HINT),
  224: fatal("field-not-queryable", "a requested field cannot be queried", CATALOG_HINT),
  10000: fatal("parameters-refused", "parameters are refused", CATALOG_HINT),
};
