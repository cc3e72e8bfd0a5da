import type { CatalogObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import type { Journal } from "../../state/journal.ts";
import { manifestBytes, manifestFile, manifestKey, manifestWindow, runStatus } from "../../manifest/manifest.ts";
import type {
  Manifest,
  ManifestFile,
  ManifestObject,
  ManifestWarning,
  ManifestWindow,
} from "../../manifest/manifest.ts";
import { driftOf } from "../../state/field-memory.ts";
import { filesOfWindow, removeParts } from "../../state/file-parts.ts";
import { hasFiles } from "../../state/open-window.ts";
import { objectState } from "../../state/state.ts";
import type { Change, OpenWindow, State } from "../../state/state.ts";
import { countKnown, rejectsBytes, rejectsIn, rejectsKey } from "../../state/rejects.ts";
import { LeaseError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import type { CallCounts } from "../../pardot/pardot.ts";
import type { Storage } from "../../storage/storage.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
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
 * Commits a run: the manifest first, which names every file that has landed and the windows that are whole, then the
 * state, which therefore never runs ahead of a manifest. A kill between the two leaves files and windows as they were,
 * and the next run commits them again in its own manifest.
 */
export async function commitRun(input: FinishInput, signal: AbortSignal): Promise<{ manifest: Manifest; key: string }> {
  const { left, manifest } = await withLeftFiles(await buildManifest(input, signal), input, signal);
  await writeRejects(input, signal);
  const key = manifestKey(input.runId);
  const outcome = await input.storage.create(key, manifestBytes(manifest), signal);
  if (outcome === "exists") {
    // Only the run that has taken over writes one of this name (fence.ts).
    throw new LeaseError(`write ${key} in ${input.storage.location}: a later run has taken over and ended this one`, {
      code: "lease.lost",
      hint: "This run was silent for so long that another took over, and commits nothing more. What it landed stays; the other run accounts for it.",
    });
  }
  const moved = input.objects.flatMap(({ name }) =>
    objectState(input.journal.state, name).windows.flatMap(({ parts = [] }) => parts),
  );
  await input.journal.record([...commitChanges(input, key), ...left]);
  await removeParts(moved, input.storage, signal);
  return { manifest, key };
}

/** Writes the records that were set aside, before the manifest that counts them. */
async function writeRejects({ objects, runId, journal, storage }: FinishInput, signal: AbortSignal): Promise<void> {
  for (const { name } of objects) {
    const rejects = rejectsIn(objectState(journal.state, name));
    // Where one of this name stands, a write that seemed to fail has come through: no other run has this id.
    if (rejects.length > 0) await storage.create(rejectsKey(runId, name), rejectsBytes(name, rejects), signal);
  }
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

async function buildManifest(input: FinishInput, signal: AbortSignal): Promise<Manifest> {
  const objects: ManifestObject[] = [];
  for (const object of input.objects) objects.push(await manifestObject(object, input, signal));
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

async function manifestObject(object: CatalogObject, input: FinishInput, signal: AbortSignal): Promise<ManifestObject> {
  const own = objectState(input.journal.state, object.name);
  const { windows, fields } = own;
  const committed = windows.filter((window) => window.done || isPartial(object, window));
  const whole = windows.filter((window) => window.done);
  const error = input.outcomes.of(object.name);
  const files: ManifestFile[] = [];
  let incompleteRows = 0;
  for (const window of windows) {
    for await (const file of filesOfWindow(window, input.storage, signal)) {
      files.push(manifestFile(file));
      incompleteRows += file.incompleteRows ?? 0;
    }
  }
  const rejects = rejectsIn(own);
  return {
    object: object.name,
    table: object.table,
    process: object.v4.process,
    api_version: input.version,
    status: input.outcomes.statusOf(object.name),
    error: error === null ? null : manifestError(error),
    windows: committed.map(committedWindow),
    ...(whole.length > 0 && whole.every(({ isFull }) => isFull === true) ? { supersedes: true as const } : {}),
    files,
    open_windows: windows.filter((window) => !window.done).map(manifestWindow),
    drift: driftOf(fields),
    refused_fields: fields.refused,
    incomplete_rows: incompleteRows,
    rejected_rows: rejects.length,
    rejected_again: countKnown(object.name, own, rejects),
  };
}

/** Whether the landed part of an open window can be told by an id: it is read by ascending id. */
function isPartial(object: CatalogObject, window: OpenWindow): boolean {
  return object.v4.process !== "email" && window.cursor !== null && hasFiles(window);
}

/** Whether an open window has something that this run's manifest names. */
function isToBeNamed(window: OpenWindow): boolean {
  return hasFiles(window) || (window.rejects ?? []).length > 0;
}

function committedWindow(window: OpenWindow): ManifestWindow {
  const { done, cursor } = window;
  return { ...manifestWindow(window), ...(done || cursor === null ? {} : { through_id: cursor }) };
}

function commitChanges(input: FinishInput, manifest: string): Change[] {
  return input.objects.flatMap((object): Change[] => {
    const own = objectState(input.journal.state, object.name);
    const name = object.name;
    const told: Change[] = own.fields.listed === null ? [] : [{ type: "fields-reported", object: name }];
    const windows = own.windows.filter(({ done }) => done).map(({ id }) => id);
    const open = own.windows.filter((window) => !window.done && isToBeNamed(window)).map(({ id }) => id);
    if (windows.length + open.length === 0) return told;
    return [...told, { type: "committed", object: name, manifest, windows, open, load: input.load }];
  });
}
