import type { Manifest } from "../../manifest/manifest.ts";
import { totals } from "../../manifest/manifest.ts";
import { readManifest } from "../../manifest/manifests.ts";
import type { ExportSample } from "../../plan/export-files.ts";
import type { State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";

/** Costs of earlier runs, for estimates that Pardot cannot give in advance. */
export interface History {
  /** Rows and files of earlier exports. */
  readonly exports: readonly ExportSample[];
  /** Reads of an export until it was complete, on average in the last run that exported; 1 without one. */
  readonly readsPerExport: number;
  /** By object read by list email: its records for each activity, in the last run that read both. */
  readonly emailsPerActivity: Readonly<Record<string, number>>;
}

/** Manifests that are read: those of the last runs. */
const MANIFESTS_MAX = 10;

/** Reads the last manifests. Skips missing and damaged ones; `verify` reports them. `activity`: the object. */
export async function readHistory(
  activity: string | null,
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
  const calls = manifests.map(({ api_calls: { by_kind: kinds } }) => kinds).findLast((kinds) => kinds["export create"]);
  return {
    exports: manifests.flatMap(exportSamples),
    readsPerExport: calls === undefined ? 1 : (calls["export read"] ?? 0) / (calls["export create"] ?? 1),
    emailsPerActivity: Object.fromEntries(manifests.flatMap((manifest) => emailsPerActivity(manifest, activity))),
  };
}

/** How long a run with this many calls takes if it is as fast as the last complete one; null before the first. */
export function durationOf(calls: number, { runs }: Pick<State, "runs">): number | null {
  const last = runs.findLast((run) => run.status === "complete" && run.finishedAt !== null && run.calls > 0);
  if (last === undefined || last.finishedAt === null) return null;
  const took = Date.parse(last.finishedAt) - Date.parse(last.startedAt);
  return Math.round((took / last.calls) * calls);
}

function exportSamples({ objects }: Manifest): ExportSample[] {
  const samples = new Map<string, ExportSample>();
  for (const { export_id: id, rows } of objects.flatMap(({ files }) => files)) {
    if (id === null) continue;
    const known = samples.get(id) ?? { rows: 0, files: 0 };
    samples.set(id, { rows: known.rows + rows, files: known.files + 1 });
  }
  return [...samples.values()];
}

function emailsPerActivity({ objects }: Manifest, activity: string | null): [string, number][] {
  const activities = objects.find(({ object }) => object === activity)?.files ?? [];
  const read = objects.filter(({ process, status }) => process === "email" && status === "complete");
  if (activities.length === 0) return [];
  return read.map(({ object, files }) => [object, totals(files).rows / totals(activities).rows]);
}
