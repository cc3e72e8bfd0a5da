import { asError, failureOf } from "../../errors.ts";
import { warn } from "../../events.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import type { Instant } from "../../time/instant.ts";
import type { Loader } from "../../warehouse/warehouse.ts";
import type { RunResult } from "../api.ts";
import type { Run } from "./context.ts";
import { loadObject } from "./load-object.ts";
import { pastFiles } from "./loadable.ts";
import type { PastFiles } from "./loadable.ts";

export interface Loaded {
  readonly tables: RunResult["loaded"];
  readonly failures: RunResult["notLoaded"];
  /** The first failure, or the stop request. */
  readonly error: Error | null;
}

/** The loading of one run's objects. */
export interface Loading {
  readonly run: Run;
  readonly loader: Loader;
  /** The manifest of this run. */
  readonly manifest: Manifest;
  readonly past: PastFiles;
}

/**
 * Loads the committed files into the embedded warehouse. A failure belongs to its object and becomes the run's; the
 * files stay committed, the next run offers them again, and the other objects are loaded anyway.
 */
export async function load(run: Run, manifest: Manifest, now: Instant): Promise<Loaded> {
  const { warehouse, onEvent, drain } = run;
  const { loader } = warehouse;
  const tables: RunResult["loaded"][number][] = [];
  const failures: RunResult["notLoaded"][number][] = [];
  if (loader === null) return { tables, failures, error: null };
  const fail = (object: string, error: Error): void => {
    failures.push({ object, error });
    const { code, message } = failureOf(error);
    onEvent({ type: "object-failed", object, code, message });
  };
  const loading: Loading = { run, loader, manifest, past: pastFiles(run, now) };
  const refilled: string[] = [];
  for (const object of run.objects) {
    try {
      const { name, table } = object;
      const { rows, refilled: files, failure, ...replaced } = await loadObject(object, loading);
      if (rows !== null) tables.push({ object: name, table, rows, ...replaced });
      if (files > 0) refilled.push(`${table} ${files}`);
      if (failure !== null) fail(name, failure);
    } catch (error) {
      const failure = asError(error);
      // A run that has to stop loads nothing more; that is not an object's failure.
      if (drain.aborted) return { tables, failures, error: failure };
      fail(object.name, failure);
    }
  }
  if (refilled.length > 0) {
    const message = `${warehouse.name} lacked files that were committed before this run and has them now: ${refilled.join(", ")}. The database was new, replaced or lost, or a table was dropped`;
    warn(onEvent, "warehouse.refilled", message);
  }
  return { tables, failures, error: failures[0]?.error ?? null };
}
