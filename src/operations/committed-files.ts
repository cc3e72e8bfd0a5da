import { isWhole } from "../manifest/manifest.ts";
import type { Manifest, ManifestFile } from "../manifest/manifest.ts";
import { mergeSpans } from "../state/state.ts";
import { landedSpan } from "../land/names.ts";
import type { Storage } from "../storage/storage.ts";
import { laterText } from "../time/instant.ts";
import type { Instant, Span } from "../time/instant.ts";
import type { VerifyProblem } from "./api.ts";
import { scanManifests } from "../manifest/manifests.ts";

/** A file that a manifest names; few bytes, because there may be a hundred thousand of them. */
export interface CommittedFile {
  /** Its folder. */
  readonly object: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Pardot's time at which its content was read, null if not known. */
  readonly readAt: Instant | null;
  /** Stands for its columns, which `Committed.columns` has; null if not known. */
  readonly columns: string | null;
  /** An earlier run landed it, and no table needs it because the data has changed since. */
  readonly isLeft: boolean;
  /** The first run whose manifest names it. */
  readonly run: CommittedRun;
  /** A later `--full` has read its whole range again: it no longer counts, but its name is accounted for. */
  readonly superseded: boolean;
}

export interface CommittedRun {
  /** All null if the manifest is damaged. */
  readonly runId: string | null;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
}

export interface Committed {
  /** Every file once, by its key, however many manifests name it. */
  readonly files: ReadonlyMap<string, CommittedFile>;
  /** Keys of the manifests that were read, damaged ones included. */
  readonly manifests: ReadonlySet<string>;
  /** How many of them were whole. */
  readonly runs: number;
  /** Names of columns in their order, by the fingerprint of files that have them. */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  /** Those that have files, with the greatest watermark in all of these. */
  readonly objects: ReadonlyMap<string, { readonly watermark: string | null }>;
  /** Manifests that are damaged or cannot be read, and files that two manifests describe differently. */
  readonly problems: readonly Pick<VerifyProblem, "key" | "problem">[];
}

interface Known extends CommittedFile {
  run: Run;
  /** The place of the last manifest that names it, among the runs. */
  last: number;
  superseded: boolean;
}

interface Run extends CommittedRun {
  readonly at: number;
  runId: string | null;
  startedAt: Instant | null;
  finishedAt: Instant | null;
}

/** The files in the manifests of all runs. Memory: some 300 bytes for each file. */
export async function committedFiles(storage: Storage, signal: AbortSignal): Promise<Committed> {
  const known = new KnownFiles();
  const manifests = new Set<string>();
  let runs = 0;
  await scanManifests(
    storage,
    () => true,
    {
      file: (file, at, isLeft) => known.add(file, at, isLeft),
      manifest: ({ key, manifest, problem }, at) => {
        manifests.add(key);
        if (problem !== null) known.problems.push({ key, problem });
        else runs += 1;
        if (manifest !== null) known.addManifest(manifest, at);
      },
    },
    signal,
  );
  known.supersede();
  const { files, columns, objects, problems } = known;
  return { files, manifests, runs, columns, objects, problems };
}

class KnownFiles {
  readonly files = new Map<string, Known>();
  readonly objects = new Map<string, { readonly name: string; watermark: string | null }>();
  readonly columns = new Map<string, readonly string[]>();
  readonly problems: Pick<VerifyProblem, "key" | "problem">[] = [];
  readonly #fingerprints = new Map<string, string>();
  readonly #runs = new Map<number, Run>();
  readonly #readings = new Map<string, Reading[]>();

  add(
    { key, rows, bytes, sha256, read_at: read, max_watermark: watermark, columns_fingerprint: columns }: ManifestFile,
    at: number,
    isLeft: boolean,
  ): void {
    const known = this.files.get(key);
    if (known === undefined) {
      const object = this.#nameOf(key, watermark);
      const readAt = read === undefined || read === null ? null : Date.parse(read);
      const run = this.#runAt(at);
      const facts = { object, rows, bytes, sha256, readAt, columns: this.#shared(columns), isLeft };
      this.files.set(key, { ...facts, run, last: at, superseded: false });
      return;
    }
    if (at < known.run.at) known.run = this.#runAt(at);
    known.last = Math.max(known.last, at);
    if (known.sha256 !== sha256 || known.rows !== rows || known.bytes !== bytes) {
      this.problems.push({ key, problem: "two manifests describe it differently" });
    }
  }

  addManifest(manifest: Manifest, at: number): void {
    const run = this.#runAt(at);
    run.runId = manifest.run_id;
    run.startedAt = Date.parse(manifest.started_at);
    run.finishedAt = Date.parse(manifest.finished_at);
    for (const { object, windows, columns = {}, supersedes = false } of manifest.objects) {
      for (const [fingerprint, names] of Object.entries(columns)) this.columns.set(fingerprint, names);
      const readings = this.#readings.get(object) ?? [];
      this.#readings.set(object, readings);
      for (const window of windows) {
        const reading = { at, from: Date.parse(window.from), to: Date.parse(window.to), isWhole: isWhole(window) };
        if (supersedes || !reading.isWhole) readings.push(reading);
      }
    }
  }

  /** Call once, after everything else. */
  supersede(): void {
    for (const [key, file] of this.files) {
      const readings = this.#readings.get(file.object) ?? [];
      file.superseded = readings.length > 0 && isReadAgain(landedSpan(file.object, key), file.last, readings);
    }
  }

  #runAt(at: number): Run {
    const run = this.#runs.get(at) ?? { at, runId: null, startedAt: null, finishedAt: null };
    this.#runs.set(at, run);
    return run;
  }

  /** One string for all files with the same columns. */
  #shared(fingerprint: string | undefined): string | null {
    if (fingerprint === undefined) return null;
    const known = this.#fingerprints.get(fingerprint) ?? fingerprint;
    this.#fingerprints.set(known, known);
    return known;
  }

  /** One string for the object's name: a slice of each key would keep every key in memory twice. */
  #nameOf(key: string, watermark: string | null): string {
    const name = key.slice(0, key.indexOf("/"));
    const object = this.objects.get(name) ?? { name, watermark };
    object.watermark = laterText(object.watermark, watermark);
    this.objects.set(object.name, object);
    return object.name;
  }
}

/** A window that `--full` has read, or the part of an unfinished one. `at`: the position of its run. */
interface Reading extends Span {
  readonly at: number;
  readonly isWhole: boolean;
}

/** Whether later reads cover the whole range of a file. The rest of the file's own window does not count. */
function isReadAgain(span: Span | null, last: number, readings: readonly Reading[]): boolean {
  if (span === null) return false;
  const isSame = (reading: Reading): boolean => reading.from === span.from && reading.to === span.to;
  const isPart = readings.some((reading) => reading.at === last && !reading.isWhole && isSame(reading));
  const later = readings.filter((reading) => reading.at > last && reading.isWhole && !(isPart && isSame(reading)));
  return mergeSpans(later).some(({ from, to }) => from <= span.from && span.to <= to);
}
