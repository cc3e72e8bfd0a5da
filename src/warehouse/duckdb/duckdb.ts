import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { ConfigError, WarehouseError } from "../../errors.ts";
import { NEVER } from "../../platform/clock.ts";
import type { LocalText } from "../../time/instant.ts";
import { UNIT } from "./sql.ts";
import { repairHint, withoutTable } from "./compare.ts";
import type { DuckdbOperations, Input } from "./protocol.ts";
import { pluralize } from "../../text.ts";
import { matchFiles, noteFiles, problemsOf } from "../loaded-files.ts";
import { NO_TABLE } from "../warehouse.ts";
import type {
  CommittedFile,
  Comparison,
  LoadedFile,
  LoadedRows,
  LoadFile,
  Loader,
  SettledTable,
  TableState,
  Warehouse,
} from "../warehouse.ts";
import { Worker } from "../worker.ts";

/** Keys in one request. */
const KEYS_MAX = 1000;

/**
 * The embedded warehouse: a DuckDB database file. Its process (up to about 1 GB) starts at the first use and keeps the
 * database open as long as it lives. Only a load creates a missing database. Calls may overlap: they run in order.
 */
export class DuckdbWarehouse implements Warehouse, Loader {
  readonly name: string;
  readonly #path: string;
  readonly #worker: Worker<DuckdbOperations>;
  #unit: string | null = null;

  constructor(path: string, options: { readonly tmpDir: string }) {
    this.name = `duckdb:${path}`;
    this.#path = resolve(path);
    this.#worker = new Worker({
      warehouse: this.name,
      name: "DuckDB",
      entry: new URL("./process.ts", import.meta.url),
      deathHint:
        "Nothing of this load was committed. Run again. If it was killed for its memory (up to about 1 GB), give the machine more.",
      tmpDir: options.tmpDir,
      open: { doing: "open", input: (tempDir) => ({ path: this.#path, tempDir }) },
    });
  }

  get loader(): Loader {
    return this;
  }

  /** The operating system's id of the process that holds the database; null when there is none. */
  get processId(): number | null {
    return this.#worker.processId;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#worker.serialize(async () => {
      if (await this.#exists()) await this.#worker.start(signal);
    });
  }

  async claim(unit: string, hasCommitted: boolean, signal: AbortSignal): Promise<void> {
    const missing = { owner: null, hasLoads: false };
    const { owner, hasLoads } = await this.#askIfExists("owner", null, "read", missing, signal);
    if (owner === null ? hasLoads && !hasCommitted : owner !== unit) throw this.#foreign(unit, owner);
    this.#unit = unit;
  }

  async tableState({ table, watermark }: CatalogObject, now: LocalText, signal: AbortSignal): Promise<TableState> {
    return this.#askIfExists("tableState", { table, watermark, now }, `read ${table} from`, NO_TABLE, signal);
  }

  async settled({ table }: CatalogObject, signal: AbortSignal): Promise<number> {
    return this.#askIfExists("settled", { table }, `read ${table} from`, 0, signal);
  }

