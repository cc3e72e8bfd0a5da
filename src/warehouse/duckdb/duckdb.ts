import { access, constants, mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { ConfigError, WarehouseError } from "../../errors.ts";
import type { LocalText } from "../../time/instant.ts";
import { UNIT } from "./sql.ts";
import { startDuckdb } from "./client.ts";
import type { DuckdbProcess } from "./client.ts";
import type { DuckdbRequest, DuckdbResults, NotedFile } from "./protocol.ts";
import { ACTIVITY_TABLE, EMAIL_TABLE } from "../email-tables.ts";
import { inOrder } from "../in-order.ts";
import { LineProcessError, PROCESS_DIED } from "../line-process.ts";
import type {
  CommittedFile,
  Comparison,
  EmailPair,
  LoadFile,
  Loader,
  SettledTable,
  TableState,
  Warehouse,
} from "../warehouse.ts";

/** Keys and rows in one request. */
const KEYS_AT_A_TIME = 1000;

/**
 * The embedded warehouse: a DuckDB database file, written by a process of its own (up to about 900 MB) that is
 * started at the first use and opens the database for as long as it lives. A database that is not there is created by
 * the first load, never by a look. Calls may overlap; they are worked off in order.
 */
export class DuckdbWarehouse implements Warehouse, Loader {
  readonly name: string;
  readonly #path: string;
  readonly #tmpDir: string;
  #unit: string | null = null;
  #running: { readonly process: DuckdbProcess; readonly tempDir: string } | null = null;
  readonly #inOrder = inOrder();

  constructor(path: string, options: { readonly tmpDir: string }) {
    this.name = `duckdb:${path}`;
    this.#path = resolve(path);
    this.#tmpDir = options.tmpDir;
  }

  get loader(): Loader {
    return this;
  }

  /** The operating system's id of the process that holds the database, null when there is none. */
  get processId(): number | null {
    return this.#running?.process.pid ?? null;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#inOrder(async () => {
      if (await this.#isThere()) await this.#process(signal);
    });
  }

  async tableState(object: CatalogObject, now: LocalText, signal: AbortSignal): Promise<TableState> {
    return this.#inOrder(async () => {
      if (!(await this.#isThere())) return { exists: false, hasRows: false, watermark: null, future: null };
      const request = { op: "table-state", table: object.table, watermark: object.watermark, now } as const;
      return this.#ask(request, `read ${object.table} of`, signal);
    });
  }

  async claim(unit: string, hasCommitted: boolean, signal: AbortSignal): Promise<void> {
    const { owner, hasLoads } = await this.#inOrder(async () =>
      (await this.#isThere()) ? this.#ask({ op: "owner" }, "read", signal) : { owner: null, hasLoads: false },
    );
    if (owner === null ? hasLoads && !hasCommitted : owner !== unit) throw this.#foreign(unit, owner);
    this.#unit = unit;
  }

  async settled({ table }: CatalogObject, signal: AbortSignal): Promise<number> {
    return this.#inOrder(async () =>
      (await this.#isThere()) ? this.#ask({ op: "settled", table }, `read ${table} of`, signal) : 0,
    );
  }

  async unloaded({ table }: CatalogObject, keys: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    return this.#inOrder(async () => {
      if (!(await this.#isThere())) return keys;
      const found: string[] = [];
      for (let start = 0; start < keys.length; start += KEYS_AT_A_TIME) {
        const some = keys.slice(start, start + KEYS_AT_A_TIME);
        found.push(...(await this.#ask({ op: "unloaded", table, keys: some }, `read ${table} of`, signal)));
      }
      return found;
    });
  }

  async settle({ table }: CatalogObject, settled: SettledTable, signal: AbortSignal): Promise<void> {
    await this.#inOrder(async () => {
      if (await this.#isThere()) await this.#ask({ op: "settle", table, settled }, `settle ${table} in`, signal);
    });
  }

  async compare(
    { table, key }: CatalogObject,
    files: AsyncIterable<CommittedFile>,
    signal: AbortSignal,
  ): Promise<Comparison> {
    const doing = `read ${table} of`;
    return this.#inOrder(async () => {
      const isThere = await this.#isThere();
      let count = 0;
      let batch: NotedFile[] = [];
      const note = async (): Promise<void> => {
        const isFirst = count === 0;
        count += batch.length;
        if (isThere) await this.#ask({ op: "note", files: batch, isFirst }, doing, signal);
        batch = [];
      };
      for await (const file of files) {
        batch.push([file.key, file.rows, file.isOptional === true]);
        if (batch.length === KEYS_AT_A_TIME) await note();
      }
      if (batch.length > 0 || count === 0) await note();
      if (isThere) return this.#ask({ op: "compare", table, key }, doing, signal);
      if (count === 0) return { compared: "", problems: [] };
      const problem = `it does not exist, and neither does ${this.#path}, although ${count} files were committed for it`;
      const hint = "The next run creates it and loads its files.";
      return { compared: `${count} files of ${table}`, problems: [{ key: table, problem, hint }] };
    });
  }

  async load(
    object: CatalogObject,
    files: readonly LoadFile[],
    signal: AbortSignal,
  ): Promise<{ readonly rows: number }> {
    return this.#inOrder(async () => {
      await this.#isThere();
      const { table, key, columns } = object;
      const target = { unit: this.#unit, table, key, columns };
      return this.#ask({ op: "load", target, files }, `load ${table} into`, signal);
    });
  }

  async *emailPairs(signal: AbortSignal): AsyncIterable<EmailPair> {
    let after: string | null = null;
    for (;;) {
      const page: readonly EmailPair[] = await this.#page({ op: "email-pairs", after }, ACTIVITY_TABLE, signal);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.listEmailId;
    }
  }

  async *knownEmails(signal: AbortSignal): AsyncIterable<string> {
    let after: string | null = null;
    for (;;) {
      const page: readonly string[] = await this.#page({ op: "known-emails", after }, EMAIL_TABLE, signal);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last;
    }
  }

  async close(): Promise<void> {
    await this.#inOrder(async () => {
      const running = this.#running;
      if (running === null) return;
      this.#running = null;
      try {
        await running.process.request({ op: "close" }, new AbortController().signal);
        await running.process.end();
      } catch (error) {
        throw await this.#failed(error, "close", running.process);
      } finally {
        await rm(running.tempDir, { recursive: true, force: true });
      }
    });
  }

  #foreign(unit: string, owner: string | null): ConfigError {
    const whose = owner ?? "a business unit that it does not name, and this one has committed nothing yet";
    const expected = `a database of its own for ${unit}: this one holds the tables of ${whose}`;
    const mark = `CREATE TABLE ${UNIT} AS SELECT '${unit}' AS business_unit`;
    return new ConfigError(
      "the warehouse is not this business unit's",
      [{ path: "PARDOT_ETL_WAREHOUSE", value: this.name, expected }],
      {
        hint:
          owner === null
            ? `Nothing was changed and Pardot was not called. Name another file; or, if these tables are this business unit's, say so in the database: ${mark}`
            : "Nothing was changed and Pardot was not called. Name another file: each business unit needs its own.",
      },
    );
  }

  /** Whether the database file is there. Throws when it is not and could not be created. */
  async #isThere(): Promise<boolean> {
    const file = await stat(this.#path).catch(() => null);
    if (file !== null) return true;
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

  /** One page; nothing when there is no database yet. */
  async #page<R extends DuckdbRequest & { readonly op: "email-pairs" | "known-emails" }>(
    request: R,
    table: string,
    signal: AbortSignal,
  ): Promise<DuckdbResults[R["op"]] | readonly never[]> {
    return this.#inOrder(async () => ((await this.#isThere()) ? this.#ask(request, `read ${table} of`, signal) : []));
  }

  async #ask<R extends DuckdbRequest>(request: R, doing: string, signal: AbortSignal): Promise<DuckdbResults[R["op"]]> {
    const process = await this.#process(signal);
    try {
      return await process.request(request, signal);
    } catch (error) {
      throw await this.#failed(error, doing, process);
    }
  }

  /** The running process, started and opened first when there is none. */
  async #process(signal: AbortSignal): Promise<DuckdbProcess> {
    signal.throwIfAborted();
    if (this.#running !== null) return this.#running.process;
    const tempDir = await mkdtemp(join(this.#tmpDir, "pardot-etl-duckdb-"));
    const process = startDuckdb();
    this.#running = { process, tempDir };
    try {
      await process.request({ op: "open", path: this.#path, tempDir }, signal);
      return process;
    } catch (error) {
      await this.#drop();
      throw await this.#failed(error, "open", process);
    }
  }

  /** What to throw. A process that died, also by an abort, is forgotten: the next call starts another. */
  async #failed(error: unknown, doing: string, process: DuckdbProcess): Promise<unknown> {
    if (!(error instanceof LineProcessError) || error.failure.code === PROCESS_DIED) {
      if (this.#running?.process === process) await this.#drop();
    }
    if (!(error instanceof LineProcessError)) return error;
    const { message, ...details } = error.failure;
    return new WarehouseError(`${doing} ${this.name}: ${message}`, details);
  }

  async #drop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (running === null) return;
    await running.process.kill();
    await rm(running.tempDir, { recursive: true, force: true });
  }
}
