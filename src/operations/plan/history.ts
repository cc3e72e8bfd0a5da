import { isBulk } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { groupsOf } from "../../extract/bulk.ts";
import { totals } from "../../manifest/manifest.ts";
import type { Manifest, ManifestObject } from "../../manifest/manifest.ts";
import { readManifest } from "../../manifest/manifests.ts";
import type { ExportSample } from "../../plan/export-files.ts";
import { objectState } from "../../state/state.ts";
import type { State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";
import { compactInstant, DAY_MS, HISTORY_START, isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";

/** What earlier runs show of the costs that Pardot does not report in advance. */
export interface History {
  /** Rows and files of earlier exports. */
  readonly exports: readonly ExportSample[];
  /** Exports of the last run that had any, and its reads of exports that were not complete yet; null without one. */
  readonly waits: { readonly exports: number; readonly earlyReads: number } | null;
  /** By object read by list email: records per day in the daily runs. */
  readonly emailsPerDay: Readonly<Record<string, number>>;
  /** Pardot's time when the last run started; null before the first. */
  readonly lastRunAt: Instant | null;
}

/** Manifests that are read: those of the last runs. */
const MANIFESTS_MAX = 10;

/** Reads the last manifests. Missing and damaged ones are left out; `verify` reports them. */
export async function readHistory(
  objects: readonly CatalogObject[],
  state: State,
  storage: Storage,
  signal: AbortSignal,
): Promise<History> {
  const ended = state.runs.filter(({ status }) => status === "complete" || status === "partial");
  const manifests: Manifest[] = [];
  for (const { runId } of ended.slice(-MANIFESTS_MAX)) {
    const manifest = await readManifest(storage, runId, signal);
    if (manifest !== null) manifests.push(manifest);
  }
  const last = manifests.at(-1);
  return {
    exports: manifests.flatMap((manifest) => exportSamples(objects, state, manifest)),
    waits: manifests.flatMap(waitsOf).at(-1) ?? null,
    emailsPerDay: emailsPerDay(manifests),
    lastRunAt: last === undefined ? null : Date.parse(last.now),
  };
}

/** The exports of a manifest. The files of a window with several exports are joined, so their number is left out. */
function exportSamples(objects: readonly CatalogObject[], state: State, manifest: Manifest): ExportSample[] {
  const isSingle = (object: CatalogObject): boolean =>
    isBulk(object) && groupsOf(object, [], objectState(state, object.name).fields).length === 1;
  const single = new Set(objects.filter(isSingle).map(({ name }) => name));
  const samples = new Map<string, ExportSample>();
  for (const { files } of manifest.objects.filter(({ object }) => single.has(object))) {
    for (const { export_id: id, rows } of files) {
      if (id === null) continue;
      const known = samples.get(id) ?? { rows: 0, files: 0 };
      samples.set(id, { rows: known.rows + rows, files: known.files + 1 });
    }
  }
  return [...samples.values()];
}

/** An export without a file is read twice, which is not an early read. */
function waitsOf({ api_calls: { by_kind: calls }, objects }: Manifest): NonNullable<History["waits"]>[] {
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
 * Expected reads of exports that are not complete yet. The first exports of a run cost most of them, because their
 * duration is not known yet, so they grow with the square root of the exports.
 */
export function expectedEarlyReads(exports: number, { waits }: History): number {
  return waits === null ? 0 : waits.earlyReads * Math.sqrt(exports / waits.exports);
}

/** Time that daily runs must cover together before they count. */
const DAYS_MIN = 0.5;

/** Runs that read a whole history are left out. */
function emailsPerDay(manifests: readonly Manifest[]): Record<string, number> {
  const sums = new Map<string, { emails: number; days: number }>();
  for (const [i, manifest] of manifests.entries()) {
    const before = manifests[i - 1];
    if (before === undefined || manifest.objects.some(isHistory)) continue;
    const days = (Date.parse(manifest.now) - Date.parse(before.now)) / DAY_MS;
    for (const { object, process, status, files } of manifest.objects) {
      if (process !== "email" || status !== "complete") continue;
      const known = sums.get(object) ?? { emails: 0, days: 0 };
      sums.set(object, { emails: known.emails + totals(files).rows, days: known.days + days });
    }
  }
  const known = [...sums].filter(([, { days }]) => days >= DAYS_MIN);
  return Object.fromEntries(known.map(([object, { emails, days }]) => [object, emails / days]));
}

function isHistory({ process, windows }: ManifestObject): boolean {
  return process === "bulk" && windows.some(({ from }) => from === isoInstant(HISTORY_START));
}
