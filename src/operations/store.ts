import { zoneOf } from "../catalog/catalog.ts";
import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config, DestinationConfig, TablesConfig } from "../config/config.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { warn } from "../events.ts";
import { manifestKeys, readManifest } from "../manifest/manifests.ts";
import { loadState } from "../state/journal.ts";
import type { LoadedState } from "../state/journal.ts";
import { hasStarted } from "../state/open-window.ts";
import { objectState } from "../state/state.ts";
import type { State } from "../state/state.ts";
import { destinationAround } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import { pluralize } from "../text.ts";
import { isSameZone } from "../time/zone.ts";
import { openDestination } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";

/** The destination and the tool's state in it. */
export interface Store {
  readonly storage: Storage;
  readonly loaded: LoadedState;
}

/** The configured objects, in plan order. */
export function selectedObjects(config: Pick<TablesConfig, "catalog" | "etl">): CatalogObject[] {
  return config.catalog.filter((object) => config.etl.objects.includes(object.name));
}

interface StoreConfig {
  readonly etl: Pick<DestinationConfig["etl"], "destination" | "s3PathStyle">;
}

/** Opens the destination and reads the state. Makes no call to Pardot. */
export async function openStore(config: StoreConfig, runtime: Runtime): Promise<Store> {
  const { destination } = config.etl;
  if (runtime.openStorage === undefined && destination.kind === "folder") await assertNotNested(destination.path);
  const storage = await openDestination(config, runtime);
  return { storage, loaded: await loadState(storage, runtime.signal) };
}

/** Two units in each other's folders would mistake each other's files for their own. */
async function assertNotNested(path: string): Promise<void> {
  const around = await destinationAround(path);
  if (around === null) return;
  const expected = `a folder outside of every other destination; ${around} is one`;
  throw new ConfigError(
    "open the destination: it is inside another destination",
    [{ path: "PARDOT_ETL_DESTINATION", value: path, expected }],
    {
      code: "config.destination-nested",
      hint: "Nothing was changed. Choose a folder outside of every other destination.",
    },
  );
}

/**
 * Opens the store and throws before any call to Pardot if a run must not use it: the state is gone, or the
 * configuration does not fit it.
 */
export async function openUsableStore(config: Config, full: boolean, runtime: Runtime): Promise<Store> {
  const store = await openStore(config, runtime);
  await assertUsable(store, config, full, runtime, "Nothing was changed and Pardot was not called.");
  return store;
}

/** Manifests that are tried, newest first, to find out whose data the destination holds. */
const MANIFESTS_TRIED = 5;

/** Code of the warning and the error about a state that is gone. */
export const STATE_MISSING = "state.missing";

/** Why the state is missing. Null if it exists, or if no run has ended yet, which leaves no manifest either. */
export async function lostState({ storage, loaded }: Store, signal: AbortSignal): Promise<string | null> {
  const manifests = loaded.sequence > 0 ? [] : await manifestKeys(storage, signal);
  return manifests.length === 0
    ? null
    : `it is gone, although there are manifests of ${pluralize(manifests.length, "earlier run")}`;
}

/**
 * Throws if a run must not use the store. If the state is gone although runs have committed, the operator decides
 * whether to read everything again, by `--full`: DataError (exit 6), as today's calls would be forgotten too.
 * ConfigError (exit 2) if the configuration does not fit the existing data. `soFar`: what the command has done by now,
 * as a sentence.
 */
export async function assertUsable(
  store: Store,
  config: Config,
  full: boolean,
  { signal, onEvent }: Pick<Runtime, "signal" | "onEvent">,
  soFar = "Nothing was changed.",
): Promise<void> {
  const { storage, loaded } = store;
  const lost = await lostState(store, signal);
  if (lost === null) {
    assertFits(config, loaded.state, full);
    return;
  }
  assertFits(config, { ...loaded.state, businessUnit: await ownerOf(storage, signal) }, full);
  const attempted = `read the state in ${storage.location}: ${lost}`;
  if (!full) {
    throw new DataError(attempted, {
      code: STATE_MISSING,
      hint: `${soFar} Restore the folder _pardot_etl/state from the bucket's versions or a backup. To start over instead and read the whole history again, run with --full.`,
    });
  }
  const message = `${attempted}. --full starts over; an object that is not selected now is read in full by the first run that selects it`;
  warn(onEvent, STATE_MISSING, message);
}

/** The business unit of the newest readable manifest, null if none of the newest can be read. */
async function ownerOf(storage: Storage, signal: AbortSignal): Promise<string | null> {
  const newest = (await manifestKeys(storage, signal)).slice(-MANIFESTS_TRIED).toReversed();
  for (const { runId } of newest) {
    const manifest = await readManifest(storage, runId, signal);
    if (manifest !== null) return manifest.business_unit;
  }
  return null;
}

/**
 * Refuses another business unit's data in this destination, and timestamps of another zone in the files landed so far.
 * Throws ConfigError (exit 2) with all such problems.
 */
export function assertFits(config: Config, state: State, full: boolean): void {
  const problems: Problem[] = [];
  const { businessUnitId, timeZone } = config.pardot;
  if (state.businessUnit !== null && state.businessUnit !== businessUnitId) {
    problems.push({
      path: "PARDOT_BUSINESS_UNIT_ID",
      value: businessUnitId,
      expected: `${state.businessUnit}, whose data is in this destination; give each business unit a separate destination`,
    });
  }
  for (const object of config.catalog) {
    const { zone, filesCommitted, windows } = objectState(state, object.name);
    const isSelected = config.etl.objects.includes(object.name);
    // A window that is half read continues in its zone, because the rest in another zone would not match the landed
    // files.
    const isZoneFixed = filesCommitted > 0 || windows.some(hasStarted);
    const wanted = zoneOf(object, timeZone);
    if (full || !isSelected || zone === null || isSameZone(zone, wanted) || !isZoneFixed) continue;
    const rest = `in which the timestamps of ${object.name} were landed so far; or --full, to read everything again in ${wanted}`;
    problems.push(
      object.way.api === "v5"
        ? {
            path: "PARDOT_API_VERSION",
            value: config.pardot.apiVersion,
            expected: `a version that returns timestamps in ${zone}, ${rest}`,
          }
        : { path: "PARDOT_TIMEZONE", value: timeZone, expected: `${zone}, ${rest}` },
    );
  }
  if (problems.length > 0) {
    throw new ConfigError("the configuration does not match the files that have landed", problems, {
      hint: "Change these settings, or choose another destination. Nothing was changed.",
    });
  }
}
