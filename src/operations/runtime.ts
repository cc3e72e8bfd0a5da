import type { Config, PardotConfig } from "../config/config.ts";
import { asError } from "../errors.ts";
import { warn } from "../events.ts";
import type { OnEvent } from "../events.ts";
import { openConnections } from "../http/transport.ts";
import type { Transport } from "../http/transport.ts";
import { systemClock, systemTicker } from "../platform/clock.ts";
import type { Clock, Ticker } from "../platform/clock.ts";
import { systemProcesses } from "../platform/process-identity.ts";
import type { Processes } from "../platform/process-identity.ts";
import { systemRandom } from "../platform/random.ts";
import type { Random } from "../platform/random.ts";
import type { State } from "../state/state.ts";
import { openStorage } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import { openWarehouse } from "../warehouse/open.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";

/** What every operation takes besides the configuration. */
export interface Runtime {
  /** Aborted on a stop request: nothing new is started, and in-flight work is cut after `etl.stopGraceMs`. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly ticker: Ticker;
  readonly processes: Processes;
  /** Replaces the configured destination, in tests. */
  readonly openStorage?: typeof openStorage;
  /** Replaces the configured warehouse, in tests. */
  readonly openWarehouse?: typeof openWarehouse;
}

export interface RuntimeOptions {
  /** Aborted on a stop request. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** Limits of the connections; null for an operation that makes no call. */
  readonly pardot: Pick<PardotConfig, "maxConcurrency" | "requestTimeoutMs"> | null;
}

/** Time without a byte after which a connection is dropped, for operations without a Pardot configuration. */
const REQUEST_TIMEOUT_MS = 60_000;

/** The token endpoint's connections, in addition to those of Pardot's requests. */
const SPARE_CONNECTIONS = 1;

/** Runs `work` with this machine's clock, random numbers and sockets, and closes the sockets afterwards. */
export async function withRuntime<T>(options: RuntimeOptions, work: (runtime: Runtime) => Promise<T>): Promise<T> {
  const { signal, onEvent, pardot } = options;
  const connections = openConnections({
    connections: (pardot?.maxConcurrency ?? 1) + SPARE_CONNECTIONS,
    requestTimeoutMs: pardot?.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  });
  try {
    return await work({
      signal,
      onEvent,
      transport: connections.transport,
      clock: systemClock,
      random: systemRandom,
      ticker: systemTicker,
      processes: systemProcesses,
    });
  } finally {
    await connections.close();
  }
}

/** Opens the destination. Nothing is read or written yet. */
export async function openDestination(
  { etl: { destination, s3PathStyle } }: { readonly etl: Pick<Config["etl"], "destination" | "s3PathStyle"> },
  runtime: Pick<Runtime, "openStorage" | "clock" | "random">,
): Promise<Storage> {
  const { clock, random } = runtime;
  return (runtime.openStorage ?? openStorage)(destination, { s3PathStyle, clock, random });
}

/** Opens the warehouse. Nothing is read or written yet. */
export async function openTables(
  { etl: { warehouse, tmpDir } }: { readonly etl: Pick<Config["etl"], "warehouse" | "tmpDir"> },
  runtime: Pick<Runtime, "openWarehouse" | "onEvent">,
): Promise<Warehouse> {
  return (runtime.openWarehouse ?? openWarehouse)(warehouse, { tmpDir, onEvent: runtime.onEvent });
}

/** Refuses a warehouse that holds another business unit's tables. */
export async function claimWarehouse(
  warehouse: Warehouse,
  config: Config,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  const hasCommitted = Object.values(state.objects).some(({ filesCommitted }) => filesCommitted > 0);
  await warehouse.claim(config.pardot.businessUnitId, hasCommitted, signal);
}

/** Closes a warehouse. A failure is only a warning, because committed and loaded data stays. */
export async function closeWarehouse(warehouse: Warehouse, onEvent: OnEvent): Promise<void> {
  try {
    await warehouse.close();
  } catch (error) {
    warn(onEvent, "warehouse.close-failed", asError(error).message);
  }
}
