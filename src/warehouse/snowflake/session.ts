import type { SnowflakeConfig } from "../../config/config.ts";
import { WarehouseError } from "../../errors.ts";
import { startWatchdog } from "../../platform/clock.ts";
import { inheritedVariables } from "../../platform/environment.ts";
import { Worker } from "../worker.ts";
import { SESSION_ENDED } from "./failure.ts";
import type { SnowflakeLogin, SnowflakeOperations } from "./protocol.ts";

/** Longest wait for one request, the driver's own retries included. Snowflake's statement limits are shorter. */
const REQUEST_MS_MAX = 20 * 60_000;

/** A longer logout is left to Snowflake, which ends idle sessions. */
const CLOSE_MS_MAX = 10_000;

/** Heap limit of the driver's process, which takes 100 MB when idle and little more for a page of rows. */
const HEAP_MB = 256;

/** Variables that the driver's process inherits: proxies and trusted certificates. */
const INHERITED: readonly string[] = (
  "HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy NODE_EXTRA_CA_CERTS NODE_USE_SYSTEM_CA " +
  "SSL_CERT_DIR SSL_CERT_FILE SF_OCSP_RESPONSE_CACHE_SERVER_ENABLED SF_OCSP_RESPONSE_CACHE_SERVER_URL " +
  "SystemRoot"
).split(" ");

/** Keeps the driver from reporting where it runs, what it loads, and its host name. */
const QUIET = {
  SNOWFLAKE_DISABLE_PLATFORM_DETECTION: "true",
  SNOWFLAKE_DISABLE_MINICORE: "true",
  SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: "true",
};

/**
 * A Snowflake session, through the official driver in a separate process. It starts and logs in at the first use, and
 * again after Snowflake has ended the session. Calls may overlap: they run in order.
 */
export class SnowflakeSession {
  readonly #worker: Worker<SnowflakeOperations>;

  constructor(config: SnowflakeConfig, options: { readonly tmpDir: string }) {
    this.#worker = new Worker({
      warehouse: "snowflake",
      name: "Snowflake",
      entry: new URL("./process.ts", import.meta.url),
      nodeOptions: [`--max-old-space-size=${HEAP_MB}`],
      // The driver caches certificate data in its home folder, and looks there for a file that turns on its log.
      environment: (home) => ({ ...inheritedVariables(INHERITED), ...QUIET, HOME: home, TMPDIR: home }),
      deathHint: "Run again. If it was killed for its memory (about 200 MB), give the machine more.",
      tmpDir: options.tmpDir,
      open: { doing: "log in to", input: () => loginOf(config) },
      requestMsMax: REQUEST_MS_MAX,
    });
  }

  /** The operating system's id of the driver's process; null when there is none. */
  get processId(): number | null {
    return this.#worker.processId;
  }

  /** Logs in if necessary. Throws `WarehouseError`. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#worker.serialize(async () => this.#worker.start(signal));
  }

  /** As `Worker.ask`; logs in again and repeats the request once when Snowflake has ended the session. */
  async ask<Op extends keyof SnowflakeOperations>(
    op: Op,
    input: Parameters<SnowflakeOperations[Op]>[0],
    doing: string,
    signal: AbortSignal,
  ): Promise<ReturnType<SnowflakeOperations[Op]>> {
    return this.#worker.serialize(async () => {
      for (let isRepeated = false; ; isRepeated = true) {
        try {
          return await this.#worker.ask(op, input, doing, signal);
        } catch (error) {
          const hasEnded = error instanceof WarehouseError && error.code === SESSION_ENDED;
          if (hasEnded) await this.#worker.drop();
          // A page belongs to the session that started its query.
          if (!hasEnded || isRepeated || op === "page") throw error;
        }
      }
    });
  }

  /** Logs out and ends the process. Never throws, because no result depends on it. */
  async close(): Promise<void> {
    await this.#worker.serialize(async () => {
      const watchdog = startWatchdog(CLOSE_MS_MAX, () => new Error("the logout takes too long"));
      // Without a logout Snowflake ends the session.
      await this.#worker.end(watchdog.signal).catch(() => undefined);
      watchdog.stop();
    });
  }
}

function loginOf(config: SnowflakeConfig): SnowflakeLogin {
  const { account, accessUrl, auth, role, warehouse, database, schema } = config;
  const { authenticator, user } = auth;
  const secret =
    auth.authenticator === "SNOWFLAKE_JWT"
      ? auth.privateKey
      : auth.authenticator === "SNOWFLAKE"
        ? auth.password
        : auth.token;
  const place = { account, accessUrl: accessUrl?.origin ?? null, role, warehouse, database, schema };
  return { ...place, authenticator, user, secret: secret.reveal() };
}
