import { flushCompileCache } from "node:module";

/** The operations of a warehouse's process: each takes one input and returns one result, which pass between processes. */
export type Operations<Ops> = { readonly [Op in keyof Ops]: (input: never) => unknown } & {
  readonly open: (input: never) => null;
  readonly close: (input: null) => null;
};

/** Request for one operation. */
export interface Request {
  readonly op: PropertyKey;
  readonly input: unknown;
}

/** Reply to one request: its result, or a failure. */
export type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly failure: Failure };

/** A failure in a form that passes between processes; it becomes a `WarehouseError`. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** A failure of a warehouse's process that is already worded. */
export class Refusal extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.name = "Refusal";
    this.failure = failure;
  }
}

/** A service manager sends these to every process of a service. The parent gets them too, and ends its children. */
const SIGNALS_OF_THE_PARENT = ["SIGINT", "SIGTERM"] as const;

/**
 * Serves the requests of the parent process, which sends one at a time (worker.ts). Anything thrown becomes a failure.
 * Ignores the signals that stop a run: the parent lets in-flight work finish, or kills this process. After the request
 * `close` it disconnects. Calls `onEnd` then, and when the parent dies.
 */
export function serve<Ops extends Operations<Ops>>(
  operations: { readonly [Op in keyof Ops]: (input: Parameters<Ops[Op]>[0]) => Promise<ReturnType<Ops[Op]>> },
  { failureOf, onEnd }: { readonly failureOf: (error: unknown) => Failure; readonly onEnd: () => void },
): void {
  const perform = operations as Readonly<Record<PropertyKey, (input: unknown) => Promise<unknown>>>;
  const reply = async ({ op, input }: Request): Promise<Reply> => {
    try {
      return { ok: true, value: await perform[op]?.(input) };
    } catch (error) {
      return { ok: false, failure: error instanceof Refusal ? error.failure : failureOf(error) };
    }
  };
  process.on("message", (request: Request) => {
    const onSent = (error: Error | null): void => {
      // An error means that the parent is gone: `onEnd` has been called.
      if (request.op === "close" && error === null) process.disconnect();
    };
    void reply(request).then((message) => process.send?.(message, undefined, undefined, onSent));
  });
  for (const signal of SIGNALS_OF_THE_PARENT) process.on(signal, () => undefined);
  process.once("disconnect", onEnd);
  // Compiled code is kept for the next start now: this process may be killed.
  flushCompileCache();
}
