import type { CatalogObject } from "../../catalog/catalog.ts";
import { isWhole } from "../../manifest/manifest.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { objectState } from "../../state/state.ts";
import { warn } from "../../events.ts";
import { compactInstant, HISTORY_START } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { committedFiles } from "../committed-files.ts";
import type { Committed } from "../committed-files.ts";
import { retentionRule } from "../../manifest/retention.ts";
import type { Run } from "./context.ts";
import type { Loading } from "./load.ts";

/** A committed file that the warehouse may not have. */
export interface LoadableFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly readAt: Instant | null;
  /** The first run whose manifest names it; null if no manifest names it anymore. */
  readonly runId: string | null;
  /** Its columns in file order, null: those of its header. */
  readonly columns: readonly string[] | null;
  /** Whether a rule of the destination may have removed it by now. */
  readonly mayBeGone: boolean;
}

export interface Loadable {
  /** In the order in which they were read; of those read at the same time, the one committed later is the later. */
  readonly files: readonly LoadableFile[];
  /** Committed files that the table accounts for already. */
  readonly settled: number;
  /** Whether these are all files that the table lacks; false if a manifest is damaged. */
  readonly isComplete: boolean;
  /** End of the whole reading that this run commits, null for objects that are not always read whole. */
  readonly wholeUntil: string | null;
}

/**
 * The files of an object to load: those that the state lists as not loaded, and, if the table accounts for fewer files
 * than were committed (a database that was lost, replaced, or is new), every file of the manifests that it lacks. The
 * manifests are read only then, and if a file of an earlier run is left.
 */
export async function loadable(object: CatalogObject, { run, loader, manifest, past }: Loading): Promise<Loadable> {
  const { journal, drain: signal } = run;
  const { notLoaded, filesCommitted } = objectState(journal.state, object.name);
  const settled = await loader.settled(object, signal);
  const own = ownFiles(manifest, object);
  const listed = new Set(notLoaded.map(({ key }) => key));
  // Files of this run need not be in the state's list, which keeps those of long windows in documents of their own.
  const old = notLoaded.filter(({ key }) => !own.has(key));
  const isShort = settled !== filesCommitted - own.size - old.length;
  const { files: named, isDamaged } = isShort || old.length > 0 ? await past(object) : { files: own, isDamaged: false };
  const lacked = [...new Set([...(isShort ? named : own).keys(), ...own.keys()])].filter((key) => !listed.has(key));
  const files: LoadableFile[] = [];
  for (const key of await loader.unloaded(object, lacked, signal)) {
    const file = named.get(key) ?? own.get(key);
    if (file !== undefined) files.push(file);
  }
  // The state has them in the order in which they were committed, and most of them are later than the lost ones.
  for (const { key, rows, bytes, readAt, columns } of notLoaded) {
    const known = own.get(key) ?? named.get(key);
    const { runId = null, mayBeGone = false } = known ?? {};
    files.push({ key, rows, bytes, readAt: readAt ?? known?.readAt ?? null, runId, columns, mayBeGone });
  }
  return {
    files: files.toSorted((a, b) => (a.readAt ?? -Infinity) - (b.readAt ?? -Infinity) || 0),
    settled,
    isComplete: !(isShort && isDamaged),
    wholeUntil: wholeUntil(manifest, object),
  };
}

/** The committed files of an object in the manifests of all runs. */
export type PastFiles = (
  object: CatalogObject,
) => Promise<{ readonly files: ReadonlyMap<string, LoadableFile>; readonly isDamaged: boolean }>;

/** Reads the manifests once, when the first object needs them. Memory: the names of all committed files. */
export function pastFiles(
  { storage, config, onEvent, drain }: Pick<Run, "storage" | "config" | "onEvent" | "drain">,
  now: Instant,
): PastFiles {
  const mayBeGone = retentionRule(config.etl.retentionMs, now);
  let reading: Promise<Committed> | null = null;
  const read = async (): Promise<Committed> => {
    const committed = await committedFiles(storage, drain);
    for (const { key, problem } of committed.problems) {
      warn(onEvent, "manifest.damaged", `${key}: ${problem}. The warehouse may lack the files that it names`);
    }
    return committed;
  };
  return async (object) => {
    reading ??= read();
    const committed = await reading;
    const own = [...committed.files]
      .filter(([, file]) => file.object === object.name && !file.superseded && !file.isLeft)
      // A manifest keeps the order in which files were committed; among manifests the order of the runs counts.
      .toSorted(([, a], [, b]) => (a.run.startedAt ?? 0) - (b.run.startedAt ?? 0))
      .map(([key, { rows, bytes, readAt, run }]): [string, LoadableFile] => [
        key,
        { key, rows, bytes, readAt, runId: run.runId, columns: null, mayBeGone: mayBeGone(run) },
      ]);
    return { files: new Map(own), isDamaged: committed.problems.length > 0 };
  };
}

/** The files of an object that this run commits. */
function ownFiles(manifest: Manifest, object: CatalogObject): Map<string, LoadableFile> {
  const files = manifest.objects.filter((entry) => entry.object === object.name).flatMap((entry) => entry.files);
  return new Map(
    files.map(({ key, rows, bytes, read_at: read }) => {
      const readAt = read === undefined || read === null ? null : Date.parse(read);
      return [key, { key, rows, bytes, readAt, runId: manifest.run_id, columns: null, mayBeGone: false }];
    }),
  );
}

/** End of the window of this run that has read an object whole, as in the names of its files. */
function wholeUntil(manifest: Manifest, object: CatalogObject): string | null {
  if (object.watermark !== null || object.way.process === "email") return null;
  const ends = manifest.objects
    .filter((entry) => entry.object === object.name)
    .flatMap((entry) => entry.windows)
    // A window that was committed up to an id continues in a later run.
    .filter((window) => window.field === null && isWhole(window))
    .filter((window) => Date.parse(window.from) === HISTORY_START)
    .map((window) => compactInstant(Date.parse(window.to)));
  return ends.toSorted().at(-1) ?? null;
}
