import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Overheard } from "./overheard.ts";

/** Faults of a connection through the proxy. */
const FATES = ["stalls", "cuts", "half-opens", "slows"] as const;
export type Fate = (typeof FATES)[number];

export interface TcpProxy {
  readonly url: string;
  /** Share of new connections with a fault; 0: a plain proxy. */
  share: number;
  readonly fates: Map<Fate, number>;
  close(): Promise<void>;
}

/** A proxy that forwards bytes; some connections stall, break, never start or crawl. */
export async function startTcpProxy(target: string, dice: Dice, overheard: Overheard): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const fates = new Map<Fate, number>();
  const server = createServer((client) => {
    const fate = dice.chance(proxy.share) ? dice.pick(FATES) : null;
    if (fate !== null) fates.set(fate, (fates.get(fate) ?? 0) + 1);
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      // Errors of a cut connection don't matter.
      socket.on("error", () => undefined);
    }
    // Some responses are short: half of the faults are in their headers, the others in their bodies.
    const after = dice.below(dice.pick([400, 12_000]));
    if (fate === "half-opens") client.resume();
    else void pass(client, upstream, null, 0, (chunk) => overheard.asked(client, chunk));
    void pass(upstream, client, fate, after, (chunk) => overheard.answered(chunk));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  const proxy: TcpProxy = {
    url: `http://127.0.0.1:${address.port}`,
    share: 0,
    fates,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}

/** Forwards bytes until the fault after this many of them. */
async function pass(
  from: Socket,
  to: Socket,
  fate: Fate | null,
  after: number,
  hear: (chunk: Buffer) => void,
): Promise<void> {
  let passed = 0;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      hear(chunk);
      const rest = fate === "stalls" || fate === "cuts" ? chunk.subarray(0, Math.max(0, after - passed)) : chunk;
      passed += rest.length;
      if (fate === "slows") await crawl(rest, to);
      else if (rest.length > 0) to.write(rest);
      if (rest.length === chunk.length) continue;
      if (fate === "cuts") {
        from.destroy();
        to.resetAndDestroy();
        return;
      }
      // Stalls: the connection stays open and silent.
      await once(to, "close");
      from.destroy();
      return;
    }
    to.end();
  } catch {
    to.destroy();
  }
}

/** Maximum steps, so that a large file fits into a test's time. */
const STEPS = 20;

async function crawl(bytes: Buffer, to: Socket): Promise<void> {
  const step = Math.max(200, Math.ceil(bytes.length / STEPS));
  for (let at = 0; at < bytes.length; at += step) {
    to.write(bytes.subarray(at, at + step));
    await pause(2);
  }
}
