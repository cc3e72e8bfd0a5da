import { accept, readAccepted } from "../../manifest/accepted.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { loadState } from "../../state/journal.ts";
import { UsageError } from "../../errors.ts";
import { openStorage } from "../../storage/open.ts";
import type { Storage } from "../../storage/storage.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Surroundings, VerifyOptions, VerifyProblem, VerifyResult } from "../api.ts";
import { committedFiles } from "../committed-files.ts";
import type { Committed, CommittedFile } from "../committed-files.ts";
import { checkFile } from "../../land/landed-file.ts";
import { lostState } from "../lost-state.ts";
import { retentionRule } from "../../manifest/retention.ts";
import { unaccounted } from "./unaccounted.ts";
import { damagedManifest, fileProblem, lostStateProblem, unnamedFile } from "./problems.ts";
import { comparing } from "./warehouse.ts";

/** Files read at the same time. */
const LANES = 3;

const EVERYTHING: VerifyOptions = { objects: null, filesOnly: false, warehouseOnly: false, waitMs: 0, accept: null };

/**
 * Reads again what was committed and proves rows, bytes and hashes; looks for files that nothing accounts for; compares
 * the tables of the warehouse. What `--full` has read again and what was written off counts no longer. No call to Pardot
 * is made. Memory: one chunk for each lane, and a note of each file.
 */
export async function verify(
  config: CommittedConfig,
  options: Partial<VerifyOptions>,
  surroundings: Surroundings,
): Promise<VerifyResult> {
  const wanted = { ...EVERYTHING, ...options };
  const { clock, random, signal } = surroundings;
  const { destination, s3PathStyle } = config.etl;
  const storage = await (surroundings.openStorage ?? openStorage)(destination, { s3PathStyle, clock, random });
  // One that is damaged, or a warehouse that cannot be reached, is reported before hours of reading.
  const loaded = await loadState(storage, signal);
  const lost = await lostState({ storage, loaded }, signal);
  const comparison = await comparing(config, wanted, surroundings);
  try {
    const committed = await committedFiles(storage, null, signal);
    const accepted = new Set(await readAccepted(storage, signal));
    const catalog = config.catalog.filter(({ name }) => wanted.objects === null || wanted.objects.includes(name));
    const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
    const subject: Subject = { storage, committed, accepted, mayBeGone, objects: catalog.map(({ name }) => name) };
    if (wanted.accept !== null) {
      const isTableProblem = async (key: string): Promise<boolean> =>
        (await comparison.compare(catalog, subject)).problems.some((problem) => problem.key === key);
      await writeOff(wanted.accept, subject, isTableProblem, surroundings);
    }
    const ofManifests = wanted.warehouseOnly ? [] : committed.problems.filter(({ key }) => !accepted.has(key));
    const problems = ofManifests.map((problem) =>
      (committed.manifests.has(problem.key) ? damagedManifest : fileProblem)(problem),
    );
    if (lost !== null) problems.push(lostStateProblem(lost));
    const counts = { files: 0, rows: 0, bytes: 0, expired: 0 };
    if (!wanted.warehouseOnly) {
      for (const object of subject.objects)
        problems.push(...(await verifyObject(object, subject, counts, surroundings)));
      const unnamed = await unaccounted(storage, committed, { catalog }, signal);
      problems.push(...unnamed.map(unnamedFile));
    }
    const warehouse = await comparison.compare(catalog, subject, wanted.waitMs);
    problems.push(...warehouse.problems);
    const chosen = [...committed.files].filter(([, { object }]) => subject.objects.includes(object));
    return {
      destination: storage.location,
      runs: committed.runs,
      ...counts,
      superseded: chosen.filter(([, { superseded }]) => superseded).length,
      accepted: chosen.filter(([key]) => accepted.has(key)).length,
      filesRead: !wanted.warehouseOnly,
      warehouse: comparison.name === null ? null : { name: comparison.name, compared: warehouse.compared },
      problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
      exitCode: problems.length === 0 ? 0 : 6,
    };
  } finally {
    await comparison.close();
  }
}

/** What is verified, and what no longer counts. */
export interface Subject {
  readonly storage: Storage;
  readonly committed: Committed;
  readonly accepted: Set<string>;
  readonly mayBeGone: ReturnType<typeof retentionRule>;
  /** Names of the chosen objects. */
  readonly objects: readonly string[];
}

/** The files of an object that count. */
export function* countingFiles(object: string, { committed, accepted }: Subject): Generator<[string, CommittedFile]> {
  for (const [key, file] of committed.files) {
    if (file.object === object && !file.superseded && !accepted.has(key)) yield [key, file];
  }
}

type Counts = { -readonly [Key in "files" | "rows" | "bytes" | "expired"]: VerifyResult[Key] };

/** Counts what is as committed, and returns what is not. */
async function verifyObject(
  object: string,
  subject: Subject,
  counts: Counts,
  { onEvent, signal }: Surroundings,
): Promise<VerifyProblem[]> {
  const problems: VerifyProblem[] = [];
  const files = [...countingFiles(object, subject)].length;
  const todo = countingFiles(object, subject);
  let done = 0;
  const lane = async (): Promise<void> => {
    for (const [key, file] of todo) {
      signal.throwIfAborted();
      const problem = await checkFile(subject.storage, key, file, signal);
      if (problem === null) {
        counts.files += 1;
        counts.rows += file.rows;
        counts.bytes += file.bytes;
      } else if (problem === "missing" && subject.mayBeGone(file.run)) counts.expired += 1;
      else problems.push(fileProblem({ key, problem: problem === "missing" ? "it is missing" : problem }));
      done += 1;
      onEvent({ type: "file-verified", object, files, done });
    }
  };
  // Whatever fails, no lane reads on after the command has ended.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return problems;
}

/** Writes a file off, so that it counts no longer. Refuses what no manifest names, and what is as committed. */
async function writeOff(
  key: string,
  subject: Subject,
  isTableProblem: (key: string) => Promise<boolean>,
  { clock, signal }: Surroundings,
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
    throw new UsageError(`accept ${key}: it is as committed`, {
      code: "usage.accept-sound",
      hint: "Accept only what `pardot-etl verify` reports as a problem. Nothing was written.",
    });
  }
  await accept(storage, { key, at: isoInstant(clock.now()) }, signal);
  accepted.add(key);
}
