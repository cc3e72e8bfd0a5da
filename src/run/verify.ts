import type { CommittedConfig } from "../config/config.ts";
import { loadState, STATE_PREFIX } from "../commit/journal.ts";
import { UsageError } from "../errors.ts";
import { openStorage } from "../storage/open.ts";
import { openWarehouse } from "../warehouse/open.ts";
import type { CommittedFile } from "../warehouse/warehouse.ts";
import type { Surroundings, VerifyProblem, VerifyResult } from "./api.ts";
import { committedFiles } from "./committed-files.ts";
import type { Committed } from "./committed-files.ts";
import { checkFile } from "./landed-file.ts";
import { lostState } from "./lost-state.ts";
import { retentionRule } from "./retention.ts";
import { unaccounted } from "./unaccounted.ts";

/** Files read side by side. */
const LANES = 3;

/**
 * Reads again what was committed, by one run or by all, and proves rows, bytes and hashes; looks for files that nobody
 * accounts for, and at the warehouse where there is one. No call to Pardot is made. Memory: one chunk for each lane, and
 * a note of each file.
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
  const loaded = await loadState(storage, signal);
  const committed = await committedFiles(storage, runId, signal);
  if (runId !== null && committed.manifests.size === 0) {
    throw new UsageError(`verify run ${runId}: ${storage.location} has no manifest of it`, {
      code: "usage.unknown-run",
      hint: 'See "pardot-etl status" for the runs there are. A run that was killed has none before the next one, which accounts for its files.',
    });
  }
  const problems = [...committed.problems];
  const lost = await lostState({ storage, loaded }, signal);
  if (lost !== null) problems.push({ key: STATE_PREFIX, problem: lost });
  const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
  const todo = committed.files.entries();
  let files = 0;
  let rows = 0;
  let bytes = 0;
  let expired = 0;
  const lane = async (): Promise<void> => {
    for (const [key, file] of todo) {
      if (file.superseded) continue;
      const problem = await checkFile(storage, key, file, signal);
      if (problem === "missing" && mayBeGone(file.run)) expired += 1;
      else if (problem !== null) problems.push({ key, problem: problem === "missing" ? "it is missing" : problem });
      files += 1;
      rows += file.rows;
      bytes += file.bytes;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  if (runId === null) problems.push(...(await unaccounted(storage, committed, config, signal)));
  problems.push(...(await compareWarehouse(config, runId, committed, { onEvent, signal })));
  return {
    destination: storage.location,
    runs: committed.runs,
    files,
    rows,
    bytes,
    expired,
    problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    exitCode: problems.length === 0 ? 0 : 6,
  };
}

/** What a table is compared with; it may lack what was read again. */
async function* filesOf(object: string, { files, objects }: Committed): AsyncGenerator<CommittedFile> {
  const maxWatermark = objects.get(object)?.watermark ?? null;
  for (const [key, file] of files) {
    if (file.object === object)
      yield { key, rows: file.rows, maxWatermark, isOptional: file.superseded || file.isLeft };
  }
}

/** Compares the tables with what was committed for them. */
async function compareWarehouse(
  config: CommittedConfig,
  runId: string | null,
  committed: Committed,
  { onEvent, signal }: Pick<Surroundings, "onEvent" | "signal">,
): Promise<VerifyProblem[]> {
  if (config.etl.warehouse.kind === "none") return [];
  const warehouse = await openWarehouse(config.etl.warehouse, { tmpDir: config.etl.tmpDir, onEvent });
  const problems: VerifyProblem[] = [];
  try {
    await warehouse.check(signal);
    for (const object of config.catalog) {
      const compared = await warehouse.compare(object, filesOf(object.name, committed), signal, {
        isPart: runId !== null,
      });
      problems.push(
        ...compared.problems.map(({ key, problem, hint }) => ({
          key,
          problem: hint === null ? problem : `${problem}. ${hint}`,
        })),
      );
    }
  } finally {
    await warehouse.close();
  }
  return problems;
}
