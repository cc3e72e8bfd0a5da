import type { CatalogObject } from "../../catalog/catalog.ts";
import type { CommittedConfig } from "../../config/config.ts";
import { PardotEtlError, UsageError } from "../../errors.ts";
import { openWarehouse } from "../../warehouse/open.ts";
import type { CommittedFile, Warehouse } from "../../warehouse/warehouse.ts";
import type { Surroundings, VerifyOptions, VerifyProblem } from "../api.ts";
import { closeWarehouse } from "../run/load-all.ts";
import type { Subject } from "./verify.ts";

/** Between two looks at a warehouse that something else loads. */
const LOOK_MS = 15_000;

/** What a comparison of all tables has shown. */
interface Compared {
  /** What was compared, a clause for each table. */
  readonly compared: readonly string[];
  readonly problems: readonly VerifyProblem[];
}

interface Comparing {
  /** Null when there is no warehouse, or it is not to be looked at. */
  readonly name: string | null;
  /** Compares the tables of the given objects, again for at most `waitMs` while they lack something. */
  compare(objects: readonly CatalogObject[], subject: Subject, waitMs?: number): Promise<Compared>;
  close(): Promise<void>;
}

/** Opens the warehouse for comparisons, and proves that it can be reached. */
export async function comparing(
  config: CommittedConfig,
  { filesOnly, warehouseOnly, waitMs }: VerifyOptions,
  surroundings: Surroundings,
): Promise<Comparing> {
  const hasWarehouse = config.etl.warehouse.kind !== "none";
  if (filesOnly && (warehouseOnly || waitMs > 0)) {
    throw usage("--files-only leaves the warehouse out", "Leave out --files-only, or --warehouse-only and --wait.");
  }
  if (!hasWarehouse && (warehouseOnly || waitMs > 0)) {
    throw usage("no warehouse is configured", "Set PARDOT_ETL_WAREHOUSE, or leave out --warehouse-only and --wait.");
  }
  const nothing: Compared = { compared: [], problems: [] };
  if (filesOnly || !hasWarehouse) return { name: null, compare: async () => nothing, close: async () => undefined };
  const { clock, onEvent, signal } = surroundings;
  const open = surroundings.openWarehouse ?? openWarehouse;
  const warehouse = await open(config.etl.warehouse, { tmpDir: config.etl.tmpDir, onEvent });
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
        await clock.sleep(Math.min(LOOK_MS, left), signal);
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
    // A Snowflake table that does not exist is no problem while nothing was committed for it.
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
      // One table that cannot be compared leaves the others to be.
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
  "Run `pardot-etl check`, which tries the warehouse, then see whether what loads its tables is at work.";

/** Every file that a manifest names: a table may have taken those that count no longer before. */
async function* filesFor(
  object: CatalogObject,
  { committed, accepted, mayBeGone }: Subject,
): AsyncGenerator<CommittedFile> {
  // The greatest watermark of all files goes with the first: a note of each would cost more memory than the files' names.
  let maxWatermark = committed.objects.get(object.name)?.watermark ?? null;
  for (const [key, file] of committed.files) {
    if (file.object !== object.name) continue;
    const isOptional = file.superseded || file.isLeft || accepted.has(key) || mayBeGone(file.run);
    yield { key, rows: file.rows, maxWatermark, isOptional };
    maxWatermark = null;
  }
}
