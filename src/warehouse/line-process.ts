import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ProcessAnswer, ProcessFailure } from "./line-protocol.ts";

/** Characters of the process's stderr that are kept for the error if it dies. */
const STDERR_MAX = 2000;

/** The process refused a request or died; `failure` says which. */
export class LineProcessError extends Error {
  readonly failure: ProcessFailure;
  constructor(failure: ProcessFailure) {
    super(failure.message);
    this.name = "LineProcessError";
    this.failure = failure;
  }
}

/** The code of a failure that means: the process is gone. */
export const PROCESS_DIED = "warehouse.process-died";

export interface LineProcessOptions {
  /** For messages: `DuckDB`. */
  readonly name: string;
  /** The script that `serveLines`, beside the module that starts it. Its `.ts` becomes `.js` in the package. */
  readonly entry: URL;
  /** The environment: nothing is inherited, secrets of this tool first of all, but where compiled code is kept. */
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node, such as a limit of the heap. */
  readonly nodeOptions: readonly string[];
  /** What to do when it died. */
  readonly deathHint: string;
}

/** Where this process keeps compiled code, if it does, so that its children start in two thirds of the time. */
function compileCache(): Readonly<Record<string, string>> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/**
 * A running process of ours that answers requests, each a line of JSON, from its start to its end. The caller sends one
 * request after another. `Results` says what each request, by its `op`, is answered with.
 */
export class LineProcess<Request extends { readonly op: keyof Results }, Results extends object> {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  readonly #name: string;
  readonly #deathHint: string;
  #stderr = "";

  constructor(options: LineProcessOptions) {
    this.#name = options.name;
    this.#deathHint = options.deathHint;
    // From source the entry is TypeScript, from the package what came of it.
    const entry = import.meta.url.endsWith(".ts") ? options.entry : new URL(options.entry.href.replace(/\.ts$/, ".js"));
    this.#child = spawn(process.execPath, [...options.nodeOptions, fileURLToPath(entry)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...options.env, ...compileCache() },
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_MAX);
    });
    this.#child.on("error", (error) => {
      this.#stderr = error.message;
    });
    // A write to a process that has died fails here; the missing answer tells it.
    this.#child.stdin.on("error", () => undefined);
    this.#exited = once(this.#child, "close").catch(() => undefined);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The id of the operating system; undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Sends one request and waits for its answer. Aborting kills the process and rejects with the signal's reason once it
   * is gone, so that its locks are free and nothing is written afterwards. Throws `LineProcessError`.
   */
  async request<R extends Request>(request: R, signal: AbortSignal): Promise<Results[R["op"]]> {
    signal.throwIfAborted();
    const onAbort = (): void => void this.#child.kill("SIGKILL");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
      const line = await this.#answers.next();
      if (line.done === true || signal.aborted) {
        await this.#exited;
        signal.throwIfAborted();
      }
      if (line.done === true) throw new LineProcessError(this.#death());
      const answer = JSON.parse(line.value) as ProcessAnswer<Results[R["op"]]>;
      if (!answer.ok) throw new LineProcessError(answer.failure);
      return answer.value;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Lets the process end by itself and waits for it. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited;
  }

  /** Ends the process at once and waits for it; safe when it is gone already. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #death(): ProcessFailure {
    const { exitCode, signalCode } = this.#child;
    const how = signalCode === null ? `with exit code ${exitCode ?? "unknown"}` : `by ${signalCode}`;
    const said = this.#stderr.trim();
    return {
      code: PROCESS_DIED,
      message: `the ${this.#name} process ended ${how}${said === "" ? "" : `: ${said}`}`,
      hint: this.#deathHint,
      retryable: true,
    };
  }
}
