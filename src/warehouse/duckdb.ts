import { access, constants, mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CatalogObject } from "../catalog/catalog.ts";
import { WarehouseError } from "../errors.ts";
import { startDuckdb } from "./duckdb-client.ts";
import type { DuckdbProcess } from "./duckdb-client.ts";
import type { DuckdbRequest, DuckdbResults } from "./duckdb-protocol.ts";
import { ACTIVITY_TABLE, EMAIL_TABLE } from "./email-tables.ts";
import { inOrder } from "./in-order.ts";
import { LineProcessError, PROCESS_DIED } from "./line-process.ts";
import type { EmailPair, LoadFile, TableState, Warehouse } from "./warehouse.ts";

/**
 * The embedded warehouse: a DuckDB database file, written by a process of its own (up to about 900 MB) that is
 * started at the first use and opens the database for as long as it lives. A database that is not there is created by
 * the first load, never by a look. Calls may overlap; they are worked off in order.
 */
export class DuckdbWarehouse implements Warehouse {
  readonly name: string;
  readonly loads = true;
  readonly #path: string;
  readonly #tmpDir: string;
  #running: { readonly process: DuckdbProcess; readonly tempDir: string } | null = null;
  readonly #inOrder = inOrder();

  constructor(path: string, options: { readonly tmpDir: string }) {
    this.name = `duckdb:${path}`;
    this.#path = resolve(path);
    this.#tmpDir = options.tmpDir;
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

  async tableState(object: CatalogObject, signal: AbortSignal): Promise<TableState> {
    return this.#inOrder(async () => {
      if (!(await this.#isThere())) return { exists: false, hasRows: false, watermark: null };
      const request = { op: "table-state", table: object.table, watermark: object.watermark } as const;
      return this.#ask(request, `read ${object.table} of`, signal);
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
      return this.#ask({ op: "load", target: { table, key, columns }, files }, `load ${table} into`, signal);
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
