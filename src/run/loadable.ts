import type { CatalogObject } from "../catalog/catalog.ts";
import type { Journal } from "../commit/journal.ts";
import type { Manifest, ManifestFile } from "../commit/manifest.ts";
import { objectState } from "../commit/state.ts";
import type { OnEvent } from "../events.ts";
import type { Storage } from "../storage/storage.ts";
import { compactInstant, HISTORY_START } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { Loader } from "../warehouse/warehouse.ts";
import { scanManifests } from "./manifests.ts";
import { retentionRule } from "./retention.ts";

/** A committed file that the warehouse may not have. */
export interface LoadableFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly readAt: Instant | null;
  /** The run whose manifest names it first, null when none does any more. */
  readonly runId: string | null;
  /** Its columns in file order, null: as its header says. */
  readonly columns: readonly string[] | null;
  /** Whether a rule of the destination may have removed it by now. */
  readonly mayBeGone: boolean;
}

export interface Loadable {
  /** In the order in which they were read; of those read at the same time, the one committed later is the later. */
  readonly files: readonly LoadableFile[];
  /** Committed files that the table accounts for already. */
  readonly settled: number;
  /** Whether these are all files that the table lacks; false when a manifest is damaged. */
  readonly isComplete: boolean;
  /** End of the newest whole reading that is committed, null for objects that are not always read whole. */
  readonly wholeUntil: string | null;
}

export interface LoadableInput {
  readonly journal: Journal;
  readonly loader: Loader;
  readonly manifest: Manifest;
  readonly committed: CommittedFiles;
  readonly signal: AbortSignal;
}

/**
 * What is to be loaded of an object: what the state lists as not loaded, and, where the table accounts for fewer files
 * than were committed (a database that was lost, replaced, or is new), every file of the manifests that it lacks. The
 * manifests are read only then, and where a file of an earlier run is left.
 */
export async function loadable(object: CatalogObject, input: LoadableInput): Promise<Loadable> {
  const { journal, loader, manifest, committed, signal } = input;
  const { notLoaded, filesCommitted } = objectState(journal.state, object.name);
  const settled = await loader.settled(object, signal);
  const isShort = settled !== filesCommitted - notLoaded.length;
  const ofThisRun = namedFiles([manifest], object, () => false);
  const isOld = notLoaded.some(({ key }) => !ofThisRun.has(key));
  const past = isShort || isOld ? await committed.of(object) : { files: ofThisRun, isDamaged: false, wholeUntil: null };
  const files = new Map<string, LoadableFile>();
  if (isShort) {
    const missing = new Set(await loader.unloaded(object, [...past.files.keys()], signal));
    for (const [key, file] of past.files) if (missing.has(key)) files.set(key, file);
  }
  for (const { key, rows, bytes, readAt = null, columns } of notLoaded) {
    const known = past.files.get(key);
    const { runId = null, mayBeGone = false } = known ?? {};
    // Taken out first: the state has them in the order in which they were committed.
    files.delete(key);
    files.set(key, { key, rows, bytes, readAt: readAt ?? known?.readAt ?? null, runId, columns, mayBeGone });
  }
  const whole = [wholeUntil(manifest, object), past.wholeUntil].filter((end) => end !== null);
  return {
    files: [...files.values()].toSorted((a, b) => (a.readAt ?? -Infinity) - (b.readAt ?? -Infinity) || 0),
    settled,
    isComplete: !(isShort && past.isDamaged),
    wholeUntil: whole.toSorted().at(-1) ?? null,
  };
}

/** What the manifests of all runs say of an object. */
interface Past {
  readonly files: ReadonlyMap<string, LoadableFile>;
  readonly isDamaged: boolean;
  readonly wholeUntil: string | null;
}

export interface CommittedFiles {
  of(object: CatalogObject): Promise<Past>;
}

/** The manifests of all runs, read once when the first object needs them. Memory: the names of all committed files. */
export function committedFiles(input: {
  readonly storage: Storage;
  readonly retentionMs: number | null;
  readonly now: Instant;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}): CommittedFiles {
  const { storage, retentionMs, now, onEvent, signal } = input;
  let manifests: Promise<{ readonly whole: readonly Manifest[]; readonly isDamaged: boolean }> | null = null;
  const readAll = async (): Promise<{ readonly whole: readonly Manifest[]; readonly isDamaged: boolean }> => {
    const whole: Manifest[] = [];
    const files = new Map<number, ManifestFile[]>();
    let isDamaged = false;
    await scanManifests(
      storage,
      () => true,
      {
        file: (file, at) => {
          files.set(at, [...(files.get(at) ?? []), file]);
        },
        manifest: ({ key, manifest, problem }, at) => {
          if (manifest !== null) whole.push(withFiles(manifest, files.get(at) ?? []));
          files.delete(at);
          if (problem === null) return;
          isDamaged = true;
          const message = `${key}: ${problem}. The warehouse cannot be filled from it`;
          onEvent({ type: "warning", code: "manifest.damaged", object: null, message });
        },
      },
      signal,
    );
    return { whole, isDamaged };
  };
  return {
    of: async (object) => {
      manifests ??= readAll();
      const { whole, isDamaged } = await manifests;
      const ends = whole.map((manifest) => wholeUntil(manifest, object)).filter((end) => end !== null);
      return {
        files: namedFiles(whole, object, retentionRule(retentionMs, now)),
        isDamaged,
        wholeUntil: ends.toSorted().at(-1) ?? null,
      };
    },
  };
}

/** A manifest with its files back in their objects, which their folders name. */
function withFiles(manifest: Manifest, files: readonly ManifestFile[]): Manifest {
  const objects = manifest.objects.map((entry) => ({
    ...entry,
    files: files.filter(({ key }) => key.startsWith(`${entry.object}/`)),
  }));
  return { ...manifest, objects };
}

/** The files of an object, each as the first manifest that names it says. */
function namedFiles(
  manifests: readonly Manifest[],
  object: CatalogObject,
  mayBeGone: ReturnType<typeof retentionRule>,
): Map<string, LoadableFile> {
  const files = new Map<string, LoadableFile>();
  for (const manifest of manifests.toSorted((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at))) {
    const isOld = mayBeGone({ startedAt: Date.parse(manifest.started_at) });
    for (const file of manifest.objects
      .filter((entry) => entry.object === object.name)
      .flatMap((entry) => entry.files)) {
      if (!files.has(file.key)) files.set(file.key, named(file, manifest.run_id, isOld));
    }
  }
  return files;
}

function named(file: ManifestFile, runId: string, mayBeGone: boolean): LoadableFile {
  const { key, rows, bytes, read_at: readAt } = file;
  const at = readAt === undefined || readAt === null ? null : Date.parse(readAt);
  return { key, rows, bytes, readAt: at, runId, columns: null, mayBeGone };
}

/** End of the newest window of a manifest that reads an object whole, as in the names of its files. */
function wholeUntil(manifest: Manifest, object: CatalogObject): string | null {
  if (object.watermark !== null || object.v4.process === "email") return null;
  const ends = manifest.objects
    .filter((entry) => entry.object === object.name)
    .flatMap((entry) => entry.windows)
    .filter((window) => window.field === null && Date.parse(window.from) === HISTORY_START && isFinished(window))
    .map((window) => compactInstant(Date.parse(window.to)));
  return ends.toSorted().at(-1) ?? null;
}

/** A window that was committed up to an id goes on in a later run. */
function isFinished(window: Manifest["objects"][number]["windows"][number]): boolean {
  return !("through_id" in window) || window.through_id === null;
}
