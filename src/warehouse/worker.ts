import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WarehouseError } from "../errors.ts";
import { startWatchdog } from "../platform/clock.ts";
import type { Failure, Operations, Reply, Request } from "./serve.ts";

/** Characters of the process's stderr that are kept for the error if it dies. */
const STDERR_MAX = 2000;

export interface WorkerOptions<Ops extends Operations<Ops>> {
  /** Name of the warehouse in messages: `duckdb:PATH`. */
  readonly warehouse: string;
  /** Name of the process in messages: `DuckDB`. */
  readonly name: string;
  /** Script that calls `serve`, next to the module that starts it. Its `.ts` becomes `.js` in the package. */
  readonly entry: URL;
  /** Node options, such as a limit of the heap. Default: none. */
  readonly nodeOptions?: readonly string[];
  /**
   * The environment. Nothing is inherited, in particular no secret of this tool, except where compiled code is kept.
   * Default: nothing else.
   */
  readonly environment?: (folder: string) => Readonly<Record<string, string>>;
  /** What to do after the process died. */
  readonly deathHint: string;
  /** Where the process gets its temporary folder, which is removed with it. */
  readonly tmpDir: string;
  /** The input of the first request of each process, and how the message of its failure begins: `log in to`. */
  readonly open: { readonly doing: string; readonly input: (folder: string) => Parameters<Ops["open"]>[0] };
  /** Longest time for one request. Default: no limit, because a large load may take hours. */
  readonly requestMsMax?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly folder: string;
  stderr: string;
}

/**
 * A warehouse's own process, which keeps the memory of its driver out of this one. Started and opened at the first
 * request, and again after it died. Requests go through Node's IPC channel, one at a time: wrap each piece of work in
 * `serialize`.
 */
export class Worker<Ops extends Operations<Ops>> {
  readonly #options: WorkerOptions<Ops>;
  #running: Running | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: WorkerOptions<Ops>) {
    this.#options = options;
  }

  /** The operating system's process id; null when there is no process. */
  get processId(): number | null {
    return this.#running?.child.pid ?? null;
  }

  /** Runs `work` after all earlier work, whether that failed or not. */
  async serialize<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Starts and opens the process unless it is running. Throws `WarehouseError`. */
  async start(signal: AbortSignal): Promise<Running> {
    signal.throwIfAborted();
    if (this.#running !== null) return this.#running;
    const { name, tmpDir, open } = this.#options;
    const folder = await mkdtemp(join(tmpDir, `pardot-etl-${name.toLowerCase()}-`));
    const running = this.#fork(folder);
    this.#running = running;
    try {
      await this.#send(running, "open", open.input(folder), open.doing, signal);
      return running;
    } catch (error) {
      await this.drop();
      throw error;
    }
  }

  /**
   * Sends one request and waits for its result. `doing` begins the message of a failure: `read PARDOT_TAG from`.
   * Aborting kills the process and rejects with the signal's reason once it is gone, so that its locks are free and
   * nothing is written afterwards. Throws `WarehouseError`.
   */
  async ask<Op extends keyof Ops>(
    op: Op,
    input: Parameters<Ops[Op]>[0],
    doing: string,
    signal: AbortSignal,
  ): Promise<ReturnType<Ops[Op]>> {
    return this.#send(await this.start(signal), op, input, doing, signal);
  }

  /** Sends the last request, after which the process exits, and waits for it. Does nothing when there is no process. */
  async end(signal: AbortSignal): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    try {
      await this.#send(running, "close", null, "close", signal);
      // It disconnects first: if this side did, Node would not emit "close".
      await running.exited;
    } finally {
      await this.drop();
    }
  }

  /** Kills the process, if any, waits for it, and removes its folder: the next request starts another one. */
  async drop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    running.child.kill("SIGKILL");
    await running.exited;
    await rm(running.folder, { recursive: true, force: true });
  }

  #fork(folder: string): Running {
    const { entry, nodeOptions = [], environment } = this.#options;
    // The sources have a TypeScript entry, the package its JavaScript.
    const script = import.meta.url.endsWith(".ts") ? entry : new URL(entry.href.replace(/\.ts$/, ".js"));
    const child = fork(fileURLToPath(script), [], {
      execArgv: [...nodeOptions],
      env: { ...environment?.(folder), ...compileCache() },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // A process group for itself: Ctrl-C in a terminal reaches this process only, which decides what is finished.
      detached: true,
    });
    const running: Running = {
      child,
      // A process that could not be started emits an error instead.
      exited: once(child, "close").catch(() => undefined),
      folder,
      stderr: "",
    };
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      running.stderr = (running.stderr + text).slice(-STDERR_MAX);
    });
    child.on("error", (error) => {
      running.stderr = error.message;
    });
    return running;
  }

  /** Throws `WarehouseError`, or the signal's reason. A process that died is dropped. */
  async #send<Op extends keyof Ops>(
    running: Running,
    op: Op,
    input: Parameters<Ops[Op]>[0],
    doing: string,
    signal: AbortSignal,
  ): Promise<ReturnType<Ops[Op]>> {
    const { warehouse, requestMsMax } = this.#options;
    const fault = ({ message, ...details }: Failure): WarehouseError =>
      new WarehouseError(`${doing} ${warehouse}: ${message}`, details);
    const watchdog =
      requestMsMax === undefined ? null : startWatchdog(requestMsMax, () => fault(this.#tooLong(requestMsMax)));
    const stopped = watchdog === null ? signal : AbortSignal.any([signal, watchdog.signal]);
    const onAbort = (): void => void running.child.kill("SIGKILL");
    stopped.addEventListener("abort", onAbort, { once: true });
    try {
      stopped.throwIfAborted();
      const reply = await replyOf(running, { op, input });
      if (reply === null || stopped.aborted) {
        await this.drop();
        stopped.throwIfAborted();
      }
      if (reply === null) throw fault(this.#death(running));
      if (!reply.ok) throw fault(reply.failure);
      return reply.value as ReturnType<Ops[Op]>;
    } finally {
      stopped.removeEventListener("abort", onAbort);
      watchdog?.stop();
    }
  }

  #death({ child, stderr }: Running): Failure {
    const { exitCode, signalCode } = child;
    const how = signalCode === null ? `with exit code ${exitCode ?? "unknown"}` : `by ${signalCode}`;
    const text = stderr.trim();
    return {
      code: "warehouse.process-died",
      message: `the ${this.#options.name} process ended ${how}${text === "" ? "" : `: ${text}`}`,
      hint: this.#options.deathHint,
      retryable: true,
    };
  }

  #tooLong(ms: number): Failure {
    return {
      code: "warehouse.query-timeout",
      message: `no response for ${ms / 60_000} minutes`,
      hint: `Run again. ${this.#options.name}'s query history shows which statement took so long.`,
      retryable: true,
    };
  }
}

/** Where this process keeps compiled code, if it does: its children start in two thirds of the time. */
function compileCache(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** The reply to a request; null when the process died instead. Leaves no listener behind, which would keep replies. */
async function replyOf({ child, exited }: Running, request: Request): Promise<Reply | null> {
  return new Promise((resolve) => {
    const settle = (reply: unknown): void => {
      child.off("message", settle).off("close", onClose);
      resolve(reply as Reply | null);
    };
    const onClose = (): void => settle(null);
    // A process that died earlier may have emitted "close" before.
    const onDead = async (): Promise<void> => {
      await exited;
      onClose();
    };
    child.once("message", settle).once("close", onClose);
    child.send(request, (error) => {
      if (error !== null) void onDead();
    });
  });
}
