import { filesOfWindow } from "../../state/file-parts.ts";
import type { ManifestFile } from "../../manifest/manifest.ts";
import { objectState } from "../../state/state.ts";
import type { SearchedWindow } from "../../state/searches.ts";
import type { Change, State } from "../../state/state.ts";
import { DataError, StorageError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import { landedSpan, spanText } from "../../land/names.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Instant } from "../../time/instant.ts";
import { measureFile } from "../../land/landed-file.ts";
import { scanManifests } from "../../manifest/manifests.ts";

export interface LeftFilesInput {
  /** The state as this run found it. */
  readonly inherited: State;
  /** With everything landed, before it is committed. */
  readonly state: State;
  /** Keys that this run's manifest names anyway. */
  readonly named: ReadonlySet<string>;
  /** When this run started. */
  readonly now: Instant;
  readonly storage: Storage;
  readonly onEvent: OnEvent;
  /** Aborted when the run has to stop: then it commits at once, and the next run looks. */
  readonly stop: AbortSignal;
  readonly signal: AbortSignal;
}

export interface LeftFiles {
  readonly files: readonly ManifestFile[];
  /** To be recorded once the manifest that names the files is written. */
  readonly changes: readonly Change[];
}

/**
 * Files that an earlier run landed in the instant before it ended, too late to note them. They are whole, and a
 * warehouse may have loaded them: the manifest of the run that recovers names them. Looked for only in windows that a
 * dead run had in hand or that have left the books since, by the window in the file's name, and only in the manifests of
 * the runs since. Nothing here stops a commit: what cannot be found out is a warning, and the next run looks again.
 */
export async function leftFiles(input: LeftFilesInput): Promise<LeftFiles> {
  const { storage, signal, stop, onEvent, now } = input;
  const warn = (code: string, message: string): void => onEvent({ type: "warning", code, object: null, message });
  const todo = [...windowsToSearch(input)].filter(([, windows]) => windows.length > 0);
  if (todo.length === 0 || stop.aborted) return { files: [], changes: [] };
  const failed = new Set<string>();
  const unnamed = new Map<string, string>();
  let since: string | null = null;
  for (const [object, windows] of todo) {
    try {
      for (const [key, window] of await unnamedIn(object, windows, input)) {
        unnamed.set(key, object);
        if (since === null || window.since < since) since = window.since;
      }
    } catch (error) {
      signal.throwIfAborted();
      failed.add(object);
      warn("run.left-files-unknown", `look for files of a dead run in ${object}/: ${messageOf(error)}`);
    }
  }
  const files: ManifestFile[] = [];
  try {
    if (since !== null) await forgetNamed(unnamed, since, input, warn);
    for (const [key, object] of unnamed) {
      try {
        const measured = await measureFile(storage, key, signal);
        files.push({ key, ...measured, min_watermark: null, max_watermark: null, export_id: null });
      } catch (error) {
        signal.throwIfAborted();
        const isGone = error instanceof StorageError && error.code === "storage.missing";
        if (!isGone && !(error instanceof DataError)) failed.add(object);
        warn("run.left-file-broken", `account for ${key}, which no manifest names: ${messageOf(error)}`);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    warn("run.left-files-unknown", `look for files of a dead run in the manifests: ${messageOf(error)}`);
    return { files: [], changes: [] };
  }
  const searched = todo.map(([object]) => object).filter((object) => !failed.has(object));
  return { files, changes: searched.map((object) => ({ type: "searched", object, at: now })) };
}

/** By object: what the state says, and inherited windows that are done or have left the books. */
function* windowsToSearch({ inherited, state }: LeftFilesInput): Generator<[string, SearchedWindow[]]> {
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
  { storage, state, named, signal }: LeftFilesInput,
): Promise<Map<string, SearchedWindow>> {
  const spans = new Map(windows.map((window) => [spanText(window), window]));
  const found = new Map<string, SearchedWindow>();
  for await (const { key } of storage.list(`${object}/`, signal)) {
    // Another kind of name was given by somebody else.
    const span = named.has(key) ? null : landedSpan(object, key);
    const window = span === null ? undefined : spans.get(spanText(span));
    if (window !== undefined) found.set(key, window);
  }
  if (found.size === 0) return found;
  for (const window of objectState(state, object).windows) {
    for await (const { key } of filesOfWindow(window, storage, signal)) found.delete(key);
  }
  return found;
}

/** Takes out what a manifest names, of the runs since the first of the windows was planned. */
async function forgetNamed(
  keys: Map<string, string>,
  since: string,
  { storage, signal }: LeftFilesInput,
  warn: (code: string, message: string) => void,
): Promise<void> {
  await scanManifests(
    storage,
    (_, runId) => runId >= since,
    {
      file: ({ key }) => keys.delete(key),
      manifest: ({ key, problem }) => {
        if (problem !== null) warn("manifest.damaged", `look for files of a dead run in ${key}: ${problem}`);
      },
    },
    signal,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
