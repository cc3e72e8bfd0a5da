import type { PardotConfig } from "../config/config.ts";
import type { OnEvent } from "../events.ts";
import { openConnections } from "../http/transport.ts";
import { systemClock } from "../platform/clock.ts";
import { systemProcesses } from "../platform/process-identity.ts";
import { systemRandom } from "../platform/random.ts";
import { systemTicker } from "../platform/ticker.ts";
import type { Surroundings } from "./api.ts";

/** Time without a byte after which a connection is given up, where no configuration says otherwise. */
const REQUEST_TIMEOUT_MS = 60_000;

/** Connections beside those that carry Pardot's requests: the token endpoint's. */
const SPARE_CONNECTIONS = 1;

export interface Wishes {
  /** Aborted when somebody asks to stop. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** Limits of the connections; null for an operation that makes no call. */
  readonly pardot: Pick<PardotConfig, "maxConcurrency" | "requestTimeoutMs"> | null;
}

/** Runs `work` in the real world: this machine's clock and dice, sockets that are closed in the end. */
export async function inTheRealWorld<T>(wishes: Wishes, work: (surroundings: Surroundings) => Promise<T>): Promise<T> {
  const connections = openConnections({
    connections: (wishes.pardot?.maxConcurrency ?? 1) + SPARE_CONNECTIONS,
    requestTimeoutMs: wishes.pardot?.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  });
  try {
    const { signal, onEvent } = wishes;
    const { transport } = connections;
    return await work({
      signal,
      onEvent,
      transport,
      clock: systemClock,
      random: systemRandom,
      ticker: systemTicker,
      processes: systemProcesses,
    });
  } finally {
    await connections.close();
  }
}
