import type { CatalogObject } from "../../catalog/catalog.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { failureOf, PardotEtlError, UsageError } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import type { CommittedFile, Warehouse } from "../../warehouse/warehouse.ts";
import type { VerifyOptions, VerifyProblem } from "../api.ts";
import { openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { closeWarehouse } from "../run/load.ts";
import type { Instant } from "../../time/instant.ts";
import { recordedSince } from "./stray-files.ts";
import type { Subject } from "./verify.ts";

/** Between two comparisons with a warehouse that another tool loads. */
const COMPARE_MS = 15_000;

/** The result of comparing all tables. */
interface Compared {
  /** A clause for each table that was compared. */
  readonly compared: readonly string[];
  readonly problems: readonly VerifyProblem[];
  /** Why tables could not be compared: one of the problems for each. */
  readonly failures: readonly Failure[];
}

interface Comparison {
  /** Null if there is no warehouse, or it is left out. */
  readonly name: string | null;
  /**
   * Compares the tables of the given objects. Repeats it for at most `waitMs` while they lack files that were committed
   * less than `waitMs` ago, or for another reason cannot be called complete yet.
   */
  compare(objects: readonly CatalogObject[], subject: Subject, waitMs?: number): Promise<Compared>;
  close(): Promise<void>;
}

/** Opens the warehouse for comparisons, and checks that it is reachable. */
export async function openComparison(
  config: CommittedConfig,
  { filesOnly, warehouseOnly, waitMs }: VerifyOptions,
  runtime: Runtime,
): Promise<Comparison> {
  const hasWarehouse = config.etl.warehouse.kind !== "none";
  if (filesOnly && (warehouseOnly || waitMs > 0)) {
    throw usage("--files-only skips the warehouse", "Leave out --files-only, or --warehouse-only and --wait.");
  }
  if (!hasWarehouse && (warehouseOnly || waitMs > 0)) {
    throw usage("no warehouse is configured", "Set PARDOT_ETL_WAREHOUSE, or leave out --warehouse-only and --wait.");
  }
  const nothing: Compared = { compared: [], problems: [], failures: [] };
  if (filesOnly || !hasWarehouse) return { name: null, compare: async () => nothing, close: async () => undefined };
  const { clock, onEvent, signal } = runtime;
  const warehouse = await openTables(config, runtime);
  try {
    await warehouse.check(signal);
  } catch (error) {
    await closeWarehouse(warehouse, onEvent);
    throw error;
  }
  return {
    name: warehouse.name,
    compare: async (objects, subject, wait = 0) => {
      const until = clock.monotonic() + wait;
      for (;;) {
        const found = await compareAll(warehouse, objects, subject, signal);
        const left = until - clock.monotonic();
        const mayChange = found.problems.some((problem) => isAwaited(problem, subject, clock.now() - wait));
        if (!mayChange || left <= 0) return found;
        await clock.sleep(Math.min(COMPARE_MS, left), signal);
      }
    },
    close: async () => closeWarehouse(warehouse, onEvent),
  };
}

/** Whether waiting may end a problem. `since`: a file that was committed earlier has had its time. */
function isAwaited({ key, state }: VerifyProblem, { committed }: Subject, since: Instant): boolean {
  if (state !== undefined && state !== "missing") return false;
  const { finishedAt = null, startedAt = null } = committed.files.get(key)?.run ?? {};
  return (finishedAt ?? startedAt ?? Infinity) > since;
}

function usage(cause: string, hint: string): UsageError {
  return new UsageError(`verify the warehouse: ${cause}`, { code: "usage.verify", hint });
}

async function compareAll(
  warehouse: Warehouse,
  objects: readonly CatalogObject[],
  subject: Subject,
  signal: AbortSignal,
): Promise<Compared> {
  const { committed, accepted, mayBeGone } = subject;
  const compared: string[] = [];
  const problems: VerifyProblem[] = [];
  const failures: Failure[] = [];
  for (const object of objects) {
    // A Snowflake table that does not exist is not a problem while nothing was committed for it.
    if (!committed.objects.has(object.name)) continue;
    try {
      const found = await warehouse.compare(object, filesFor(object, subject), signal);
      if (found.compared !== "") compared.push(found.compared);
      const counts = found.problems.filter(({ key }) => {
        const file = committed.files.get(key);
        return !accepted.has(key) && (file === undefined || !(file.superseded || mayBeGone(file.run)));
      });
      problems.push(...counts.map((problem) => ({ ...problem, hint: problem.hint ?? LOAD_HINT })));
    } catch (error) {
      // A table that cannot be compared does not stop the others.
      if (signal.aborted || !(error instanceof PardotEtlError)) throw error;
      failures.push(failureOf(error));
      problems.push({
        key: object.table,
        problem: `it cannot be compared: ${error.message}`,
        hint: error.hint ?? LOAD_HINT,
      });
    }
  }
  return { compared, problems: await withoutRecorded(problems, subject, signal), failures };
}

/** Leaves out files that a run in progress has landed or committed since, which Snowpipe loads at once. */
async function withoutRecorded(
  problems: readonly VerifyProblem[],
  { storage, committed }: Subject,
  signal: AbortSignal,
): Promise<readonly VerifyProblem[]> {
  if (!problems.some(({ state }) => state === "not committed yet")) return problems;
  const { recorded } = await recordedSince(storage, committed, signal);
  return problems.filter(({ key, state }) => state !== "not committed yet" || !recorded.has(key));
}

const LOAD_HINT =
  "Run `pardot-etl check`, which tests the warehouse, then check whether the loader of its tables is running.";

/** Every file that a manifest names: a table may have loaded files before they stopped counting. */
async function* filesFor(
  object: CatalogObject,
  { committed, accepted, mayBeGone }: Subject,
): AsyncGenerator<CommittedFile> {
  // The greatest watermark of all files goes with the first: one for each would take more memory than the files' names.
  let maxWatermark = committed.objects.get(object.name)?.watermark ?? null;
  for (const [key, file] of committed.files) {
    if (file.object !== object.name) continue;
    const isOptional = file.superseded || file.isLeft || accepted.has(key) || mayBeGone(file.run);
    yield { key, rows: file.rows, maxWatermark, isOptional, readAt: file.readAt };
    maxWatermark = null;
  }
}
