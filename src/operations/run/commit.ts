import { zoneOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { exitCodeOf, failureOf, LeaseError } from "../../errors.ts";
import {
  filesOf,
  manifestBytes,
  manifestFile,
  manifestKey,
  manifestWindow,
  runStatus,
  totals,
  postponedOf,
} from "../../manifest/manifest.ts";
import type { Manifest, ManifestFile, ManifestObject, ManifestWindow } from "../../manifest/manifest.ts";
import { NEVER } from "../../platform/clock.ts";
import { driftOf } from "../../state/field-state.ts";
import { filesOfWindow } from "../../state/file-parts.ts";
import { hasFiles } from "../../state/open-window.ts";
import { countKnown, rejectsBytes, rejectsIn, rejectsKey } from "../../state/rejects.ts";
import { objectState } from "../../state/state.ts";
import type { Change, OpenWindow, RowsRead } from "../../state/state.ts";
import { parseCursor, throughTime } from "../../state/cursor.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import type { Run } from "./context.ts";
import { warnOfDrift } from "./drift.ts";
import { orphanFiles } from "./orphan-files.ts";
import { rowsRead, warnOfSilence } from "./silent.ts";

export interface Committed {
  readonly manifest: Manifest;
  readonly key: string;
  /** Rows of complete objects, with which later runs compare theirs. */
  readonly read: RowsRead;
}

/**
 * Commits a run: first the manifest, which names every file that has landed and the windows that are whole, then the
 * state, which therefore never runs ahead of a manifest. After a kill between the two, files and windows are unchanged,
 * and the next run commits them again in its own manifest. `now`: Pardot's time when the run started.
 */
export async function commit(run: Run, now: Instant): Promise<Committed> {
  // The manifest's warnings must include a replaced refresh token, but a run that has to stop commits first.
  if (!run.drain.aborted) await run.pardot.settled();
  await run.budget.settle();
  await warnOfDrift(run);
  const read = rowsRead(run, now);
  warnOfSilence(read, run);
  // A run that was suspended while another took over must not commit anything.
  await run.lease.check();
  const built = await buildManifest(run, now);
  const { files: left, changes: searched } = await orphanFiles(new Set(filesOf(built).map((file) => file.key)), run);
  const manifest = left.length === 0 ? built : { ...built, left_files: left };
  await writeRejects(run);
  const key = manifestKey(run.id);
  const outcome = await run.storage.create(key, manifestBytes(manifest), NEVER);
  if (outcome === "exists") {
    // Only the run that has taken over writes one of this name (recover.ts).
    throw new LeaseError(`write ${key} in ${run.storage.location}: a later run has taken over and ended this one`, {
      code: "lease.lost",
      hint: "This run was silent for so long that another run took over, so it commits nothing more. The files it landed stay; the other run accounts for them.",
    });
  }
  const moved = run.objects.flatMap(({ name }) =>
    objectState(run.journal.state, name).windows.flatMap(({ parts = [] }) => parts.map((part) => part.key)),
  );
  const changes = [...commitChanges(run, key), ...searched];
  if (run.warehouse.loader === null && moved.length === 0) {
    // The entry that ends the run follows immediately.
    run.journal.note(changes);
  } else {
    await run.journal.record(changes);
    // The manifest names their files. A failure costs only disk space.
    await run.storage.remove(moved, NEVER).catch(() => undefined);
  }
  announce(manifest, key, run);
  return { manifest, key, read };
}

/** Writes the records that were set aside, before the manifest that counts them. */
async function writeRejects({ objects, id, journal, storage }: Run): Promise<void> {
  for (const { name } of objects) {
    const rejects = rejectsIn(objectState(journal.state, name));
    // If one of this name exists, a write that seemed to fail has succeeded: no other run has this id.
    if (rejects.length > 0) await storage.create(rejectsKey(id, name), rejectsBytes(name, rejects), NEVER);
  }
}

async function buildManifest(run: Run, now: Instant): Promise<Manifest> {
  const { config, pardot, warnings } = run;
  const finishedAt = run.clock.now();
  const objects: ManifestObject[] = [];
  for (const object of run.objects) objects.push(await manifestObject(object, run));
  return {
    format_version: 1,
    run_id: run.id,
    business_unit: config.pardot.businessUnitId,
    started_at: isoInstant(run.startedAt),
    finished_at: isoInstant(finishedAt),
    status: runStatus(objects, warnings),
    time_zone: config.pardot.timeZone,
    now: isoInstant(now),
    api_calls: { total: pardot.calls.total, by_kind: pardot.calls.byKind },
    objects,
    warnings,
  };
}

async function manifestObject(object: CatalogObject, run: Run): Promise<ManifestObject> {
  const own = objectState(run.journal.state, object.name);
  const { windows, fields } = own;
  const committed = windows.filter((window) => window.done || isPartial(object, window));
  const whole = windows.filter((window) => window.done);
  const error = run.failures.of(object.name);
  const files: ManifestFile[] = [];
  const columns: Record<string, readonly string[]> = {};
  let incompleteRows = 0;
  for (const window of windows) {
    for await (const file of filesOfWindow(window, run.storage, NEVER)) {
      const named = manifestFile(file);
      files.push(named);
      columns[named.columns_fingerprint ?? ""] ??= file.columns;
      incompleteRows += file.incompleteRows ?? 0;
    }
  }
  const rejects = rejectsIn(own);
  return {
    object: object.name,
    table: object.table,
    process: object.way.process,
    api_version: object.way.api === "v5" ? "5" : String(run.pardot.version),
    time_zone: zoneOf(object, run.config.pardot.timeZone),
    status: run.failures.statusOf(object.name),
    error: error === null ? null : { ...failureOf(error), exit_code: exitCodeOf(error) },
    windows: committed.map(committedWindow),
    ...(whole.length > 0 && whole.every(({ isFull }) => isFull === true) ? { supersedes: true as const } : {}),
    columns,
    files,
    open_windows: windows.filter((window) => !window.done).map(manifestWindow),
    drift: driftOf(fields),
    refused_fields: fields.refused,
    ...((fields.refusedParameters ?? []).length > 0 ? { refused_parameters: fields.refusedParameters } : {}),
    incomplete_rows: incompleteRows,
    rejected_rows: rejects.length,
    rejected_again: countKnown(object.name, own, rejects),
  };
}

/** Whether the landed part of an open window ends at an id: the window is read by ascending id. */
function isPartial(object: CatalogObject, window: OpenWindow): boolean {
  return object.way.process !== "email" && window.cursor !== null && hasFiles(window);
}

function committedWindow(window: OpenWindow): ManifestWindow {
  const { done, cursor } = window;
  if (done || cursor === null) return manifestWindow(window);
  const landed = parseCursor(cursor);
  const time = throughTime(landed);
  return {
    ...manifestWindow(window),
    ...(landed.id === null ? {} : { through_id: landed.id }),
    ...(time === null ? {} : { through_time: isoInstant(time) }),
  };
}

function commitChanges({ objects, journal, warehouse }: Run, manifest: string): Change[] {
  return objects.flatMap(({ name }): Change[] => {
    const own = objectState(journal.state, name);
    const reported: Change[] = own.fields.listed === null ? [] : [{ type: "fields-reported", object: name }];
    const windows = own.windows.filter(({ done }) => done).map(({ id }) => id);
    const isNamed = (window: OpenWindow): boolean => hasFiles(window) || (window.rejects ?? []).length > 0;
    const open = own.windows.filter((window) => !window.done && isNamed(window)).map(({ id }) => id);
    if (windows.length + open.length === 0) return reported;
    const load = warehouse.loader !== null;
    return [...reported, { type: "committed", object: name, manifest, windows, open, load }];
  });
}

function announce({ objects }: Manifest, key: string, { onEvent }: Run): void {
  for (const { object, status, files: own } of objects) {
    if (status !== "complete") continue;
    const { rows, files } = totals(own);
    onEvent({ type: "object-finished", object, rows, files });
  }
  for (const postponed of postponedOf(objects)) onEvent({ type: "postponed", ...postponed });
  const { rows, files } = totals(objects.flatMap((object) => object.files));
  onEvent({ type: "committed", manifest: key, files, rows });
}
