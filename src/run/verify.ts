import type { CommittedConfig } from "../config/config.ts";
import { filesOf } from "../commit/manifest.ts";
import type { Manifest, ManifestFile } from "../commit/manifest.ts";
import { loadState } from "../commit/journal.ts";
import { UsageError } from "../errors.ts";
import { openStorage } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import { openWarehouse } from "../warehouse/open.ts";
import type { CommittedFile } from "../warehouse/warehouse.ts";
import type { Surroundings, VerifyProblem, VerifyResult } from "./api.ts";
import { measureFile } from "./landed-file.ts";
import type { MeasuredFile } from "./landed-file.ts";
import { DAMAGED, readManifests } from "./manifests.ts";
import { retentionRule } from "./retention.ts";
import { unaccounted } from "./unaccounted.ts";

/** Files read side by side. */
const LANES = 3;

/**
 * Reads again what was committed, by one run or by all, and proves rows, bytes and hashes; looks for files that nobody
 * accounts for, and at the warehouse where there is one. No call to Pardot is made. Memory: one chunk for each lane.
 */
export async function verify(
  config: CommittedConfig,
  runId: string | null,
  surroundings: Surroundings,
): Promise<VerifyResult> {
  const { clock, random, signal, onEvent } = surroundings;
  const { destination, s3PathStyle } = config.etl;
  const storage = await (surroundings.openStorage ?? openStorage)(destination, { s3PathStyle, clock, random });
  // One that is damaged is told before hours of reading.
  await loadState(storage, signal);
  const problems: VerifyProblem[] = [];
  const manifests = await allManifests(storage, runId, problems, signal);
  const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
  const files = distinctFiles(manifests, mayBeGone, problems);
  const todo = [...files.values()];
  let rows = 0;
  let bytes = 0;
  let expired = 0;
  const lane = async (): Promise<void> => {
    for (let file = todo.shift(); file !== undefined; file = todo.shift()) {
      const { key } = file;
      if ((await storage.stat(key, signal)) !== null) {
        const problem = await verifyFile(storage, file, signal);
        if (problem !== null) problems.push({ key, problem });
      } else if (file.mayBeGone) expired += 1;
      else problems.push({ key, problem: "it is missing" });
      rows += file.rows;
      bytes += file.bytes;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (runId === null) problems.push(...(await unaccounted(storage, new Set(files.keys()), config, signal)));
  problems.push(...(await compareWarehouse(config, manifests, onEvent, signal)));
  return {
    destination: storage.location,
    runs: manifests.length,
    files: files.size,
    rows,
    bytes,
    expired,
    problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    exitCode: problems.length === 0 ? 0 : 6,
  };
}

async function allManifests(
  storage: Storage,
  runId: string | null,
  problems: VerifyProblem[],
  signal: AbortSignal,
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for await (const { key, manifest } of readManifests(storage, runId, signal)) {
    if (manifest === null) problems.push({ key, problem: DAMAGED });
    else manifests.push(manifest);
  }
  if (runId !== null && manifests.length + problems.length === 0) {
    throw new UsageError(`verify run ${runId}: ${storage.location} has no manifest of it`, {
      code: "usage.unknown-run",
      hint: 'See "pardot-etl status" for the runs there are. A run that was killed has none before the next one, which accounts for its files.',
    });
  }
  return manifests;
}

interface NamedFile extends ManifestFile {
  /** The first manifest that names it is so old that it may have been removed. */
  readonly mayBeGone: boolean;
}

/** Every file once, however many manifests name it; two that disagree are a problem. */
function distinctFiles(
  manifests: readonly Manifest[],
  mayBeGone: (manifest: Manifest) => boolean,
  problems: VerifyProblem[],
): Map<string, NamedFile> {
  const files = new Map<string, NamedFile>();
  const named = manifests.flatMap((manifest): NamedFile[] => {
    const isOld = mayBeGone(manifest);
    return filesOf(manifest).map((file) => ({ ...file, mayBeGone: isOld }));
  });
  for (const file of named) {
    const known = files.get(file.key);
    if (known === undefined) files.set(file.key, file);
    else if (known.sha256 !== file.sha256 || known.rows !== file.rows) {
      problems.push({ key: file.key, problem: "two manifests say different things of it" });
    }
  }
  return files;
}

/** What is wrong with a file, null when nothing is. */
async function verifyFile(storage: Storage, file: ManifestFile, signal: AbortSignal): Promise<string | null> {
  let found: MeasuredFile;
  try {
    found = await measureFile(storage, file.key, signal);
  } catch (error) {
    signal.throwIfAborted();
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (found.bytes !== file.bytes) return `it has ${found.bytes} bytes, ${file.bytes} were committed`;
  if (found.sha256 !== file.sha256) return "its bytes are not those that were committed";
  return found.rows === file.rows ? null : `it has ${found.rows} rows, ${file.rows} were committed`;
}

async function* committedTo(manifests: readonly Manifest[], object: string): AsyncGenerator<CommittedFile> {
  for (const { objects } of manifests) {
    for (const entry of objects) {
      if (entry.object !== object) continue;
      for (const { key, rows, max_watermark: maxWatermark } of entry.files) yield { key, rows, maxWatermark };
    }
  }
}

/** Compares the tables with what was committed for them. */
async function compareWarehouse(
  config: CommittedConfig,
  manifests: readonly Manifest[],
  onEvent: Surroundings["onEvent"],
  signal: AbortSignal,
): Promise<VerifyProblem[]> {
  if (config.etl.warehouse.kind === "none") return [];
  const warehouse = await openWarehouse(config.etl.warehouse, { tmpDir: config.etl.tmpDir, onEvent });
  const problems: VerifyProblem[] = [];
  try {
    await warehouse.check(signal);
    for (const object of config.catalog) {
      const files = committedTo(manifests, object.name);
      const { problems: found } = await warehouse.compare(object, files, signal);
      problems.push(
        ...found.map(({ key, problem, hint }) => ({ key, problem: hint === null ? problem : `${problem}. ${hint}` })),
      );
    }
  } finally {
    await warehouse.close();
  }
  return problems;
}
