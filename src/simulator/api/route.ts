/**
 * The parts of `/api/{object}/version/{v}/do/{op}[/{name}/{value}…]` (vendor docs, version 3 and 4 overview). Behind the object
 * the pairs may be in any order: `/api/{object}/do/{op}/version/{v}` (Crim/pardot-java-client and trocco's fork send it).
 */
export interface Route {
  readonly urlName: string;
  readonly version: string;
  readonly operation: string;
  /** The other names and values: `id/12`, `list_id/3/prospect_id/9`. */
  readonly keys: ReadonlyMap<string, string>;
}

export function parseRoute(path: string): Route | null {
  const [, api, urlName, ...rest] = path.split("/").map(decoded);
  if (api !== "api" || urlName === undefined) return null;
  const keys = new Map<string, string>();
  for (let n = 0; n + 1 < rest.length; n += 2) keys.set(rest[n] ?? "", rest[n + 1] ?? "");
  const [version, operation] = [keys.get("version"), keys.get("do")];
  if (version === undefined || operation === undefined || operation === "") return null;
  keys.delete("version");
  keys.delete("do");
  return { urlName, version, operation, keys };
}

/** The kind under which a call is counted: `tag query`, `export download`; `unknown` if it is not a v3/v4 call. */
export function kindOf(route: Route | null): string {
  if (route === null) return "unknown";
  return `${route.urlName} ${route.operation === "downloadResults" ? "download" : route.operation}`;
}

export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
