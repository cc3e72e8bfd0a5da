import { TransportError } from "../errors.ts";
import { inheritedVariables } from "./environment.ts";
import { isLoopback } from "./address.ts";

/** Lower case first, as in curl and the AWS tools. */
const VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"] as const;
export type ProxyVariables = { readonly [Name in (typeof VARIABLES)[number]]?: string };

/** The hint when no connection can be made. */
export const NO_CONNECTION_HINT =
  "Check the network from here. If a proxy is the only way out, set HTTPS_PROXY, and NO_PROXY for hosts that are reached without it.";

/** The proxy variables of this process. */
export function proxyVariables(): ProxyVariables {
  return inheritedVariables(VARIABLES);
}

/**
 * The proxy for an address: HTTPS_PROXY for https, HTTP_PROXY for plain http, unless NO_PROXY names the host; null: none.
 * Plain http to this machine may carry a token, so it uses only a proxy on this machine. Throws `TransportError`
 * `http.proxy-invalid` rather than bypassing a proxy that cannot be used.
 */
export function proxyFor(url: URL, variables: ProxyVariables): URL | null {
  const isSecure = url.protocol === "https:";
  const text = isSecure
    ? (variables.https_proxy ?? variables.HTTPS_PROXY)
    : (variables.http_proxy ?? variables.HTTP_PROXY);
  if (text === undefined || text.trim() === "") return null;
  if (isExcluded(url, variables.no_proxy ?? variables.NO_PROXY ?? "")) return null;
  const proxy = URL.parse(text.includes("://") ? text.trim() : `http://${text.trim()}`);
  if (proxy === null || (proxy.protocol !== "http:" && proxy.protocol !== "https:")) throw invalid(isSecure);
  return !isSecure && isLoopback(url) && !isLoopback(proxy) ? null : proxy;
}

function invalid(isSecure: boolean): TransportError {
  const name = isSecure ? "HTTPS_PROXY" : "HTTP_PROXY";
  return new TransportError(`read ${name}: not the address of an HTTP proxy`, {
    code: "http.proxy-invalid",
    hint: `Give ${name} as http://host:port, or remove it.`,
  });
}

/** Entries are hosts and their subdomains, with or without a leading dot or `*.` and a port; `*` is every host. */
function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.replaceAll(/^\[|\]$/g, "");
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => {
      if (entry === "*") return true;
      // A bare IPv6 address contains colons itself.
      const [, inBrackets, named, withPort] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
      const name = (inBrackets ?? named ?? entry).replace(/^\*?\./, "");
      if (name === "" || (withPort !== undefined && withPort !== port)) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}
