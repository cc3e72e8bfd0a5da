/**
 * The words of API v3/v4, each written once: paths, headers, parameters. Sources: vendor docs, version-3-4-overview,
 * authentication and export-v4 pages.
 */
export type Version = 3 | 4;

export const HEADER = {
  authorization: "authorization",
  businessUnit: "pardot-business-unit-id",
  /** Asks for `x-api-usage` in the answer (documented for v5; on v3/v4 it may be ignored). */
  wantUsage: "x-return-api-usage",
  usage: "x-api-usage",
  route: "x-pardot-route",
  loadBalancer: "x-pardot-lb",
} as const;

export const PARAMETER = { format: "format", output: "output", limit: "limit" } as const;

export const FORM_TYPE = "application/x-www-form-urlencoded";
export const JSON_TYPE = "application/json";
export const USER_AGENT = "pardot-etl";

/** Salesforce's token endpoint, the same on every login host. */
export const TOKEN_PATH = "/services/oauth2/token";
/** The scope without which no token works at Pardot. */
export const SCOPE = "pardot_api";

export const EXPORT = "export";

/** `/api/tag/version/4/do/query` */
export function operationPath(urlName: string, version: Version, operation: string): string {
  return `/api/${encodeURIComponent(urlName)}/version/${version}/do/${operation}`;
}

/** `/api/export/version/4/do/read/id/12` */
export function byIdPath(urlName: string, version: Version, operation: string, id: string): string {
  return `${operationPath(urlName, version, operation)}/id/${encodeURIComponent(id)}`;
}

/**
 * The longest address a query is sent under. v3/v4 take GET and POST alike (vendor docs; tap-pardot posts all queries).
 * GET is the choice: it tells every proxy and log on the way that the request may be repeated, and shows what was
 * asked, while no secret is in an address. Beyond this length, which only a list of ids reaches, the parameters go as a
 * form, because servers commonly stop at 8 KB of request line and some proxies at 2.
 */
const ADDRESS_MAX = 2000;

/** A query or read as a request: GET where the address stays short, else POST with a form. */
export function parameterised(
  apiUrl: URL,
  path: string,
  parameters: Readonly<Record<string, string>>,
): {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly contentType: string | null;
  readonly body: string | null;
} {
  const bare = new URL(path, apiUrl);
  const query = new URLSearchParams(parameters).toString();
  const full = new URL(`?${query}`, bare);
  if (full.href.length <= ADDRESS_MAX) return { method: "GET", url: full, contentType: null, body: null };
  return { method: "POST", url: bare, contentType: FORM_TYPE, body: query };
}
