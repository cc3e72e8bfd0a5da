import { FILE_SHAPE, manifestShape, parseManifest } from "./shape.ts";
import { shapeProblem } from "../state/shape.ts";
import { ManifestScan } from "./scan.ts";
import { manifestKey, runOfManifest } from "./manifest.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { asError, StorageError } from "../errors.ts";
import { inLanes } from "../platform/lanes.ts";
import type { Storage } from "../storage/storage.ts";

const RUNS_PREFIX = "_pardot_etl/runs/";

/** Manifests that are read at a time. */
const LANES = 16;

export interface ScannedManifest {
  readonly key: string;
  /** With empty lists of files; null if it cannot be read or is damaged. */
  readonly manifest: Manifest | null;
  /** A problem of the manifest or of one of its files, null if there is none. */
  readonly problem: string | null;
}

export interface ManifestVisitor {
  /** Called for each valid file entry, before the manifest's own call. `at`: its place among the runs, oldest first. */
  readonly file: (file: ManifestFile, at: number, isLeft: boolean) => void;
  readonly manifest: (scanned: ScannedManifest, at: number) => void;
}

/** Keys of all manifests, oldest run first. */
export async function manifestKeys(
  storage: Storage,
  signal: AbortSignal,
): Promise<{ readonly key: string; readonly runId: string }[]> {
  const keys = [];
  for await (const { key } of storage.list(RUNS_PREFIX, signal)) {
    const runId = runOfManifest(key);
    if (runId !== null) keys.push({ key, runId });
  }
  return keys;
}

/**
 * Reads the manifests in the destination that `isWanted` selects, 16 at a time, in pieces and in any order. A manifest
 * that cannot be read, or that is damaged, affects no other: its problem goes to the visitor, and so do its valid file
 * entries. Memory: a piece of each, and what the visitor keeps.
 */
export async function scanManifests(
  storage: Storage,
  isWanted: (key: string, runId: string) => boolean,
  visitor: ManifestVisitor,
  signal: AbortSignal,
): Promise<void> {
  const wanted = (await manifestKeys(storage, signal)).filter(({ key, runId }) => isWanted(key, runId));
  await inLanes(LANES, wanted.entries(), async ([at, { key, runId }]) => {
    const scanned = await scanManifest(storage, key, runId, (file, isLeft) => visitor.file(file, at, isLeft), signal);
    if (scanned !== null) visitor.manifest(scanned, at);
  });
}

/** The whole manifest of a run; null if there is none, or if it is damaged or cannot be read. */
export async function readManifest(storage: Storage, runId: string, signal: AbortSignal): Promise<Manifest | null> {
  try {
    const bytes = await storage.read(manifestKey(runId), signal);
    return bytes === null ? null : parseManifest(bytes, runId);
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Returns null if it is gone. */
async function scanManifest(
  storage: Storage,
  key: string,
  runId: string,
  onFile: (file: ManifestFile, isLeft: boolean) => void,
  signal: AbortSignal,
): Promise<ScannedManifest | null> {
  let fileProblem: string | null = null;
  const scan = new ManifestScan((file, isLeft) => {
    const problem = shapeProblem(FILE_SHAPE, file);
    if (problem === null) onFile(file as ManifestFile, isLeft);
    else fileProblem ??= `of a file, ${problem}`;
  });
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for await (const chunk of storage.open(key, signal)) scan.push(decoder.decode(chunk, { stream: true }));
    scan.push(decoder.decode());
    const rest = scan.end();
    const problem = shapeProblem(manifestShape(runId), rest);
    if (problem !== null) return { key, manifest: null, problem: damaged(problem) };
    return { key, manifest: rest as Manifest, problem: fileProblem === null ? null : damaged(fileProblem) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StorageError && error.code === "storage.missing") return null;
    // Either the destination refuses it, or its text is not a manifest.
    const isRefused = error instanceof StorageError;
    const message = asError(error).message;
    return { key, manifest: null, problem: isRefused ? `it cannot be read: ${message}` : damaged(message) };
  }
}

function damaged(cause: string): string {
  return `it is damaged (${cause}): restore it from the bucket's versions or a backup`;
}
