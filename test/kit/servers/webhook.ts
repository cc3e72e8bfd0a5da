import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What a receiver does with a request: answers, keeps silent, or breaks the connection. */
export type Behaviour =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "reset";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver of webhooks on a loopback port. */
export interface WebhookReceiver {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly received: readonly Received[];
  /** What is done with the next requests, one each, in this order; afterwards each is answered 200. */
  behave(...behaviours: readonly Behaviour[]): void;
  /** Resolves once so many requests have come. */
  hasReceived(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const behaviours: Behaviour[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      received.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body });
      for (const waiter of waiting.filter(({ count }) => count <= received.length)) waiter.resolve();
      const behaviour = behaviours.shift() ?? { status: 200, body: "ok" };
      if (behaviour === "hang") return;
      if (behaviour === "reset") {
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body ?? "");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    behave: (...next) => void behaviours.push(...next),
    hasReceived: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
