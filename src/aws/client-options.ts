import type { ClientRequest } from "node:http";
import { connect as connectPlain, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import type { SNSClientConfig } from "@aws-sdk/client-sns";
import { HttpsProxyAgent } from "https-proxy-agent";
import { proxyFor, proxyVariables } from "../platform/proxy.ts";
import type { ProxyVariables } from "../platform/proxy.ts";

/** Otherwise the SDK prints warnings on stderr; its errors contain what matters. */
const ignore = (): void => {};
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * The options of every client of the SDK, explicit because its defaults change: time-outs, the proxy of this process, and
 * no retries, because only our retry.ts repeats requests. Without a connection within `connectionTimeoutMs` the endpoint
 * does not exist; `idleTimeoutMs`: longest silence of a connection.
 */
export function clientOptions(
  connectionTimeoutMs: number,
  idleTimeoutMs: number,
): Required<Pick<SNSClientConfig, "maxAttempts" | "logger" | "requestHandler">> {
  const variables = proxyVariables();
  // The host does not matter here: the agent decides for each connection. Without a proxy the SDK uses its own agent.
  const everywhere = { ...variables, no_proxy: "" };
  const secure = proxyFor(new URL("https://anywhere.invalid"), everywhere);
  const plain = proxyFor(new URL("http://anywhere.invalid"), everywhere);
  return {
    maxAttempts: 1,
    logger: SILENT,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      // Only silence is bounded, not the whole request: a large upload may take long.
      socketTimeout: idleTimeoutMs,
      requestTimeout: 0,
      logger: SILENT,
      ...(secure === null ? {} : { httpsAgent: new EndpointAgent(secure, variables) }),
      ...(plain === null ? {} : { httpAgent: new EndpointAgent(plain, variables) }),
    },
  };
}

/** Connections to one host; the SDK's own default. */
const SOCKETS_MAX = 50;

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
