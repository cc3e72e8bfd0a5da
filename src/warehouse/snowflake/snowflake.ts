import type { CatalogObject } from "../../catalog/catalog.ts";
import type { SnowflakeConfig } from "../../config/config.ts";
import { WarehouseError } from "../../errors.ts";
import type { LocalText } from "../../time/instant.ts";
import { OBJECT_UNKNOWN } from "./failure.ts";
import type { Row, TypedRow } from "./protocol.ts";
import { SnowflakeSession } from "./session.ts";
import { PIPE_HINT, repairHint } from "./repair.ts";
import { keysSql, leastBySql, loadedFilesSql, refusalsSql, SCHEMA_SQL, tableStateSql } from "./sql.ts";
import { pluralize, shortened } from "../../text.ts";
import { matchFiles, noteFiles, problemsOf } from "../loaded-files.ts";
import type { FilesMatch, NotedFiles } from "../loaded-files.ts";
import { COLUMN_MISSING, TABLE_MISSING } from "../warehouse.ts";
import type {
  CommittedFile,
  Comparison,
  LoadedFile,
  RefusedFile,
  Schema,
  TableState,
  Warehouse,
} from "../warehouse.ts";

const WATERMARK = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

/** Not earlier than any watermark. */
const LATEST = "9999-12-31 23:59:59";

/** Characters of a reason for refusing a file that are shown: it may quote the file. */
const REASON_MAX = 300;

/**
 * Tables in Snowflake, which Snowpipe or a task loads; pardot-etl only reads them. Unlike in the embedded warehouse, a
 * missing table is an error, because nothing would load the landed files.
 */
export class SnowflakeWarehouse implements Warehouse {
  readonly name = "snowflake";
  readonly loader = null;
  readonly #config: SnowflakeConfig;
  readonly #session: SnowflakeSession;

  constructor(config: SnowflakeConfig, options: { readonly tmpDir: string }) {
    this.#config = config;
    this.#session = new SnowflakeSession(config, options);
  }

  /** The operating system's id of the driver's process, null when there is none. */
  get processId(): number | null {
    return this.#session.processId;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#session.open(signal);
  }

  /** No table names a business unit. */
  async claim(_unit: string, _hasCommitted: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
  }

  /** Throws `TABLE_MISSING` (exit 7) for a missing table. */
  async tableState(object: CatalogObject, now: LocalText, signal: AbortSignal): Promise<TableState> {
    const doing = `read ${object.table} from`;
    let row: TypedRow;
    try {
      row = await this.#session.ask("row", tableStateSql(object, now), doing, signal);
    } catch (error) {
      throw isObjectUnknown(error) ? this.#tableMissing(object) : error;
    }
    const [count = null, watermark = null, future = null] = row.values;
    if (watermark !== null && !WATERMARK.test(watermark)) {
      throw new WarehouseError(
        `${doing} ${this.name}: the newest ${object.watermark ?? "row"} is not a time of this era`,
        {
          code: "warehouse.watermark-unreadable",
          hint: "Correct the rows whose watermark is outside the years 1 to 9999.",
        },
      );
    }
    const state = { exists: true, hasRows: count !== null && count !== "0", watermark, future };
    if (row.types[3] !== "timestamp_ltz") return state;
    return {
      ...state,
      warning: {
        code: "warehouse.watermark-zone",
        message: `${object.watermark ?? ""} of ${object.table} is TIMESTAMP_LTZ, which Snowflake shows in the session's time zone: unless the table is loaded in that zone, the range starts hours too early or too late. TIMESTAMP_NTZ keeps the landed time`,
      },
    };
  }

  async schema(signal: AbortSignal): Promise<Schema> {
    const schema = new Map<string, Set<string>>();
    for await (const [table, column] of this.#pages(SCHEMA_SQL, "the columns of all tables", signal)) {
      if (typeof table !== "string" || typeof column !== "string") continue;
      const columns = schema.get(table) ?? new Set();
      schema.set(table, columns.add(column));
    }
    return schema;
  }

