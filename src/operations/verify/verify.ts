import { accept, readAccepted } from "../../manifest/accepted.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { loadState, STATE_PREFIX } from "../../state/journal.ts";
import { UsageError } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { isoInstant } from "../../time/instant.ts";
import type { VerifiedObject, VerifyOptions, VerifyProblem, VerifyResult } from "../api.ts";
import { openDestination } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { committedFiles } from "../committed-files.ts";
import type { Committed, CommittedFile } from "../committed-files.ts";
import { checkFile } from "../../land/landed-file.ts";
import { lostState } from "../store.ts";
import { inLanes } from "../../platform/lanes.ts";
import { retentionRule } from "../../manifest/retention.ts";
import { strayFiles } from "./stray-files.ts";
import { openComparison } from "./warehouse.ts";

/** Files read at the same time. */
const LANES = 3;

const EVERYTHING: VerifyOptions = { objects: null, filesOnly: false, warehouseOnly: false, waitMs: 0, accept: null };

/**
 * Reads every committed file again and verifies rows, bytes and hashes; finds files that no manifest names; compares
 * the tables of the warehouse. Files that `--full` has superseded or that were written off no longer count. Makes no
 * call to Pardot. Memory: one chunk for each lane, and a few bytes for each file.
 */
export async function verify(
  config: CommittedConfig,
  options: Partial<VerifyOptions>,
  runtime: Runtime,
): Promise<VerifyResult> {
  const wanted = { ...EVERYTHING, ...options };
  const { clock, signal } = runtime;
  const storage = await openDestination(config, runtime);
  // A damaged state, or a warehouse that cannot be reached, is reported before hours of reading.
  const loaded = await loadState(storage, signal);
  const lost = await lostState({ storage, loaded }, signal);
  const comparison = await openComparison(config, wanted, runtime);
  try {
    const committed = await committedFiles(storage, signal);
    const accepted = new Set(await readAccepted(storage, signal));
    const catalog = config.catalog.filter(({ name }) => wanted.objects === null || wanted.objects.includes(name));
    const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
    const subject: Subject = { storage, committed, accepted, mayBeGone, objects: catalog.map(({ name }) => name) };
    if (wanted.accept !== null) {
      const isTableProblem = async (key: string): Promise<boolean> =>
        (await comparison.compare(catalog, subject)).problems.some((problem) => problem.key === key);
      await writeOff(wanted.accept, subject, isTableProblem, runtime);
    }
    const ofManifests = wanted.warehouseOnly ? [] : committed.problems.filter(({ key }) => !accepted.has(key));
    const problems = ofManifests.map(({ key, problem }) =>
      problemOf(committed.manifests.has(key) ? "manifest" : "file", key, problem),
    );
    if (lost !== null) problems.push(problemOf("state", STATE_PREFIX, lost));
    const counts = { files: 0, rows: 0, bytes: 0, expired: 0 };
    const objects: VerifiedObject[] = [];
    if (!wanted.warehouseOnly) {
      for (const object of subject.objects) {
        const { problems: found, ...verified } = await verifyObject(object, subject, runtime);
        problems.push(...found);
        for (const count of COUNTS) counts[count] += verified[count];
        const { expired: _, ...shown } = verified;
        if (committed.objects.has(object)) objects.push({ object, ...shown, problems: found.length });
      }
      const stray = await strayFiles(storage, committed, { catalog }, signal);
      problems.push(...stray.map(({ key, problem }) => problemOf("unnamed", key, problem)));
    }
    const warehouse = await comparison.compare(catalog, subject, wanted.waitMs);
    problems.push(...warehouse.problems);
    const selected = [...committed.files].filter(([, { object }]) => subject.objects.includes(object));
    return {
      destination: storage.location,
      runs: committed.runs,
      ...counts,
      superseded: selected.filter(([, { superseded }]) => superseded).length,
      accepted: selected.filter(([key]) => accepted.has(key)).length,
      filesRead: !wanted.warehouseOnly,
      warehouse:
        comparison.name === null
          ? null
          : { name: comparison.name, compared: warehouse.compared, tables: warehouse.tables },
      objects,
      problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
      ...conclusion(problems.length, warehouse.failures),
    };
  } finally {
    await comparison.close();
  }
}

/** The exit code, and the error of a warehouse that could not be compared. */
function conclusion(problems: number, failures: readonly Failure[]): Pick<VerifyResult, "exitCode" | "error"> {
  const [error] = failures;
  if (error !== undefined && problems === failures.length) return { exitCode: 7, error };
  return { exitCode: problems === 0 ? 0 : 6 };
}

