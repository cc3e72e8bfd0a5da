import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import type { Journal } from "../../state/journal.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { State } from "../../state/state.ts";
import type { OnEvent } from "../../events.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Instant } from "../../time/instant.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";
import type { RunResult, Surroundings } from "../api.ts";
import { loadCommitted } from "./load.ts";
import { pastFiles } from "./loadable.ts";

export interface LoadAllInput {
  readonly config: Config;
  readonly storage: Storage;
  readonly journal: Journal;
  readonly warehouse: Warehouse;
  /** What this run has committed. */
  readonly manifest: Manifest;
  readonly now: Instant;
  readonly surroundings: Surroundings;
}

/**
 * Loads what is committed. A failure belongs to its object and becomes the run's; the files stay committed, the next run
 * offers them again, and the other objects are loaded all the same.
 */
export async function loadAll(
  objects: readonly CatalogObject[],
  input: LoadAllInput,
): Promise<{ loaded: RunResult["loaded"]; failures: RunResult["notLoaded"]; error: Error | null }> {
  const loaded: RunResult["loaded"][number][] = [];
  const failures: RunResult["notLoaded"][number][] = [];
  const { config, storage, warehouse, now } = input;
  const { loader } = warehouse;
  const { random, onEvent, signal } = input.surroundings;
  if (loader === null) return { loaded, failures, error: null };
  const fail = (object: string, error: Error): void => {
    failures.push({ object, error });
    const code = "code" in error ? String(error.code) : "bug";
    onEvent({ type: "object-failed", object, code, message: error.message });
  };
  const past = pastFiles({ storage, retentionMs: config.etl.retentionMs, now, onEvent, signal });
  const refilled: string[] = [];
  for (const object of objects) {
    try {
      const result = await loadCommitted(object, { ...input, loader, past, random, onEvent, signal });
      const { table, rows, failure } = result;
      if (rows !== null) loaded.push({ object: object.name, table, rows });
      if (result.refilled > 0) refilled.push(`${table} ${result.refilled}`);
      if (failure !== null) fail(object.name, failure);
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      // A run that has to stop loads nothing more; that belongs to no object.
      if (signal.aborted) return { loaded, failures, error: failure };
      fail(object.name, failure);
    }
  }
  if (refilled.length > 0) {
    const message = `${warehouse.name} lacked files that were committed before this run, and has them now: ${refilled.join(", ")}. The database was new, replaced or lost, or a table was dropped`;
    onEvent({ type: "warning", code: "warehouse.refilled", object: null, message });
  }
  return { loaded, failures, error: failures[0]?.error ?? null };
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

/** Closes a warehouse after a run: what is committed and loaded stays so, and a failure to close is only worth a warning. */
export async function closeWarehouse(warehouse: Warehouse, onEvent: OnEvent): Promise<void> {
  try {
    await warehouse.close();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    onEvent({ type: "warning", code: "warehouse.close-failed", object: null, message });
  }
}
