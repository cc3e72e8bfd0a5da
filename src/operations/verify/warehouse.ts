import type { CatalogObject } from "../../catalog/catalog.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { PardotEtlError, UsageError } from "../../errors.ts";
import type { CommittedFile, Warehouse } from "../../warehouse/warehouse.ts";
import type { VerifyOptions, VerifyProblem } from "../api.ts";
import { openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { closeWarehouse } from "../run/load.ts";
import type { Subject } from "./verify.ts";

/** Between two comparisons with a warehouse that another tool loads. */
const COMPARE_MS = 15_000;

/** The result of comparing all tables. */
interface Compared {
  /** A clause for each table that was compared. */
  readonly compared: readonly string[];
  readonly problems: readonly VerifyProblem[];
}

interface Comparison {
  /** Null if there is no warehouse, or it is left out. */
  readonly name: string | null;
  /** Compares the tables of the given objects, repeatedly for at most `waitMs` while there are problems. */
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
  const nothing: Compared = { compared: [], problems: [] };
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
        if (found.problems.length === 0 || left <= 0) return found;
        await clock.sleep(Math.min(COMPARE_MS, left), signal);
      }
    },
    close: async () => closeWarehouse(warehouse, onEvent),
  };
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
      problems.push(...counts.map(({ key, problem, hint }) => ({ key, problem, hint: hint ?? LOAD_HINT })));
    } catch (error) {
      // A table that cannot be compared does not stop the others.
      if (signal.aborted || !(error instanceof PardotEtlError)) throw error;
      problems.push({
        key: object.table,
        problem: `it cannot be compared: ${error.message}`,
        hint: error.hint ?? LOAD_HINT,
      });
    }
  }
  return { compared, problems };
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
    yield { key, rows: file.rows, maxWatermark, isOptional };
    maxWatermark = null;
  }
}
