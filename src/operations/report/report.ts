import type { ReportConfig } from "../../config/config.ts";
import { UsageError } from "../../errors.ts";
import { readAccepted } from "../../manifest/accepted.ts";
import { manifestKeys } from "../../manifest/manifests.ts";
import { objectState } from "../../state/state.ts";
import type { StatusResult, StatusRun } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { status as readStatus } from "../status/status.ts";
import { openStore } from "../store.ts";
import type { Store } from "../store.ts";
import type { ReportedFile, RunReport } from "./api.ts";
import { readRuns } from "./manifests.ts";
import type { ReadRun } from "./manifests.ts";
import { rejectsOf } from "./rejects.ts";

/**
 * Collects what the tool keeps about a run: its record in the state, its manifest and those of the runs before it, and
 * the state of the destination now. `runId`: null for the newest run. Makes no call to Pardot and does not open the
 * warehouse. Throws UsageError (exit 2) if there is no run yet, or no run with this id.
 */
export async function report(config: ReportConfig, runId: string | null, runtime: Runtime): Promise<RunReport> {
  const { clock, signal } = runtime;
  const status = await readStatus(config, runtime);
  const store = await openStore(config, runtime);
  const keys = (await manifestKeys(store.storage, signal)).map((manifest) => manifest.runId);
  const chosen = chooseRun(runId, status, keys);
  const read = await readRuns(store.storage, keys, chosen, config.pardot.accountTimeZone, signal);
  const { kind: warehouse } = config.etl.warehouse;
  const own = read.run;
  const { runs } = store.loaded.state;
  const now = clock.now();
  const after = new Set([...status.runs.map((run) => run.runId), ...keys].filter((id) => id > chosen));
  return {
    createdAt: now,
    pardotNow: now + (runs.findLast(({ aheadMs }) => aheadMs !== undefined)?.aheadMs ?? 0),
    run: status.runs.find((run) => run.runId === chosen) ?? recordOf(chosen, own),
    quota: runs.find((run) => run.runId === chosen)?.quota ?? null,
    laterRuns: after.size,
    manifest: own.manifest,
    manifestProblem: own.problem,
    objects: await objectsOf(own, store, warehouse, signal),
    leftFiles: own.leftFiles,
    exports: own.exports,
    moreExports: own.moreExports,
    history: read.history,
    isHistoryCut: read.isCut,
    firstRecords: read.firstRecords,
    status,
    warehouse,
  };
}

/** Run ids begin with the time at which the run began, so that their order is that of the runs. */
function chooseRun(runId: string | null, { runs, destination }: StatusResult, keys: readonly string[]): string {
  const known = [...runs.map((run) => run.runId), ...keys].toSorted();
  const newest = known.at(-1);
  if (newest === undefined) {
    throw new UsageError(`report a run: there is none in ${destination}`, {
      code: "usage.no-run",
      hint: "Start one with `pardot-etl run`, or check PARDOT_ETL_DESTINATION.",
    });
  }
  if (runId === null || known.includes(runId)) return runId ?? newest;
  throw new UsageError(`report a run: there is no run ${runId} in ${destination}`, {
    code: "usage.run-unknown",
    hint: `\`pardot-etl status\` lists the last runs; the newest is ${newest}.`,
  });
}

/** The record of a run that the state has forgotten, or that has only a manifest because the state is gone. */
function recordOf(runId: string, { manifest, objects }: ReadRun): StatusRun {
  const error = manifest?.objects.find((object) => object.error !== null)?.error ?? null;
  return {
    runId,
    startedAt: manifest?.started_at ?? "",
    finishedAt: manifest?.finished_at ?? null,
    status: manifest?.status ?? "failed",
    exitCode: null,
    code: error?.code ?? null,
    reason: error?.message ?? null,
    hint: error?.hint ?? null,
    rows: objects.reduce((sum, { rows }) => sum + rows, 0),
    files: objects.reduce((sum, { files }) => sum + files, 0),
    calls: manifest?.api_calls.total ?? 0,
  };
}

async function objectsOf(
  run: ReadRun,
  { storage, loaded }: Store,
  warehouse: RunReport["warehouse"],
  signal: AbortSignal,
): Promise<RunReport["objects"]> {
  const accepted = await readAccepted(storage, signal);
  const objects: RunReport["objects"][number][] = [];
  for (const { listed, ...object } of run.objects) {
    const { object: name, rejected_rows: count = 0 } = object.entry;
    const waiting = new Set(objectState(loaded.state, name).notLoaded.map(({ key }) => key));
    const loadOf = (key: string): ReportedFile["load"] => {
      if (accepted.has(key)) return "written off";
      if (warehouse !== "duckdb") return "unknown";
      return waiting.has(key) ? "waiting" : "recorded";
    };
    objects.push({
      ...object,
      listed: listed.map((file) => ({ ...file, load: loadOf(file.key) })),
      rejects: count === 0 || run.manifest === null ? [] : await rejectsOf(storage, run.manifest.run_id, name, signal),
    });
  }
  return objects;
}
