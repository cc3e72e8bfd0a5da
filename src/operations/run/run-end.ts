import type { Manifest, ManifestWarning } from "../../manifest/manifest.ts";
import { warningsByCode, type RunError } from "../../state/run-record.ts";
import type { Change } from "../../state/state.ts";
import type { Config } from "../../config/config.ts";
import { exitCodeOf } from "../../errors.ts";
import type { Instant } from "../../time/instant.ts";
import { manifestError } from "./outcomes.ts";

/** What a run knows of itself when it ends. */
export interface EndedRun {
  readonly runId: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
  readonly calls: number;
  readonly warnings: readonly ManifestWarning[];
  /** How far Pardot's clock is ahead of ours. */
  readonly aheadMs: number;
  /** The account's, where the API reported it. */
  readonly quota: { readonly used: number; readonly max: number } | null;
}

/** The record of a run that has committed; `error` is what it ends with. */
export function runFinished(
  run: EndedRun,
  manifest: Manifest,
  error: Error | null,
  { objects, configuredObjects }: Pick<Config["etl"], "objects" | "configuredObjects">,
): Change {
  const files = manifest.objects.flatMap((object) => object.files);
  const hasAll = configuredObjects.every((name) => objects.includes(name));
  const isWhole = hasAll && manifest.objects.every(({ status }) => status === "complete");
  return {
    ...recordOf(run),
    // What is committed and could not be loaded is in the manifest, but not where people look for it.
    status: error !== null && manifest.status === "complete" ? "partial" : manifest.status,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    files: files.length,
    ...ending(error),
    ...(isWhole ? { isWhole } : {}),
  };
}

/** The record of a run that could not begin, or ended before it could commit. */
export function runStopped(run: EndedRun, error: Error): Change {
  return { ...recordOf(run), status: "failed", rows: 0, files: 0, ...ending(error) };
}

function recordOf({ runId, startedAt, finishedAt, calls, aheadMs, quota, warnings }: EndedRun) {
  return {
    type: "run-finished" as const,
    runId,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(finishedAt).toISOString(),
    calls,
    aheadMs,
    ...(quota === null ? {} : { quota }),
    ...(warnings.length === 0 ? {} : { warnings: warningsByCode(warnings) }),
  };
}

function ending(error: Error | null): { readonly exitCode: number; readonly error?: RunError } {
  if (error === null) return { exitCode: 0 };
  const { code, message, hint } = manifestError(error);
  return { exitCode: exitCodeOf(error), error: { code, message, hint } };
}
