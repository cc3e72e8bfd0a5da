import { filesOfWindow } from "../../state/file-parts.ts";
import { columnsFingerprint } from "../../manifest/manifest.ts";
import type { ManifestFile } from "../../manifest/manifest.ts";
import { objectState } from "../../state/state.ts";
import type { SearchedWindow } from "../../state/searches.ts";
import type { Change } from "../../state/state.ts";
import { asError, DataError, StorageError } from "../../errors.ts";
import { warn } from "../../events.ts";
import { landedSpan, spanText } from "../../land/names.ts";
import { measureFile } from "../../land/landed-file.ts";
import { scanManifests } from "../../manifest/manifests.ts";
import { NEVER } from "../../platform/clock.ts";
import type { Run } from "./context.ts";

export interface OrphanFiles {
  readonly files: readonly ManifestFile[];
  /** To be recorded once the manifest that names the files is written. */
  readonly changes: readonly Change[];
}

/**
 * Files landed just before an earlier run died, never recorded, and never landed again because the data changed. They
 * are whole and may already be loaded, so the recovering run lists them in its manifest. Only windows that a dead run
 * was working on, or that have left the state since, are searched: by the window in a file's name, and in the manifests
 * of the runs since. Nothing here stops a commit: anything that cannot be determined is a warning. Windows that were
 * not searched (all of them, in a run that has to stop) are recorded for the next run. `named`: keys that this run's
 * manifest names anyway.
 */
export async function orphanFiles(named: ReadonlySet<string>, run: Run): Promise<OrphanFiles> {
  const { storage, onEvent } = run;
  const todo = [...windowsToSearch(run)].filter(([, windows]) => windows.length > 0);
  if (run.drain.aborted) return { files: [], changes: toSearch(todo) };
  const failed = new Set<string>();
  const unnamed = new Map<string, string>();
  let since: string | null = null;
  for (const [object, windows] of todo) {
    try {
      for (const [key, window] of await unnamedIn(object, windows, named, run)) {
        unnamed.set(key, object);
        if (since === null || window.since < since) since = window.since;
      }
    } catch (error) {
      failed.add(object);
      warn(onEvent, "run.left-files-unknown", `look for files of a dead run in ${object}/: ${asError(error).message}`);
    }
  }
  const files: ManifestFile[] = [];
  try {
    if (since !== null) await removeNamed(unnamed, since, run);
    for (const [key, object] of unnamed) {
      try {
        const { columns, ...measured } = await measureFile(storage, key, NEVER);
        const unknown = { min_watermark: null, max_watermark: null, export_id: null };
        files.push({ key, ...measured, ...unknown, columns_fingerprint: columnsFingerprint(columns) });
      } catch (error) {
        const isGone = error instanceof StorageError && error.code === "storage.missing";
        if (!isGone && !(error instanceof DataError)) failed.add(object);
        warn(onEvent, "run.left-file-broken", `account for ${key}, which no manifest names: ${asError(error).message}`);
      }
    }
  } catch (error) {
    warn(onEvent, "run.left-files-unknown", `look for files of a dead run in the manifests: ${asError(error).message}`);
    return { files: [], changes: toSearch(todo) };
  }
  const searched = todo.filter(([object]) => !failed.has(object));
  return {
    files,
    changes: [
      ...searched.map(([object]): Change => ({ type: "searched", object, at: run.startedAt })),
      ...toSearch(todo.filter(([object]) => failed.has(object))),
    ],
  };
}

function toSearch(todo: readonly (readonly [string, readonly SearchedWindow[]])[]): Change[] {
  return todo.map(([object, windows]) => ({
    type: "to-search",
    object,
    windows: windows.map(({ from, to, since }) => ({ from, to, plannedBy: since })),
  }));
}

/** By object: the windows to search in the state, and those found by this run that are done or have left the state. */
function* windowsToSearch({ found, journal: { state } }: Run): Generator<[string, SearchedWindow[]]> {
  const inherited = found.state;
  for (const name of new Set([...Object.keys(inherited.objects), ...Object.keys(state.objects)])) {
    const { windows, searches = [] } = objectState(state, name);
    const open = new Set(windows.filter((window) => !window.done).map(({ id }) => id));
    const over = objectState(inherited, name).windows.filter(({ id }) => !open.has(id));
    yield [name, [...searches, ...over.map(({ from, to, plannedBy }) => ({ from, to, since: plannedBy, until: 0 }))]];
  }
}

/** Keys of files of these windows that neither the state nor this run's manifest names. */
async function unnamedIn(
  object: string,
  windows: readonly SearchedWindow[],
  named: ReadonlySet<string>,
  { storage, journal }: Run,
): Promise<Map<string, SearchedWindow>> {
  const spans = new Map(windows.map((window) => [spanText(window), window]));
  const found = new Map<string, SearchedWindow>();
  for await (const { key } of storage.list(`${object}/`, NEVER)) {
    // Other names were not given by this tool.
    const span = named.has(key) ? null : landedSpan(object, key);
    const window = span === null ? undefined : spans.get(spanText(span));
    if (window !== undefined) found.set(key, window);
  }
  if (found.size === 0) return found;
  for (const window of objectState(journal.state, object).windows) {
    for await (const { key } of filesOfWindow(window, storage, NEVER)) found.delete(key);
  }
  return found;
}

/** Removes the keys that a manifest names, of the runs since the first of the windows was planned. */
async function removeNamed(keys: Map<string, string>, since: string, { storage, onEvent }: Run): Promise<void> {
  await scanManifests(
    storage,
    (_, runId) => runId >= since,
    {
      file: ({ key }) => keys.delete(key),
      manifest: ({ key, problem }) => {
        if (problem !== null) warn(onEvent, "manifest.damaged", `look for files of a dead run in ${key}: ${problem}`);
      },
    },
    NEVER,
  );
}
