import { filesOfWindow } from "../../state/file-parts.ts";
import { loadState } from "../../state/journal.ts";
import { objectState } from "../../state/state.ts";
import type { State } from "../../state/state.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { spanText } from "../../land/names.ts";
import type { Storage } from "../../storage/storage.ts";
import type { VerifyProblem } from "../api.ts";
import type { Committed } from "../committed-files.ts";
import { scanManifests } from "../../manifest/manifests.ts";

/**
 * Files in the objects' folders that neither a manifest nor the open windows of the state name. A run that is killed
 * between landing a file and recording it leaves at most one for each lane, and the next run lands it again under the
 * same name or accounts for its window. A run in progress lands and commits while `verify` reads: files that the
 * manifests read before do not name are looked up in the open windows, and in the manifests written since.
 */
export async function strayFiles(
  storage: Storage,
  committed: Committed,
  config: Pick<CommittedConfig, "catalog">,
  signal: AbortSignal,
): Promise<Pick<VerifyProblem, "key" | "problem">[]> {
  const unnamed: { readonly object: string; readonly key: string }[] = [];
  for (const { name } of config.catalog) {
    for await (const { key } of storage.list(`${name}/`, signal)) {
      if (!committed.files.has(key)) unnamed.push({ object: name, key });
    }
  }
  if (unnamed.length === 0) return [];
  const { state, recorded } = await recordedSince(storage, committed, signal);
  return unnamed
    .filter(({ key }) => !recorded.has(key))
    .map(({ object, key }) => ({ key, problem: isAwaited(object, key, state) ? AWAITED : "no manifest names it" }));
}

/** The files that open windows name, or manifests that were written since the committed files were read. */
export async function recordedSince(
  storage: Storage,
  committed: Committed,
  signal: AbortSignal,
): Promise<{ readonly state: State; readonly recorded: ReadonlySet<string> }> {
  // The order matters: a window leaves the state only after its manifest was written.
  const { state } = await loadState(storage, signal);
  const recorded = new Set<string>();
  for (const window of Object.values(state.objects).flatMap(({ windows }) => windows)) {
    for await (const { key } of filesOfWindow(window, storage, signal)) recorded.add(key);
  }
  await scanManifests(
    storage,
    (key) => !committed.manifests.has(key),
    { file: ({ key }) => recorded.add(key), manifest: () => undefined },
    signal,
  );
  return { state, recorded };
}

const AWAITED =
  "no manifest names it yet: a run is working on its window, or was killed there and the next run accounts for it";

function isAwaited(object: string, key: string, state: State): boolean {
  const { windows, searches = [] } = objectState(state, object);
  return [...windows, ...searches].some((window) => key.includes(`_${spanText(window)}_`));
}
