/** Starts and stops a simulator, in this process or as the command `simulate`. */
import type { AddressInfo } from "node:net";
import type { Controls } from "./control.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
} from "./login/token-desk.ts";
import { readFaults } from "./faults.ts";
import { resolveOptions } from "./options.ts";
import type { SimulatorOptions } from "./options.ts";
import { createSimulatorServer } from "./server.ts";
import { advanceSimulation, createSimulation, statsOf, truthRows } from "./simulation.ts";

/** A running simulator. Its controls are the same as the endpoints under `/__sim`. */
export interface Simulator extends Controls {
  /** `http://127.0.0.1:PORT`, both API host and login host. */
  readonly url: string;
  /** Closes all connections and frees the port. */
  close(): Promise<void>;
}

/** Builds the account and listens on 127.0.0.1. Throws an Error that names all invalid options. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const resolved = resolveOptions(options);
  let state = createSimulation(resolved);
  const controls: Controls = {
    stats: () => statsOf(state),
    rows: (object, deleted = "live", shown = {}) => truthRows(state, object, deleted, shown),
    advance: (days) => advanceSimulation(state, days),
    faults: (script) => state.faults.set(readFaults(script)),
    reset: () => {
      state = createSimulation(resolved, state.account.days === 0 ? state.account : null);
    },
    now: () => new Date(state.clock.now()),
  };
  const server = createSimulatorServer(() => state, controls);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(resolved.port, "127.0.0.1", () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    ...controls,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Body of the command `simulate`: starts a simulator and writes one JSON line with everything a client needs. The caller
 * closes it.
 */
export async function simulatorMain(options: SimulatorOptions, write: (line: string) => void): Promise<Simulator> {
  const simulator = await startSimulator(options);
  const line = {
    url: simulator.url,
    business_unit_id: SIMULATOR_BUSINESS_UNIT_ID,
    client_id: SIMULATOR_CLIENT_ID,
    client_secret: SIMULATOR_CLIENT_SECRET,
    refresh_token: SIMULATOR_REFRESH_TOKEN,
    now: simulator.now().toISOString(),
    seed: options.seed ?? 1,
    timezone: options.timezone ?? "UTC",
  };
  write(JSON.stringify(line));
  return simulator;
}