/** The files to verify, and the files that no longer count. */
export interface Subject {
  readonly storage: Storage;
  readonly committed: Committed;
  readonly accepted: Set<string>;
  readonly mayBeGone: ReturnType<typeof retentionRule>;
  /** Names of the selected objects. */
  readonly objects: readonly string[];
}

/** The files of an object that count. */
export function* countingFiles(object: string, { committed, accepted }: Subject): Generator<[string, CommittedFile]> {
  for (const [key, file] of committed.files) {
    if (file.object === object && !file.superseded && !accepted.has(key)) yield [key, file];
  }
}

const COUNTS = ["files", "rows", "bytes", "expired"] as const;

/** Counts the files that are as committed, and returns the problems of the others. */
async function verifyObject(
  object: string,
  subject: Subject,
  { onEvent, signal }: Runtime,
): Promise<Record<(typeof COUNTS)[number], number> & { readonly problems: readonly VerifyProblem[] }> {
  const counts = { files: 0, rows: 0, bytes: 0, expired: 0 };
  const problems: VerifyProblem[] = [];
  const files = [...countingFiles(object, subject)].length;
  let done = 0;
  await inLanes(LANES, countingFiles(object, subject), async ([key, file]) => {
    signal.throwIfAborted();
    const problem = await checkFile(subject.storage, key, file, signal);
    if (problem === null) {
      counts.files += 1;
      counts.rows += file.rows;
      counts.bytes += file.bytes;
    } else if (problem === "missing" && subject.mayBeGone(file.run)) counts.expired += 1;
    else problems.push(problemOf("file", key, problem === "missing" ? "it is missing" : problem));
    done += 1;
    onEvent({ type: "file-verified", object, files, done });
  });
  return { ...counts, problems };
}

/**
 * Writes off a file, so that it no longer counts. Refuses files that no manifest names, and files that match their
 * manifest.
 */
async function writeOff(
  key: string,
  subject: Subject,
  isTableProblem: (key: string) => Promise<boolean>,
  { clock, signal }: Runtime,
): Promise<void> {
  const { storage, committed, accepted } = subject;
  const file = committed.files.get(key);
  const isDamaged = committed.manifests.has(key) && committed.problems.some((problem) => problem.key === key);
  if (file === undefined && !isDamaged) {
    throw new UsageError(`accept ${key}: no manifest in ${storage.location} names it`, {
      code: "usage.accept-unknown",
      hint: "Give the key of a file as `pardot-etl verify` shows it. Nothing was written.",
    });
  }
  const isSame = file !== undefined && !committed.problems.some((problem) => problem.key === key);
  if (isSame && (await checkFile(storage, key, file, signal)) === null && !(await isTableProblem(key))) {
    throw new UsageError(`accept ${key}: it matches what was committed`, {
      code: "usage.accept-sound",
      hint: "Accept only what `pardot-etl verify` reports as a problem. Nothing was written.",
    });
  }
  await accept(storage, { key, at: isoInstant(clock.now()) }, signal);
  accepted.add(key);
}

const RESTORE = "Restore it from the bucket's versions or a backup";

/** The ways to repair a destination, by kind of problem. */
const HINTS = {
  file: (key: string) =>
    `${RESTORE}. Or read the object again with \`pardot-etl run ${objectOf(key)} --full\`, which supersedes its older files. Or write it off with \`pardot-etl verify --accept ${key}\`.`,
  manifest: (key: string) =>
    `${RESTORE}: without it, the files it names cannot be verified. Or write it off with \`pardot-etl verify --accept ${key}\`.`,
  // A file that no manifest names may still be committed: by a manifest that is gone.
  unnamed: (key: string) =>
    `If no run is in progress, run \`pardot-etl run\`: it accounts for files that a killed run left. If the file stays unnamed, its manifest may be lost: restore _pardot_etl/runs from the bucket's versions or a backup, or read the object again with \`pardot-etl run ${objectOf(key)} --full\`. Keep the file until then.`,
  state: () => `${RESTORE}. Or start over with \`pardot-etl run --full\`, which reads the whole history again.`,
};

function problemOf(kind: keyof typeof HINTS, key: string, problem: string): VerifyProblem {
  return { key, problem, hint: HINTS[kind](key) };
}

function objectOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}
