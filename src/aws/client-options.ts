import { proxyAgents } from "./proxy-agent.ts";
import type { ProxyAgents } from "./proxy-agent.ts";

/** The SDK prints remarks on standard error otherwise; what matters of them is in the errors that it throws. */
const ignore = (): void => {};
const SILENT: Readonly<Record<"debug" | "info" | "warn" | "error", () => void>> = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
};

export interface Timeouts {
  /** No connection within this time: the endpoint is not there. */
  readonly connectionTimeoutMs: number;
  /** Longest silence of a connection. */
  readonly idleTimeoutMs: number;
}

/**
 * What every client of the SDK is given, said explicitly because its defaults change: time-outs, the proxy of this
 * process, and no retries, because our retry.ts alone repeats requests.
 */
export function clientOptions(timeouts: Timeouts): {
  readonly maxAttempts: number;
  readonly logger: typeof SILENT;
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly socketTimeout: number;
    readonly requestTimeout: number;
    readonly logger: typeof SILENT;
  } & ProxyAgents;
} {
  return {
    maxAttempts: 1,
    logger: SILENT,
    requestHandler: {
      connectionTimeout: timeouts.connectionTimeoutMs,
      // Silence is bounded, the whole of a request is not: an honest upload may take long.
      socketTimeout: timeouts.idleTimeoutMs,
      requestTimeout: 0,
      logger: SILENT,
      ...proxyAgents(),
    },
  };
}
