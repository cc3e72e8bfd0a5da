import type { CatalogObject } from "../../catalog/catalog.ts";
import type { SnowflakeConfig } from "../../config/config.ts";
import { WarehouseError } from "../../errors.ts";
import type { LocalText } from "../../time/instant.ts";
import { OBJECT_UNKNOWN } from "./failure.ts";
import type { Row, TypedRow } from "./protocol.ts";
import { SnowflakeSession } from "./session.ts";
import { keysSql, leastBySql, tableStateSql } from "./sql.ts";
import { TABLE_MISSING } from "../warehouse.ts";
import type { CommittedFile, Comparison, TableState, Warehouse } from "../warehouse.ts";

const WATERMARK = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

/** Not earlier than any watermark. */
const LATEST = "9999-12-31 23:59:59";

const PIPE_HINT = "Check the pipe or task that loads the table: it may be paused, late, or have refused a file.";

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

  /** Compares the newest watermark, because the tables do not record the files of their rows. */
  async compare(object: CatalogObject, files: AsyncIterable<CommittedFile>, signal: AbortSignal): Promise<Comparison> {
    const { table: key, watermark } = object;
    let count = 0;
    let committed: string | null = null;
    for await (const file of files) {
      if (file.isOptional !== true) count += 1;
      if (committed === null || (file.maxWatermark !== null && file.maxWatermark > committed)) {
        committed = file.maxWatermark;
      }
    }
    if (count === 0) return { compared: "", problems: [] };
    // Rows later than all committed ones must not hide that the newest committed rows are missing.
    const table = await this.tableState(object, committed ?? LATEST, signal);
    const compared = watermark === null ? `only whether ${key} has rows` : `only the newest ${watermark} of ${key}`;
    if (!table.hasRows) {
      return {
        compared,
        problems: [{ key, problem: `it is empty although ${count} files were committed for it`, hint: PIPE_HINT }],
      };
    }
    if (watermark === null || committed === null || (table.watermark ?? "") >= committed)
      return { compared, problems: [] };
    const problem = `its newest ${watermark} is ${table.watermark ?? "null"}, ${committed} was committed`;
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

  /** The rows of a query, page by page; none when the table does not exist. Memory: one page. */
  async *#rows(sql: string, table: string, signal: AbortSignal): AsyncIterable<Row> {
    const doing = `read ${table} from`;
    let cursor: number;
    try {
      cursor = await this.#session.ask("start", sql, doing, signal);
    } catch (error) {
      if (isObjectUnknown(error)) return;
      throw error;
    }
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

  #tableMissing(object: CatalogObject): WarehouseError {
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
