// Names that all calls share: headers, content types, the login. Sources: vendor docs, version-3-4-overview and
// authentication pages.

export const HEADER = {
  authorization: "authorization",
  businessUnit: "pardot-business-unit-id",
  /** Requests `x-api-usage` in the response (documented for v5; on v3/v4 it may be ignored). */
  wantUsage: "x-return-api-usage",
  usage: "x-api-usage",
  route: "x-pardot-route",
  loadBalancer: "x-pardot-lb",
} as const;

export const FORM_TYPE = "application/x-www-form-urlencoded";
export const JSON_TYPE = "application/json";
export const USER_AGENT = "pardot-etl";

/** Salesforce's token endpoint, the same on every login host. */
export const TOKEN_PATH = "/services/oauth2/token";
/** The scope without which no token works at Pardot. */
export const SCOPE = "pardot_api";
