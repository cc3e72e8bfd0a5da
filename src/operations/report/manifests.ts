import type { Manifest, ManifestFile } from "../../manifest/manifest.ts";
import { scanManifests } from "../../manifest/manifests.ts";
import type { Storage } from "../../storage/storage.ts";
import { compactInstant, DAY_MS } from "../../time/instant.ts";
import { fromLocal, localDay } from "../../time/zone.ts";
import type { PastRun, ReportedExport, ReportedObject } from "./api.ts";

/** Days of history, the run's own included. */
export const HISTORY_DAYS = 14;
/** Runs of these days that are read at most: one an hour. */
const RUNS_MAX = HISTORY_DAYS * 24;
/** Runs that are read however old they are, to compare the run with. */
const RUNS_MIN = 15;
/** The first runs, which have read the history. */
const FIRST_RUNS = 3;
/** Files of an object, and exports, that are listed. */
const FILES_LISTED = 10;
const EXPORTS_LISTED = 60;

/** The manifest of the reported run. */
export interface ReadRun {
  readonly manifest: Manifest | null;
  readonly problem: string | null;
  readonly objects: readonly (Omit<ReportedObject, "rejects" | "listed"> & {
    readonly listed: readonly ManifestFile[];
  })[];
  readonly leftFiles: number;
  readonly exports: readonly ReportedExport[];
  readonly moreExports: number;
}

export interface ReadRuns {
  readonly run: ReadRun;
  readonly history: readonly PastRun[];
  readonly isCut: boolean;
  readonly firstRecords: ReadonlyMap<string, string>;
}

/**
 * Reads the manifests of a run, of the two weeks before it and of the first runs, in pieces. `runIds`: of all manifests,
 * ascending. Memory: sums for each object and run, and the first files of each object of the run.
 */
export async function readRuns(
  storage: Storage,
  runIds: readonly string[],
  runId: string,
  zone: string,
  signal: AbortSignal,
): Promise<ReadRuns> {
  const before = runIds.filter((id) => id <= runId);
  const recent = before.filter((id) => id >= historyStart(runId, zone));
  const history = new Set([...recent.slice(-RUNS_MAX), ...before.slice(-RUNS_MIN)]);
  const wanted = [...new Set([...runIds.slice(0, FIRST_RUNS), ...history])].toSorted();
  const isWanted = new Set(wanted);
  const sums = wanted.map(() => new RunSums());
  const manifests = new Map<string, { readonly manifest: Manifest | null; readonly problem: string | null }>();
  await scanManifests(
    storage,
    (_key, id) => isWanted.has(id),
    {
      file: (file, at, isLeft) => sums[at]?.add(file, isLeft, wanted[at] === runId),
      manifest: ({ manifest, problem }, at) => manifests.set(wanted[at] ?? "", { manifest, problem }),
    },
    signal,
  );
  const firstRecords = new Map<string, string>();
  const past: PastRun[] = [];
  for (const [at, id] of wanted.entries()) {
    const own = sums[at] ?? new RunSums();
    const manifest = manifests.get(id)?.manifest ?? null;
    noteFirst(firstRecords, own, manifest);
    if (history.has(id) && manifest !== null) past.push(pastRun(manifest, own));
  }
  const own = sums[wanted.indexOf(runId)] ?? new RunSums();
  const { manifest = null, problem = null } = manifests.get(runId) ?? {};
  const exports = [...(manifest === null ? [] : own.exports.values())].toSorted((a, b) =>
    (a.requestedAt ?? "") < (b.requestedAt ?? "") ? -1 : 1,
  );
  return {
    run: {
      manifest,
      problem,
      objects: (manifest?.objects ?? []).map((entry) => ({ entry, ...own.of(entry.object) })),
      leftFiles: manifest === null ? 0 : own.left,
      exports: exports.slice(0, EXPORTS_LISTED),
      moreExports: Math.max(0, exports.length - EXPORTS_LISTED),
    },
    history: past,
    isCut: recent.length > RUNS_MAX,
    firstRecords,
  };
}

/** Start of the first day of the history of a run, in the form of run ids. */
function historyStart(runId: string, zone: string): string {
  const began = Date.parse(runId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(began)) return runId;
  const first = localDay(began - (HISTORY_DAYS - 1) * DAY_MS, zone);
  return compactInstant(fromLocal(`${first} 00:00:00`, zone, "earlier"));
}

interface ObjectSums {
  rows: number;
  bytes: number;
  files: number;
  first: string | null;
  readonly listed: ManifestFile[];
}

/** Sums of the files of one manifest. */
class RunSums {
  readonly objects = new Map<string, ObjectSums>();
  readonly exports = new Map<string, ReportedExport>();
  left = 0;

  /** `lists`: the files themselves and their exports are wanted too. */
  add(file: ManifestFile, isLeft: boolean, lists: boolean): void {
    if (isLeft) {
      this.left += 1;
      return;
    }
    const name = file.key.slice(0, file.key.indexOf("/"));
    const sums = this.objects.get(name) ?? { rows: 0, bytes: 0, files: 0, first: null, listed: [] };
    this.objects.set(name, sums);
    sums.rows += file.rows;
    sums.bytes += file.bytes;
    sums.files += 1;
    const { min_watermark: least } = file;
    if (least !== null && (sums.first === null || least < sums.first)) sums.first = least;
    if (!lists) return;
    if (sums.listed.length < FILES_LISTED) sums.listed.push(file);
    if (file.export_id !== null) this.#addExport(name, file.export_id, file);
  }

  of(object: string): Omit<ObjectSums, "first"> {
    const { first: _, ...sums } = this.objects.get(object) ?? { rows: 0, bytes: 0, files: 0, first: null, listed: [] };
    return sums;
  }

  #addExport(object: string, exportId: string, { rows, bytes, read_at: readAt = null }: ManifestFile): void {
    const id = `${object}/${exportId}`;
    const known = this.exports.get(id) ?? { object, exportId, requestedAt: readAt, rows: 0, bytes: 0, files: 0 };
    const sums = { rows: known.rows + rows, bytes: known.bytes + bytes, files: known.files + 1 };
    this.exports.set(id, { ...known, ...sums });
  }
}

function pastRun(manifest: Manifest, sums: RunSums): PastRun {
  const objects = manifest.objects.map(
    ({ object, status }) => [object, { status, rows: sums.of(object).rows }] as const,
  );
  return {
    runId: manifest.run_id,
    startedAt: manifest.started_at,
    finishedAt: manifest.finished_at,
    status: manifest.status,
    calls: manifest.api_calls.total,
    rows: objects.reduce((sum, [, { rows }]) => sum + rows, 0),
    objects: new Map(objects),
    warnings: new Set(manifest.warnings.map(({ code }) => code)),
  };
}

/** Notes the least watermarks of a run's files, which are local time of the object's zone. */
function noteFirst(found: Map<string, string>, sums: RunSums, manifest: Manifest | null): void {
  for (const [object, { first }] of sums.objects) {
    const known = found.get(object);
    if (manifest !== null && first !== null && (known === undefined || first < known)) found.set(object, first);
  }
}