  /** Throws `COLUMN_MISSING` for a table that was not created by `ddl`, and `TABLE_MISSING`. */
  async *loadedFiles(object: Pick<CatalogObject, "name" | "table">, signal: AbortSignal): AsyncIterable<LoadedFile> {
    try {
      for await (const [name = null, rows, loadedAt = null] of this.#pages(
        loadedFilesSql(object.table),
        object.table,
        signal,
      )) {
        yield { file: name === null ? null : `${object.name}/${name}`, rows: Number(rows), loadedAt };
      }
    } catch (error) {
      throw isObjectUnknown(error) ? this.#tableMissing(object) : error;
    }
  }

  async *refusals(object: CatalogObject, signal: AbortSignal): AsyncIterable<RefusedFile> {
    const { name, table } = object;
    for await (const [file, at, message, line, column] of this.#rows(refusalsSql(table), table, signal)) {
      const where = [line, column].every((part) => typeof part === "string")
        ? `, line ${String(line)}, column ${String(column)}`
        : "";
      const reason = `${shortened(message ?? "", REASON_MAX)}${where}`;
      yield { file: `${name}/${file ?? ""}`, reason, at: at ?? "" };
    }
  }

  /** By the file of each row; only the newest watermark where the table does not record files. */
  async compare(object: CatalogObject, files: AsyncIterable<CommittedFile>, signal: AbortSignal): Promise<Comparison> {
    const { table } = object;
    const noted = await noteFiles(files);
    if (noted.count === 0) return { compared: "", problems: [] };
    let match: FilesMatch;
    try {
      match = await matchFiles(table, noted, this.loadedFiles(object, signal), { seesEmpty: false });
    } catch (error) {
      if (!(error instanceof WarehouseError && error.code === COLUMN_MISSING)) throw error;
      return this.#compareWatermark(object, noted, signal);
    }
    const { rows, unproven, faults } = match;
    const reasons: ReadonlyMap<string, string> = faults.some(({ state }) => state === "missing")
      ? await this.#reasons(object, signal)
      : new Map();
    const problems = problemsOf(
      table,
      faults.map((fault) => {
        const reason = fault.state === "missing" ? reasons.get(fault.key) : undefined;
        return reason === undefined ? fault : { ...fault, problem: `${fault.problem}: ${reason}` };
      }),
      (fault) => repairHint(object, fault, reasons.get(fault.key) ?? null),
    );
    const proven = noted.count - unproven;
    const byFile = `${pluralize(proven, "file")} and ${pluralize(rows, "row")} of ${table}`;
    if (unproven === 0) return { compared: byFile, isByFile: true, problems };
    const older = await this.#compareWatermark(object, noted, signal);
    const text = `${byFile}; of ${pluralize(unproven, "file")} from before its rows named their files ${older.compared}`;
    return { compared: text, problems: [...problems, ...older.problems] };
  }

  /** Why files are missing, by their keys. Empty if Snowflake does not tell this role: no result depends on it. */
  async #reasons(object: CatalogObject, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const reasons = new Map<string, string>();
    try {
      for await (const { file, reason, at } of this.refusals(object, signal)) {
        if (!reasons.has(file)) reasons.set(file, `Snowflake refused it at ${at} UTC: ${reason}`);
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof WarehouseError)) throw error;
    }
    return reasons;
  }

  async #compareWatermark(
    object: CatalogObject,
    { count, maxWatermark: committed }: NotedFiles,
    signal: AbortSignal,
  ): Promise<Comparison> {
    const { table: key, watermark } = object;
    // Rows later than all committed ones must not hide that the newest committed rows are missing.
    const table = await this.tableState(object, committed ?? LATEST, signal);
    const compared = watermark === null ? `only whether ${key} has rows` : `only the newest ${watermark} of ${key}`;
    const isBehind = watermark !== null && committed !== null && (table.watermark ?? "") < committed;
    if (table.hasRows && !isBehind) return { compared, problems: [] };
    const problem = table.hasRows
      ? `its newest ${watermark ?? ""} is ${table.watermark ?? "null"}, ${committed ?? ""} was committed`
      : `it is empty although ${pluralize(count, "file")} ${count === 1 ? "was" : "were"} committed for it`;
    return { compared, problems: [{ key, problem, hint: PIPE_HINT }] };
  }

  async *leastBy(
    table: string,
    group: string,
    value: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly [string, string]> {
    for await (const [id, least] of this.#rows(leastBySql(table, group, value), table, signal)) {
      if (typeof id === "string" && typeof least === "string") yield [id, least];
    }
  }

  async *keys(table: string, column: string, signal: AbortSignal): AsyncIterable<string> {
    for await (const [key] of this.#rows(keysSql(table, column), table, signal)) {
      if (typeof key === "string") yield key;
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  /** The rows of a query; none when the table does not exist. */
  async *#rows(sql: string, table: string, signal: AbortSignal): AsyncIterable<Row> {
    try {
      yield* this.#pages(sql, table, signal);
    } catch (error) {
      if (!isObjectUnknown(error)) throw error;
    }
  }

  /** The rows of a query, page by page. Memory: one page. */
  async *#pages(sql: string, table: string, signal: AbortSignal): AsyncIterable<Row> {
    const doing = `read ${table} from`;
    const cursor = await this.#session.ask("start", sql, doing, signal);
    const { processId } = this;
    let isOpen = true;
    try {
      for (;;) {
        isOpen = false;
        const page = await this.#session.ask("page", cursor, doing, signal);
        if (page.length === 0) return;
        isOpen = true;
        yield* page;
      }
    } finally {
      // A caller that stops early must not see a failure. A query that failed, or whose process is gone, is over.
      if (isOpen && this.processId === processId)
        await this.#session.ask("stop", cursor, doing, signal).catch(() => undefined);
    }
  }

  #tableMissing(object: Pick<CatalogObject, "name" | "table">): WarehouseError {
    const { database, schema, role } = this.#config;
    const whose = role === null ? "the user's role" : `the role ${role}`;
    return new WarehouseError(
      `read ${object.table} from ${this.name}: there is no such table in ${database}.${schema}, or ${whose} may not see it`,
      {
        code: TABLE_MISSING,
        hint: `Create it: \`pardot-etl ddl ${object.name}\` prints the statements. If it exists, grant ${whose} SELECT on it and USAGE on its database and schema.`,
      },
    );
  }
}

function isObjectUnknown(error: unknown): boolean {
  return error instanceof WarehouseError && error.code === OBJECT_UNKNOWN;
}
