import { flushCompileCache } from "node:module";

/** Reply to one request: its result, or a failure. */
export type Reply<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

/** A failure in a form that passes between processes; it becomes a `WarehouseError`. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** A failure that is already worded: of a warehouse's process, or about it. */
export class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.name = "Refusal";
    this.failure = failure;
  }
}

/**
 * Serves the requests of the parent process, which sends one at a time (worker.ts). Anything thrown becomes a failure.
 * After the request `close` it disconnects. Calls `onEnd` then, and when the parent dies.
 */
export function serve(server: {
  readonly perform: (request: unknown) => Promise<unknown>;
  readonly failureOf: (error: unknown) => Failure;
  readonly onEnd: () => void;
}): void {
  const reply = async (request: unknown): Promise<Reply<unknown>> => {
    try {
      return { ok: true, value: await server.perform(request) };
    } catch (error) {
      return { ok: false, failure: error instanceof Refusal ? error.failure : server.failureOf(error) };
    }
  };
  process.on("message", (request) => {
    const isLast = (request as { readonly op: string }).op === "close";
    const onSent = (error: Error | null): void => {
      // An error means that the parent is gone: `onEnd` has been called.
      if (isLast && error === null) process.disconnect();
    };
    void reply(request).then((message) => process.send?.(message, undefined, undefined, onSent));
  });
  process.once("disconnect", server.onEnd);
  // Compiled code is kept for the next start now: this process may be killed.
  flushCompileCache();
}
