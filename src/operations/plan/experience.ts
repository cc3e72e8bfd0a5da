import { isBulk } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Manifest, ManifestObject } from "../../manifest/manifest.ts";
import { objectState } from "../../state/state.ts";
import type { State } from "../../state/state.ts";
import { groupsOf } from "../../extract/bulk.ts";
import type { ExportSample } from "../../plan/export-files.ts";
import type { Storage } from "../../storage/storage.ts";
import { compactInstant, DAY_MS, HISTORY_START, isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { readManifest } from "../../manifest/manifests.ts";

/** What earlier runs tell of what a run costs, where Pardot does not tell beforehand. */
export interface Experience {
  /** Sizes of exports and how many files they came in. */
  readonly exports: readonly ExportSample[];
  /** Runs with exports: how many they asked for, and how often they looked at one that was not complete yet. */
  readonly waits: readonly { readonly exports: number; readonly earlyReads: number }[];
  /** Records that an object read by list e-mail brought in the daily course, per day; by object. */
  readonly emailsPerDay: Readonly<Record<string, number>>;
  /** Pardot's time when the last run started; null before the first. */
  readonly lastRunAt: Instant | null;
}

/** Manifests that are read: those of the last runs. */
const MANIFESTS_MAX = 10;

/** Reads the last manifests. One that is missing or damaged teaches nothing; `verify` is who complains. */
export async function readExperience(
  objects: readonly CatalogObject[],
  state: State,
  storage: Storage,
  signal: AbortSignal,
): Promise<Experience> {
  const ended = state.runs.filter(({ status }) => status === "complete" || status === "partial");
  const manifests: Manifest[] = [];
  for (const { runId } of ended.slice(-MANIFESTS_MAX)) {
    const manifest = await readManifest(storage, runId, signal);
    if (manifest !== null) manifests.push(manifest);
  }
  const last = manifests.at(-1);
  return {
    exports: manifests.flatMap((manifest) => exportSamples(objects, state, manifest)),
    waits: manifests.flatMap(waitsOf),
    emailsPerDay: emailsPerDay(manifests),
    lastRunAt: last === undefined ? null : Date.parse(last.now),
  };
}

/** Exports by id. Where a window takes several exports its files are joined, and their number tells nothing. */
function exportSamples(objects: readonly CatalogObject[], state: State, manifest: Manifest): ExportSample[] {
  const single = objects.filter(
    (object) => isBulk(object) && groupsOf(object, [], objectState(state, object.name).fields).length === 1,
  );
  const samples = new Map<string, ExportSample>();
  for (const object of manifest.objects) {
    if (!single.some(({ name }) => name === object.object)) continue;
    for (const { export_id: id, rows } of object.files) {
      if (id === null) continue;
      const known = samples.get(id) ?? { rows: 0, files: 0 };
      samples.set(id, { rows: known.rows + rows, files: known.files + 1 });
    }
  }
  return [...samples.values()];
}

/** An export without a file is looked at twice, which is no early look. */
function waitsOf({ api_calls: { by_kind: calls }, objects }: Manifest): Experience["waits"] {
  const exports = calls["export create"] ?? 0;
  const isEmpty = (object: ManifestObject, window: ManifestObject["windows"][number]): boolean => {
    const span = `_${compactInstant(Date.parse(window.from))}_${compactInstant(Date.parse(window.to))}_`;
    return !object.files.some(({ key }) => key.includes(span));
  };
  const empty = objects
    .filter(({ process }) => process === "bulk")
    .flatMap((object) => object.windows.filter((window) => isEmpty(object, window))).length;
  return exports === 0 ? [] : [{ exports, earlyReads: Math.max(0, (calls["export read"] ?? 0) - exports - empty) }];
}

/**
 * Looks at exports that are not complete yet, as in the runs with about as many exports; 0 where none is known. The first
 * exports of a run cost most of them, because their time is not known yet: twice as many exports are not twice the looks.
 */
export function expectedEarlyReads(exports: number, { waits }: Experience): number {
  if (exports === 0 || waits.length === 0) return 0;
  const distance = (wait: { readonly exports: number }): number => Math.abs(Math.log(wait.exports / exports));
  const nearest = Math.min(...waits.map(distance));
  const alike = waits.filter((wait) => distance(wait) === nearest);
  const scaled = alike.map((wait) => wait.earlyReads * Math.sqrt(exports / wait.exports));
  return scaled.reduce((sum, reads) => sum + reads, 0) / alike.length;
}

/** Runs that read a whole history tell nothing of a day. */
function emailsPerDay(manifests: readonly Manifest[]): Record<string, number> {
  const sums = new Map<string, { emails: number; days: number }>();
  for (const [i, manifest] of manifests.entries()) {
    const before = manifests[i - 1];
    if (before === undefined || manifest.objects.some(isHistory)) continue;
    const days = (Date.parse(manifest.now) - Date.parse(before.now)) / DAY_MS;
    for (const { object, process, status, files } of manifest.objects) {
      if (process !== "email" || status !== "complete") continue;
      const known = sums.get(object) ?? { emails: 0, days: 0 };
      sums.set(object, {
        emails: known.emails + files.reduce((sum, { rows }) => sum + rows, 0),
        days: known.days + days,
      });
    }
  }
  const told = [...sums].filter(([, { days }]) => days >= SHORTEST_COURSE_DAYS);
  return Object.fromEntries(told.map(([object, { emails, days }]) => [object, emails / days]));
}

/** Time that runs must have covered together before they tell of a day. */
const SHORTEST_COURSE_DAYS = 0.5;

function isHistory({ process, windows }: ManifestObject): boolean {
  return process === "bulk" && windows.some(({ from }) => from === isoInstant(HISTORY_START));
}
