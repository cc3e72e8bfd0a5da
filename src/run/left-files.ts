import type { CatalogObject } from "../catalog/catalog.ts";
import type { ManifestFile } from "../commit/manifest.ts";
import { objectState } from "../commit/state.ts";
import type { RunRecord, State } from "../commit/state.ts";
import { isLandedKey, spanText } from "../land/names.ts";
import { DataError, StorageError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Storage } from "../storage/storage.ts";
import { DAY_MS } from "../time/instant.ts";
import { measureFile } from "./landed-file.ts";
import type { MeasuredFile } from "./landed-file.ts";
import { scanManifests } from "./manifests.ts";

export interface LeftFilesInput {
  readonly runId: string;
  readonly catalog: readonly CatalogObject[];
  /** The state as this run found it. */
  readonly inherited: State;
  /** With everything landed, before it is committed. */
  readonly state: State;
  /** Keys that this run's manifest names anyway. */
  readonly named: ReadonlySet<string>;
  readonly storage: Storage;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/**
 * Files that a run landed in the instant before it ended, too late to note them, and that no later run has landed again,
 * because the data had moved on. They are whole, and a warehouse may have loaded them: they are accounted for by their
 * names, rows and hashes in the manifest of the run that recovers. What has another kind of name was put there by
 * somebody else and is none of ours. Looked for only where the run before did not end well, and for a day after a run was
 * taken over, since such a one may wake up with a file in flight; then every folder is listed and every manifest read.
 */
export async function leftFiles(input: LeftFilesInput): Promise<ManifestFile[]> {
  if (!isRecovering(input)) return [];
  const { catalog, state, named, storage, onEvent, signal } = input;
  const warn = (code: string, message: string): void => onEvent({ type: "warning", code, object: null, message });
  const unnamed: string[] = [];
  for (const { name } of catalog) {
    const { windows } = objectState(state, name);
    const landed = new Set(windows.flatMap((window) => window.files.map((file) => file.key)));
    // What belongs to an open window may still be landed again.
    const open = windows.filter((window) => !window.done).map((window) => `_${spanText(window)}_`);
    for await (const { key } of storage.list(`${name}/`, signal)) {
      const isOpen = open.some((span) => key.includes(span));
      if (isLandedKey(name, key) && !named.has(key) && !landed.has(key) && !isOpen) unnamed.push(key);
    }
  }
  if (unnamed.length === 0) return [];
  const committed = new Set<string>();
  await scanManifests(
    storage,
    () => true,
    {
      file: ({ key }) => committed.add(key),
      manifest: ({ key, problem }) => {
        if (problem !== null) warn("manifest.damaged", `look for files of a dead run: ${key}: ${problem}`);
      },
    },
    signal,
  );
  const left: ManifestFile[] = [];
  for (const key of unnamed.filter((name) => !committed.has(name))) {
    const measured = await measureWhole(key, input);
    if (measured !== null) left.push({ key, ...measured, min_watermark: null, max_watermark: null, export_id: null });
  }
  return left;
}

/** Null, with a warning, when it is not whole: then it is not what a run landed, and it must not stop this one. */
async function measureWhole(key: string, { storage, onEvent, signal }: LeftFilesInput): Promise<MeasuredFile | null> {
  try {
    return await measureFile(storage, key, signal);
  } catch (error) {
    if (!(error instanceof DataError) && !isGone(error)) throw error;
    const message = `${key}, which no manifest names, cannot be accounted for: ${error.message}`;
    onEvent({ type: "warning", code: "run.left-file-broken", object: null, message });
    return null;
  }
}

function isGone(error: unknown): error is StorageError {
  return error instanceof StorageError && error.code === "storage.missing";
}

/**
 * Whether an earlier run left something: the one before this did not end well, or a window that it left is committed
 * now, or was dropped.
 */
function isRecovering({ runId, inherited, state, catalog }: LeftFilesInput): boolean {
  const own = state.runs.findLast((run) => run.runId === runId);
  const before = state.runs.findLast((run) => run.runId !== runId);
  if (own === undefined || before === undefined) return false;
  if (before.status !== "complete" || state.runs.some((run) => mayWakeUp(run, Date.parse(own.startedAt)))) return true;
  return catalog.some(({ name }) => {
    const { windows } = objectState(state, name);
    const open = new Set(windows.filter((window) => !window.done).map(({ id }) => id));
    return objectState(inherited, name).windows.some(({ id }) => !open.has(id));
  });
}

function mayWakeUp({ takenOver, finishedAt }: RunRecord, now: number): boolean {
  return takenOver === true && finishedAt !== null && now - Date.parse(finishedAt) < DAY_MS;
}
