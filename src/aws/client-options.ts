import { proxyAgents } from "./proxy-agent.ts";
import type { ProxyAgents } from "./proxy-agent.ts";

/** Otherwise the SDK prints warnings on stderr; its errors contain what matters. */
const ignore = (): void => {};
const SILENT: Readonly<Record<"debug" | "info" | "warn" | "error", () => void>> = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
};

export interface Timeouts {
  /** Without a connection within this time, the endpoint does not exist. */
  readonly connectionTimeoutMs: number;
  /** Longest silence of a connection. */
  readonly idleTimeoutMs: number;
}

/**
 * The options of every client of the SDK, explicit because its defaults change: time-outs, the proxy of this process, and
 * no retries, because only our retry.ts repeats requests.
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
      // Only silence is bounded, not the whole request: a large upload may take long.
      socketTimeout: timeouts.idleTimeoutMs,
      requestTimeout: 0,
      logger: SILENT,
      ...proxyAgents(),
    },
  };
}
