import { flushCompileCache } from "node:module";
import { createInterface } from "node:readline";
import type { ProcessAnswer, ProcessFailure } from "./line-protocol.ts";

/**
 * Answers requests from stdin on stdout until stdin ends, whoever closed it; then calls `onEnd`. The other side sends
 * one request at a time. A thrown value becomes a failure.
 */
export function serveLines(server: {
  readonly perform: (request: unknown) => Promise<unknown>;
  readonly failureOf: (error: unknown) => ProcessFailure;
  readonly onEnd: () => void;
}): void {
  // Compiled code is kept for the next start now: this process may be killed.
  flushCompileCache();
  const answer = async (line: string): Promise<ProcessAnswer<unknown>> => {
    try {
      return { ok: true, value: await server.perform(JSON.parse(line) as unknown) };
    } catch (error) {
      return { ok: false, failure: server.failureOf(error) };
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    void answer(line).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
  });
  lines.on("close", server.onEnd);
}
