import type { CatalogObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import type { Journal } from "../commit/journal.ts";
import { manifestBytes, manifestFile, manifestKey, manifestWindow, runStatus } from "../commit/manifest.ts";
import type { Manifest, ManifestObject, ManifestWarning } from "../commit/manifest.ts";
import { driftOf } from "../commit/field-memory.ts";
import { objectState } from "../commit/state.ts";
import type { Change, State } from "../commit/state.ts";
import { LeaseError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { CallCounts } from "../pardot/pardot.ts";
import type { Storage } from "../storage/storage.ts";
import { isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { leftFiles } from "./left-files.ts";
import { manifestError } from "./outcomes.ts";
import type { Outcomes } from "./outcomes.ts";

export interface FinishInput {
  readonly config: Config;
  readonly runId: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
  /** Pardot's time when the run started. */
  readonly now: Instant;
  readonly version: string;
  readonly calls: CallCounts;
  readonly objects: readonly CatalogObject[];
  readonly outcomes: Outcomes;
  readonly warnings: readonly ManifestWarning[];
  readonly journal: Journal;
  /** The state as this run found it. */
  readonly inherited: State;
  readonly onEvent: OnEvent;
  readonly storage: Storage;
  /** Aborted when the run has to stop: then nothing is done but to commit. */
  readonly stop: AbortSignal;
  /** Whether committed files are to be loaded by us. */
  readonly load: boolean;
}

/**
 * Commits a run: the manifest first, naming only windows whose every file has landed, then the state, which therefore
 * never runs ahead of a manifest. A kill between the two leaves the windows finished and open; the next run commits them
 * again in its own manifest.
 */
export async function commitRun(input: FinishInput, signal: AbortSignal): Promise<{ manifest: Manifest; key: string }> {
  const { left, manifest } = await withLeftFiles(buildManifest(input), input, signal);
  const key = manifestKey(input.runId);
  const outcome = await input.storage.create(key, manifestBytes(manifest), signal);
  if (outcome === "exists") {
    // Only the run that has taken over writes one of this name (fence.ts).
    throw new LeaseError(`write ${key} in ${input.storage.location}: a later run has taken over and ended this one`, {
      code: "lease.lost",
      hint: "This run was silent for so long that another took over, and commits nothing more. What it landed stays; the other run accounts for it.",
    });
  }
  await input.journal.record([...commitChanges(input, key), ...left]);
  return { manifest, key };
}

async function withLeftFiles(
  manifest: Manifest,
  { startedAt: now, inherited, storage, journal, onEvent, stop }: FinishInput,
  signal: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly left: readonly Change[] }> {
  const named = new Set(manifest.objects.flatMap(({ files }) => files.map(({ key }) => key)));
  const given = { inherited, state: journal.state, named, now, storage, onEvent, stop, signal };
  const { files, changes } = await leftFiles(given);
  return { manifest: files.length === 0 ? manifest : { ...manifest, left_files: files }, left: changes };
}

function buildManifest(input: FinishInput): Manifest {
  const objects = input.objects.map((object) => manifestObject(object, input));
  return {
    format_version: 1,
    run_id: input.runId,
    business_unit: input.config.pardot.businessUnitId,
    started_at: isoInstant(input.startedAt),
    finished_at: isoInstant(input.finishedAt),
    status: runStatus(objects, input.warnings),
    time_zone: input.config.pardot.timeZone,
    now: isoInstant(input.now),
    api_calls: { total: input.calls.total, by_kind: input.calls.byKind },
    objects,
    warnings: input.warnings,
  };
}

function manifestObject(object: CatalogObject, input: FinishInput): ManifestObject {
  const { windows, fields } = objectState(input.journal.state, object.name);
  const finished = windows.filter((window) => window.done);
  const error = input.outcomes.of(object.name);
  const files = finished.flatMap((window) => window.files);
  return {
    object: object.name,
    table: object.table,
    process: object.v4.process,
    api_version: input.version,
    status: error === null ? "complete" : "failed",
    error: error === null ? null : manifestError(error),
    windows: finished.map(manifestWindow),
    files: files.map(manifestFile),
    open_windows: windows.filter((window) => !window.done).map(manifestWindow),
    drift: driftOf(fields),
    refused_fields: fields.refused,
    incomplete_rows: files.reduce((sum, file) => sum + (file.incompleteRows ?? 0), 0),
  };
}

function commitChanges(input: FinishInput, manifest: string): Change[] {
  return input.objects.flatMap((object): Change[] => {
    const own = objectState(input.journal.state, object.name);
    const name = object.name;
    const told: Change[] = own.fields.listed === null ? [] : [{ type: "fields-reported", object: name }];
    const windows = own.windows.filter((window) => window.done).map((window) => window.id);
    if (windows.length === 0) return told;
    return [...told, { type: "committed", object: name, manifest, windows, load: input.load }];
  });
}
