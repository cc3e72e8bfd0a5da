/** The parts of a path of API v5 (vendor docs, v5 overview). Some collections are not below `/objects`. */
import { decoded } from "../route.ts";

export interface V5Route {
  /** As in the notation: `tags`, `/imports`. */
  readonly collection: string;
  readonly id: string | null;
  /** What follows the id: `stats`, `results/12`. */
  readonly rest: string | null;
}

const PREFIX = "/api/v5";

export function isV5(path: string): boolean {
  return path === PREFIX || path.startsWith(`${PREFIX}/`);
}

/** Null for a path without a collection. Unknown collections are the caller's. */
export function parseV5Route(path: string): V5Route | null {
  const [first = "", ...others] = path
    .slice(PREFIX.length + 1)
    .split("/")
    .map(decoded);
  const [collection = "", id, ...rest] = first === "objects" ? others : [`/${first}`, ...others];
  if (collection === "" || collection === "/") return null;
  return { collection, id: id === undefined || id === "" ? null : id, rest: rest.length === 0 ? null : rest.join("/") };
}

/** The kind under which a call is counted: `v5 tags query`, `v5 list-emails stats`, `v5 exports download`. */
export function v5KindOf(path: string, method: string): string {
  const route = parseV5Route(path);
  if (route === null) return "unknown";
  const name = route.collection.replace("/", "");
  if (method === "POST") return `v5 ${name} create`;
  if (route.rest?.startsWith("results/") === true) return `v5 ${name} download`;
  return `v5 ${name} ${route.rest ?? (route.id === null && name !== "account" ? "query" : "read")}`;
}
