import { ConfigError, DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Storage } from "../storage/storage.ts";
import { manifestKeys, readManifest } from "../manifest/manifests.ts";
import type { Store } from "./session.ts";

/** Manifests that are tried, newest first, to learn whose data the destination holds. */
const TRIED = 5;

/** How a state that is gone is called, by whoever goes on without it. */
export const STATE_MISSING = "state.missing";

/** Why there is no state, in words; null when there is one, and when there is no manifest either: no run has ended yet. */
export async function lostState({ storage, loaded }: Store, signal: AbortSignal): Promise<string | null> {
  const manifests = loaded.sequence > 0 ? [] : await manifestKeys(storage, signal);
  return manifests.length === 0 ? null : `it is gone, although ${manifests.length} manifests of earlier runs are there`;
}

/**
 * Refuses to begin where the state is gone although runs have committed: to read everything again, and to count no call
 * that was made today, is for the operator to decide. `--full` decides so. Throws DataError (exit 6), or ConfigError
 * (exit 2) where the manifests are those of another business unit.
 */
export async function checkStateIsThere(
  store: Store,
  { businessUnitId, full }: { readonly businessUnitId: string; readonly full: boolean },
  { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: OnEvent },
): Promise<void> {
  const lost = await lostState(store, signal);
  if (lost === null) return;
  const { storage } = store;
  const owner = await ownerOf(storage, signal);
  if (owner !== null && owner !== businessUnitId) {
    const expected = `${owner}, whose manifests are in this destination; give each business unit a destination of its own`;
    const problem = { path: "PARDOT_BUSINESS_UNIT_ID", value: businessUnitId, expected };
    throw new ConfigError("the configuration does not fit what was landed before", [problem], {
      hint: "Nothing was changed and Pardot was not called. Change what is named here, or name another destination.",
    });
  }
  const attempted = `read the state in ${storage.location}: ${lost}`;
  if (full) {
    const message = `${attempted}. --full starts over; an object that is not chosen now is read whole by the first run that chooses it`;
    onEvent({ type: "warning", code: STATE_MISSING, object: null, message });
    return;
  }
  throw new DataError(attempted, {
    code: STATE_MISSING,
    hint: "Nothing was changed and Pardot was not called. Restore the folder _pardot_etl/state from the bucket's versions or a backup. To start over instead and read the whole history again, run with --full.",
  });
}

/** The business unit of the newest manifest that can be read, null when none of the newest can. */
async function ownerOf(storage: Storage, signal: AbortSignal): Promise<string | null> {
  const newest = (await manifestKeys(storage, signal)).slice(-TRIED).toReversed();
  for (const { runId } of newest) {
    const manifest = await readManifest(storage, runId, signal);
    if (manifest !== null) return manifest.business_unit;
  }
  return null;
}
