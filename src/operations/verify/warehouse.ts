import type { CatalogObject } from "../../catalog/catalog.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { failureOf, PardotEtlError, UsageError } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import type { CommittedFile, Comparison, TableProblem, Warehouse } from "../../warehouse/warehouse.ts";
import type { VerifiedTable, VerifyOptions, VerifyProblem } from "../api.ts";
import { closeWarehouse, openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import type { CommittedFile as NamedFile } from "../committed-files.ts";
import type { Instant } from "../../time/instant.ts";
import { recordedSince } from "./stray-files.ts";
import type { Subject } from "./verify.ts";

/** Between two comparisons with a warehouse that another tool loads. */
const COMPARE_MS = 15_000;

/** The result of comparing all tables. */
interface Compared {
  /** A clause for each table that was compared. */
  readonly compared: readonly string[];
  readonly tables: readonly VerifiedTable[];
  readonly problems: readonly VerifyProblem[];
  /** Why tables could not be compared: one of the problems for each. */
  readonly failures: readonly Failure[];
}

interface OpenComparison {
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
): Promise<OpenComparison> {
  const hasWarehouse = config.etl.warehouse.kind !== "none";
  if (filesOnly && (warehouseOnly || waitMs > 0)) {
    throw usage("--files-only skips the warehouse", "Leave out --files-only, or --warehouse-only and --wait.");
  }
  if (!hasWarehouse && (warehouseOnly || waitMs > 0)) {
    throw usage("no warehouse is configured", "Set PARDOT_ETL_WAREHOUSE, or leave out --warehouse-only and --wait.");
  }
  const nothing: Compared = { compared: [], tables: [], problems: [], failures: [] };
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
        const found = await compareAll(warehouse, objects, subject, runtime);
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
  { onEvent, signal }: Runtime,
): Promise<Compared> {
  const { committed, accepted, mayBeGone } = subject;
  const compared: string[] = [];
  const done: ComparedTable[] = [];
  const problems: VerifyProblem[] = [];
  const failures: Failure[] = [];
  for (const object of objects) {
    // A Snowflake table that does not exist is not a problem while nothing was committed for it.
    if (!committed.objects.has(object.name)) continue;
    const about = { object: object.name, table: object.table };
    onEvent({ type: "table-comparing", ...about });
    try {
      const found = await warehouse.compare(object, filesFor(object, subject), signal);
      if (found.compared !== "") compared.push(found.compared);
      const counts = found.problems.filter(({ key }) => {
        const file = committed.files.get(key);
        return !accepted.has(key) && (file === undefined || !(file.superseded || mayBeGone(file.run)));
      });
      const hinted = counts.map((problem) => ({ ...problem, hint: problem.hint ?? LOAD_HINT }));
      problems.push(...hinted);
      if (found.compared !== "") done.push({ ...about, found, problems: hinted });
      onEvent({ type: "table-compared", ...about, failure: null });
    } catch (error) {
      // A table that cannot be compared does not stop the others.
      if (signal.aborted || !(error instanceof PardotEtlError)) throw error;
      failures.push(failureOf(error));
      problems.push({
        key: object.table,
        problem: `it cannot be compared: ${error.message}`,
        hint: error.hint ?? LOAD_HINT,
      });
      onEvent({ type: "table-compared", ...about, failure: error.message });
    }
  }
  const kept = await withoutRecorded(problems, subject, signal);
  const tables = done.map((each) => verifiedTable(each, new Set(kept), subject));
  return { compared, tables, problems: kept, failures };
}

interface ComparedTable {
  readonly object: string;
  readonly table: string;
  readonly found: Comparison;
  readonly problems: readonly VerifyProblem[];
}

/** Counts the problems of a table that are among those that `kept` has. */
function verifiedTable(
  { object, table, found, problems: all }: ComparedTable,
  kept: ReadonlySet<VerifyProblem>,
  subject: Subject,
): VerifiedTable {
  const problems = all.filter((problem) => kept.has(problem));
  const { compared, isByFile = false } = found;
  const required = new Set<string>();
  for (const [key, file] of subject.committed.files) {
    if (file.object === object && !isOptional(key, file, subject)) required.add(key);
  }
  const count = (state: TableProblem["state"]): number =>
    problems.filter((problem) => problem.state === state && required.has(problem.key)).length;
  const [missing, loadedAgain, differs] = [count("missing"), count("loaded again"), count("differs")];
  const faults = missing + loadedAgain + differs;
  // If the table as a whole is at fault, rows of any file may be concerned.
  const isWhole = problems.some(({ key }) => key === table);
  const loadedOnce = isByFile && !isWhole ? required.size - faults : null;
  return { object, table, compared, loadedOnce, missing, loadedAgain, differs, others: problems.length - faults };
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
async function* filesFor(object: CatalogObject, subject: Subject): AsyncGenerator<CommittedFile> {
  // The greatest watermark of all files goes with the first: one for each would take more memory than the files' names.
  const { committed } = subject;
  let maxWatermark = committed.objects.get(object.name)?.watermark ?? null;
  for (const [key, file] of committed.files) {
    if (file.object !== object.name) continue;
    yield { key, rows: file.rows, maxWatermark, isOptional: isOptional(key, file, subject), readAt: file.readAt };
    maxWatermark = null;
  }
}

/** Whether a table may lack a file. */
function isOptional(key: string, file: NamedFile, { accepted, mayBeGone }: Subject): boolean {
  return file.superseded || file.isLeft || accepted.has(key) || mayBeGone(file.run);
}
