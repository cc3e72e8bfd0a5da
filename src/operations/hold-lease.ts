import type { Lease } from "../state/lease.ts";
import { takeLease } from "../state/lease.ts";
import type { Config } from "../config/config.ts";
import type { Storage } from "../storage/storage.ts";
import type { Surroundings } from "./api.ts";

/** Takes the lease of a destination; `signal` is aborted when somebody asks to stop or the lease is lost. */
export async function holdLease(
  storage: Storage,
  runId: string,
  config: Config,
  surroundings: Surroundings,
): Promise<{ readonly lease: Lease; readonly signal: AbortSignal }> {
  const { clock, ticker, processes, signal } = surroundings;
  const lost = new AbortController();
  const lease = await takeLease({
    storage,
    clock,
    ticker,
    processes,
    runId,
    ttlMs: config.etl.leaseTtlMs,
    onLost: (error) => lost.abort(error),
    waitSignal: signal,
    // Beats and the end of the lease go on while a stopped run commits.
    signal: new AbortController().signal,
  });
  return { lease, signal: AbortSignal.any([signal, lost.signal]) };
}
