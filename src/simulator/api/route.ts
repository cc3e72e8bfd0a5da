/** The parts of `/api/{object}/version/{v}/do/{op}[/{name}/{value}…]` (vendor docs, version 3 and 4 overview). */
export interface Route {
  readonly urlName: string;
  readonly version: string;
  readonly operation: string;
  /** Names and values after the operation: `id/12`, `list_id/3/prospect_id/9`. */
  readonly keys: ReadonlyMap<string, string>;
}

export function parseRoute(path: string): Route | null {
  const parts = path.split("/").map(decoded);
  const [, api, urlName, version, number, verb, operation] = parts;
  if (api !== "api" || version !== "version" || verb !== "do") return null;
  if (urlName === undefined || number === undefined || operation === undefined || operation === "") return null;
  const keys = new Map<string, string>();
  for (let n = 7; n + 1 < parts.length; n += 2) keys.set(parts[n] ?? "", parts[n + 1] ?? "");
  return { urlName, version: number, operation, keys };
}

/** The kind under which a call is counted: `tag query`, `export download`; `unknown` if it is not a v3/v4 call. */
export function kindOf(route: Route | null): string {
  if (route === null) return "unknown";
  return `${route.urlName} ${route.operation === "downloadResults" ? "download" : route.operation}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
