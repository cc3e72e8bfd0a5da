import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SnowflakeConfig } from "../../config/config.ts";
import { WarehouseError } from "../../errors.ts";
import { startWatchdog } from "../../platform/clock.ts";
import { inheritedVariables } from "../../platform/environment.ts";
import { inOrder } from "../in-order.ts";
import { LineProcess, LineProcessError, PROCESS_DIED } from "../line-process.ts";
import { SESSION_ENDED } from "./failure.ts";
import type { SnowflakeLogin, SnowflakeRequest, SnowflakeResults } from "./protocol.ts";

/** No answer takes longer, the driver's own retries included; Snowflake's limits on a statement come first. */
const REQUEST_MS_MAX = 20 * 60_000;

/** A logout that takes longer is left to Snowflake, which ends idle sessions by itself. */
const CLOSE_MS_MAX = 10_000;

/** Heap of the driver's process: it takes 100 MB idle, and a page of rows little more. */
const HEAP_MB = 256;

/** What the driver's process gets of the environment: the way out, and whom to trust on it. */
const INHERITED: readonly string[] = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "SF_OCSP_RESPONSE_CACHE_SERVER_ENABLED",
  "SF_OCSP_RESPONSE_CACHE_SERVER_URL",
  "SystemRoot",
];

/** Nobody is told where the driver runs, what it loads, or which host name it was given. */
const QUIET = {
  SNOWFLAKE_DISABLE_PLATFORM_DETECTION: "true",
  SNOWFLAKE_DISABLE_MINICORE: "true",
  SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: "true",
};

type SnowflakeProcess = LineProcess<SnowflakeRequest, SnowflakeResults>;

interface Running {
  readonly process: SnowflakeProcess;
  /** A folder of its own, removed with it. */
  readonly home: string;
}

/**
 * A session with Snowflake, through the official driver in a process of its own: started and logged in at the first
 * use, and again when Snowflake has ended the session. Calls may overlap; they are worked off in order.
 */
export class SnowflakeSession {
  readonly #config: SnowflakeConfig;
  readonly #tmpDir: string;
  readonly #inOrder = inOrder();
  #running: Running | null = null;

  constructor(config: SnowflakeConfig, options: { readonly tmpDir: string }) {
    this.#config = config;
    this.#tmpDir = options.tmpDir;
  }

  /** The operating system's id of the driver's process, null when there is none. */
  get processId(): number | null {
    return this.#running?.process.pid ?? null;
  }

  /** Logs in if need be. Throws `WarehouseError`. */
  async open(signal: AbortSignal): Promise<void> {
    await this.#inOrder(async () => this.#process(signal));
  }

  /**
   * Sends one request. `doing` starts the message of a failure: `read PARDOT_TAG of`. Throws `WarehouseError`, or the
   * signal's reason once the process has gone.
   */
  async ask<R extends SnowflakeRequest>(
    request: R,
    doing: string,
    signal: AbortSignal,
  ): Promise<SnowflakeResults[R["op"]]> {
    return this.#inOrder(async () => {
      try {
        return await this.#send(await this.#process(signal), request, signal);
      } catch (error) {
        // A page belongs to the session in which its query was started.
        if (!isSessionEnded(error) || request.op === "page") throw await this.#failed(error, doing);
      }
      await this.#drop();
      try {
        return await this.#send(await this.#process(signal), request, signal);
      } catch (error) {
        throw await this.#failed(error, doing);
      }
    });
  }

  /** Logs out and ends the process. Never throws: nothing that was asked for depends on it. */
  async close(): Promise<void> {
    await this.#inOrder(async () => {
      if (this.#running === null) return;
      const watchdog = startWatchdog(CLOSE_MS_MAX, () => new Error("the logout takes too long"));
      try {
        await this.#running.process.request({ op: "close" }, watchdog.signal);
      } catch {
        // The session ends without us.
      } finally {
        watchdog.stop();
        await this.#drop();
      }
    });
  }

  async #process(signal: AbortSignal): Promise<SnowflakeProcess> {
    signal.throwIfAborted();
    if (this.#running !== null) return this.#running.process;
    const home = await mkdtemp(join(this.#tmpDir, "pardot-etl-snowflake-"));
    const process: SnowflakeProcess = new LineProcess({
      name: "Snowflake",
      entry: new URL("./process.ts", import.meta.url),
      // In its home folder the driver keeps what it learns of certificates, and looks for a file that turns on its log.
      env: { ...inheritedVariables(INHERITED), ...QUIET, HOME: home, TMPDIR: home },
      nodeOptions: [`--max-old-space-size=${HEAP_MB}`],
      deathHint: "Run again; if it was killed for its memory (about 200 MB), give the machine more.",
    });
    this.#running = { process, home };
    try {
      await this.#send(process, { op: "open", login: loginOf(this.#config) }, signal);
      return process;
    } catch (error) {
      const failure = await this.#failed(error, "log in to");
      await this.#drop();
      throw failure;
    }
  }

  async #send<R extends SnowflakeRequest>(
    process: SnowflakeProcess,
    request: R,
    signal: AbortSignal,
  ): Promise<SnowflakeResults[R["op"]]> {
    const watchdog = startWatchdog(REQUEST_MS_MAX, () => {
      const hint = "Run again; Snowflake's query history shows what took so long.";
      const message = `no answer for ${REQUEST_MS_MAX / 60_000} minutes`;
      return new LineProcessError({ code: "warehouse.query-timeout", message, hint, retryable: true });
    });
    const either = AbortSignal.any([signal, watchdog.signal]);
    try {
      return await process.request(request, either);
    } catch (error) {
      // An abort has killed the process.
      if (either.aborted) await this.#drop();
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  /** What to throw. A process that died, or whose session ended, is forgotten: the next call starts another. */
  async #failed(error: unknown, doing: string): Promise<unknown> {
    if (!(error instanceof LineProcessError)) return error;
    const { message, ...details } = error.failure;
    if (details.code === PROCESS_DIED || details.code === SESSION_ENDED) await this.#drop();
    return new WarehouseError(`${doing} snowflake: ${message}`, details);
  }

  async #drop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    await running.process.kill();
    await rm(running.home, { recursive: true, force: true });
  }
}

function isSessionEnded(error: unknown): boolean {
  return error instanceof LineProcessError && error.failure.code === SESSION_ENDED;
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
