import type { Config } from "../../config/config.ts";
import { manifestBytes, manifestKey } from "../../manifest/manifest.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Change, RunError, RunRecord, State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Instant } from "../../time/instant.ts";
import { isoInstant } from "../../time/instant.ts";
import { readManifest } from "../../manifest/manifests.ts";

export interface FenceInput {
  readonly config: { readonly pardot: Pick<Config["pardot"], "businessUnitId" | "timeZone"> };
  readonly state: State;
  readonly storage: Storage;
  /** Pardot's time is not known yet: this machine's. */
  readonly now: Instant;
  readonly signal: AbortSignal;
}

/**
 * Ends the runs that never said that they ended. Each gets a manifest that says so and names nothing, unless it has
 * written its own: should such a run only have slept, it finds the name taken when it wakes up and commits nothing.
 * To be called by the holder of the lease; answers what is to be recorded.
 */
export async function fenceDeadRuns(input: FenceInput): Promise<Change[]> {
  const changes: Change[] = [];
  for (const record of input.state.runs.filter(({ status }) => status === "running")) {
    changes.push({ type: "run-finished", ...(await fence(record, input)) });
  }
  return changes;
}

/** Code of the warning in a manifest that was written in a run's stead. */
const TAKEN_OVER = "run.taken-over";

async function fence(record: RunRecord, { config, storage, now, signal }: FenceInput): Promise<RunRecord> {
  const { runId, startedAt } = record;
  const at = isoInstant(now);
  const message = "the run ended before it could commit, and a later one has taken over";
  const manifest: Manifest = {
    format_version: 1,
    run_id: runId,
    business_unit: config.pardot.businessUnitId,
    started_at: isoInstant(Date.parse(startedAt)),
    finished_at: at,
    status: "failed",
    time_zone: config.pardot.timeZone,
    now: at,
    api_calls: { total: 0, by_kind: {} },
    objects: [],
    warnings: [{ code: TAKEN_OVER, object: null, message }],
  };
  const key = manifestKey(runId);
  const outcome = await storage.create(key, manifestBytes(manifest), signal);
  // What the run wrote before it died; where that cannot be read, `verify` says so.
  const own = outcome === "written" ? manifest : ((await readManifest(storage, runId, signal)) ?? manifest);
  const files = own.objects.flatMap((object) => object.files);
  const isTakenOver = outcome === "written" || own.warnings.some(({ code }) => code === TAKEN_OVER);
  return {
    runId,
    startedAt,
    finishedAt: new Date(Date.parse(own.finished_at)).toISOString(),
    status: "died",
    error: runDied(!isTakenOver && own !== manifest),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files: files.length,
    calls: own.api_calls.total,
    // One that has written its own manifest has nothing in flight any more; a manifest in its stead may also be that of
    // a run which died while it took over.
    ...(isTakenOver ? { takenOver: true as const } : {}),
  };
}

/** Why a run died, as far as that can be seen from outside. */
export function runDied(hasCommitted: boolean): RunError {
  const when = hasCommitted ? "after it had committed" : "before it could commit";
  return {
    code: "run.died",
    message: `the run's process ended ${when}, without a word: it was killed, or ran out of memory`,
    hint: "Run again: the next run takes over and goes on from there. If it happens again, look for the reason at the machine or container.",
  };
}