  async unloaded({ table }: CatalogObject, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const found: string[] = [];
    for (let start = 0; start < keys.length; start += KEYS_MAX) {
      const some = keys.slice(start, start + KEYS_MAX);
      found.push(...(await this.#askIfExists("unloaded", { table, keys: some }, `read ${table} from`, some, signal)));
    }
    return found;
  }

  async settle({ table }: CatalogObject, settled: SettledTable, signal: AbortSignal): Promise<number | null> {
    return this.#askIfExists("settle", { table, ...settled }, `settle ${table} in`, null, signal);
  }

  /** By the log of the loads. */
  async *loadedFiles({ table }: CatalogObject, signal: AbortSignal): AsyncIterable<LoadedFile> {
    for (let after: string | null = null; ;) {
      const input: Input<"loadedFiles"> = { table, after };
      const page = await this.#askIfExists("loadedFiles", input, `read ${table} from`, [], signal);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.file;
    }
  }

  /** Every load adds the columns that its files have. */
  async schema(signal: AbortSignal): Promise<null> {
    signal.throwIfAborted();
    return null;
  }

  /** None are kept: a run reports the files that DuckDB refuses, and the next one tries them again. */
  async *refusals(_object: CatalogObject, signal: AbortSignal): AsyncIterable<never> {
    signal.throwIfAborted();
    yield* [];
  }

  async compare(
    object: CatalogObject,
    committed: AsyncIterable<CommittedFile>,
    signal: AbortSignal,
  ): Promise<Comparison> {
    const { table, key } = object;
    const noted = await noteFiles(committed);
    if (!(await this.#exists()))
      return withoutTable(object, noted.count, `it does not exist, and neither does ${this.#path},`);
    const checked = await this.#askIfExists("checkTable", { table, key }, `read ${table} from`, null, signal);
    if (checked === null) return withoutTable(object, noted.count, "it does not exist");
    const { faults } = await matchFiles(table, noted, this.loadedFiles(object, signal), { seesEmpty: true });
    const problems = problemsOf(table, faults, (fault) => repairHint(object, fault));
    const named = new Set(faults.map((fault) => fault.key));
    // Rows of a file that the log of the loads lacks are no second problem.
    const others = checked.problems.filter((problem) => problem.state === undefined || !named.has(problem.key));
    const compared = `${pluralize(noted.count, "file")} and ${pluralize(checked.rows, "row")} of ${table}`;
    return { compared, isByFile: true, problems: [...problems, ...others] };
  }

  async load(
    { table, key, columns, watermark }: CatalogObject,
    files: readonly LoadFile[],
    signal: AbortSignal,
  ): Promise<LoadedRows> {
    return this.#worker.serialize(async () => {
      await this.#exists();
      const input = { unit: this.#unit, table, key, columns, watermark, files };
      return this.#worker.ask("load", input, `load ${table} into`, signal);
    });
  }

  async *leastBy(
    table: string,
    group: string,
    value: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly [string, string]> {
    for (let after: string | null = null; ;) {
      const input: Input<"leastBy"> = { table, group, value, after };
      const page = await this.#askIfExists("leastBy", input, `read ${table} from`, [], signal);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last[0];
    }
  }

  async *keys(table: string, column: string, signal: AbortSignal): AsyncIterable<string> {
    for await (const [key] of this.leastBy(table, column, column, signal)) yield key;
  }

  async close(): Promise<void> {
    await this.#worker.serialize(async () => this.#worker.end(NEVER));
  }

  #foreign(unit: string, owner: string | null): ConfigError {
    const whose = owner ?? "an unnamed business unit, and this one has not committed anything yet";
    const expected = `a separate database for ${unit}: this one holds the tables of ${whose}`;
    const mark = `CREATE TABLE ${UNIT} AS SELECT '${unit}' AS business_unit`;
    return new ConfigError(
      "the warehouse belongs to another business unit",
      [{ path: "PARDOT_ETL_WAREHOUSE", value: this.name, expected }],
      {
        hint:
          owner === null
            ? `Nothing was changed. Name another file; or, if these tables are this business unit's, mark the database: ${mark}`
            : "Nothing was changed. Name another file: each business unit needs a separate one.",
      },
    );
  }

  /** The result of a request; `otherwise` when there is no database yet. */
  async #askIfExists<Op extends keyof DuckdbOperations>(
    op: Op,
    input: Input<Op>,
    doing: string,
    otherwise: ReturnType<DuckdbOperations[Op]>,
    signal: AbortSignal,
  ): Promise<ReturnType<DuckdbOperations[Op]>> {
    return this.#worker.serialize(async () =>
      (await this.#exists()) ? this.#worker.ask(op, input, doing, signal) : otherwise,
    );
  }

  /** Whether the database file exists. Throws when it does not and could not be created. */
  async #exists(): Promise<boolean> {
    if ((await stat(this.#path).catch(() => null)) !== null) return true;
    const folder = dirname(this.#path);
    try {
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
      throw new WarehouseError(`open ${this.name}: ${isMissing ? "there is no folder" : "cannot write to"} ${folder}`, {
        code: isMissing ? "warehouse.folder-missing" : "warehouse.folder-unwritable",
        hint: isMissing ? `Create ${folder}, or change the path.` : `Allow writing to ${folder}, or change the path.`,
        cause,
      });
    }
    return false;
  }
}
