import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { DuckdbAnswer, DuckdbFailure, DuckdbRequest, DuckdbResults } from "./duckdb-protocol.ts";

/** Characters of the process's stderr that are kept for the error if it dies. */
const STDERR_MAX = 2000;

/** The process was refused or died; `failure` says which. */
export class DuckdbProcessError extends Error {
  readonly failure: DuckdbFailure;
  constructor(failure: DuckdbFailure) {
    super(failure.message);
    this.name = "DuckdbProcessError";
    this.failure = failure;
  }
}

/**
 * A running DuckDB process, from its start to its end. Requests are sent one after another by the caller. It inherits
 * no environment: nothing of what configures this tool, secrets first of all, is its business.
 */
export class DuckdbProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #stderr = "";

  constructor() {
    this.#child = spawn(process.execPath, [fileURLToPath(ENTRY)], { stdio: ["pipe", "pipe", "pipe"], env: {} });
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
   * Sends one request and waits for its answer. Aborting kills the process and rejects with the signal's reason once
   * it is gone, so that its lock is free and nothing is written afterwards. Throws `DuckdbProcessError`.
   */
  async request<R extends DuckdbRequest>(request: R, signal: AbortSignal): Promise<DuckdbResults[R["op"]]> {
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
      if (line.done === true) throw new DuckdbProcessError(this.#death());
      const answer = JSON.parse(line.value) as DuckdbAnswer;
      if (!answer.ok) throw new DuckdbProcessError(answer.failure);
      return answer.value as DuckdbResults[R["op"]];
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

  #death(): DuckdbFailure {
    const { exitCode, signalCode } = this.#child;
    const how = signalCode === null ? `with exit code ${exitCode ?? "unknown"}` : `by ${signalCode}`;
    const said = this.#stderr.trim();
    return {
      code: "warehouse.process-died",
      message: `the DuckDB process ended ${how}${said === "" ? "" : `: ${said}`}`,
      hint: "Nothing of this load was committed. Run again; if it was killed for its memory (up to about 700 MB), give the machine more.",
      retryable: true,
    };
  }
}

// From source the entry is TypeScript, from the package what came of it.
const ENTRY: URL = import.meta.url.endsWith(".ts")
  ? new URL("./duckdb-process.ts", import.meta.url)
  : new URL("./duckdb-process.js", import.meta.url);
