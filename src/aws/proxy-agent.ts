import type { Agent, ClientRequest } from "node:http";
import { connect as connectPlain, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { proxyFor, proxyVariables } from "../platform/proxy.ts";
import type { ProxyVariables } from "../platform/proxy.ts";

/** Connections to one host; the SDK's own default. */
const SOCKETS_MAX = 50;

export interface ProxyAgents {
  readonly httpAgent?: Agent;
  readonly httpsAgent?: Agent;
}

type Endpoint = Parameters<HttpsProxyAgent<string>["connect"]>[1];

/** A tunnel through the proxy for the hosts that need one, and a direct connection to the others. */
class EndpointAgent extends HttpsProxyAgent<string> {
  readonly #variables: ProxyVariables;

  constructor(proxy: URL, variables: ProxyVariables) {
    super(proxy.href, { keepAlive: true, maxSockets: SOCKETS_MAX });
    this.#variables = variables;
  }

  override async connect(request: ClientRequest, endpoint: Endpoint): Promise<Socket> {
    const { host = "", port, secureEndpoint } = endpoint;
    const name = isIP(host) === 6 ? `[${host}]` : host;
    const url = new URL(`${secureEndpoint ? "https" : "http"}://${name}:${port}`);
    if (proxyFor(url, this.#variables) !== null) return super.connect(request, endpoint);
    if (!endpoint.secureEndpoint) return connectPlain(endpoint);
    return connectSecure(isIP(host) === 0 ? { servername: host, ...endpoint } : endpoint);
  }
}

/** Agents for a client of the SDK; none without a proxy, so that the SDK uses its own. */
export function proxyAgents(variables: ProxyVariables = proxyVariables()): ProxyAgents {
  // The host does not matter here: the agent decides for each connection.
  const everywhere = { ...variables, no_proxy: "" };
  const secure = proxyFor(new URL("https://anywhere.invalid"), everywhere);
  const plain = proxyFor(new URL("http://anywhere.invalid"), everywhere);
  return {
    ...(secure === null ? {} : { httpsAgent: new EndpointAgent(secure, variables) }),
    ...(plain === null ? {} : { httpAgent: new EndpointAgent(plain, variables) }),
  };
}
