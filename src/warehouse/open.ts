import type { Config } from "../config/config.ts";
import type { FormatName } from "../encode/encoder.ts";
import type { OnEvent } from "../events.ts";
import type { Converter } from "../land/land.ts";
import { NO_TABLE } from "./warehouse.ts";
import type { Warehouse } from "./warehouse.ts";

/**
 * Opens the configured warehouse. Nothing starts before its first use. `tmpDir` is for the processes' temporary files.
 * Warns of a login that Snowflake is phasing out.
 */
export async function openWarehouse(
  warehouse: Config["etl"]["warehouse"],
  options: { readonly tmpDir: string; readonly onEvent: OnEvent },
): Promise<Warehouse> {
  if (warehouse.kind === "duckdb") {
    const { DuckdbWarehouse } = await import("./duckdb/duckdb.ts");
    return new DuckdbWarehouse(warehouse.path, options);
  }
  if (warehouse.kind === "snowflake") {
    if (warehouse.auth.authenticator === "SNOWFLAKE") {
      const message =
        "logging in to Snowflake with only a password, which Snowflake is phasing out: give the user a key pair and set SNOWFLAKE_PRIVATE_KEY_FILE instead";
      options.onEvent({ type: "warning", code: "warehouse.password", object: null, message });
    }
    const { SnowflakeWarehouse } = await import("./snowflake/snowflake.ts");
    return new SnowflakeWarehouse(warehouse, options);
  }
  return nullWarehouse;
}

/** What converts files to the format of a run; null for those that this process writes. Nothing starts before its use. */
export async function openConverter(
  format: FormatName,
  options: { readonly tmpDir: string },
): Promise<Converter | null> {
  if (format !== "parquet") return null;
  const { ParquetConverter } = await import("./duckdb/parquet.ts");
  return new ParquetConverter(options);
}

/** What reads Parquet files as CSV. Nothing starts before its use. */
export async function openParquetReader(options: { readonly tmpDir: string }): Promise<ParquetReader> {
  const { ParquetConverter } = await import("./duckdb/parquet.ts");
  return new ParquetConverter(options);
}

export interface ParquetReader {
  /** The rows of a local file as CSV, with a header. `key`: for messages. */
  read(key: string, path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  close(): Promise<void>;
}

/** No warehouse: no table exists, so every range starts from the tool's own state, and nothing is loaded. */
export const nullWarehouse: Warehouse = {
  name: "none",
  loader: null,
  check: async (signal) => signal.throwIfAborted(),
  claim: async (_unit, _hasCommitted, signal) => signal.throwIfAborted(),
  tableState: async (_object, _now, signal) => {
    signal.throwIfAborted();
    return NO_TABLE;
  },
  schema: async (signal) => {
    signal.throwIfAborted();
    return null;
  },
  loadedFiles: (_object, signal) => nothing(signal),
  refusals: (_object, signal) => nothing(signal),
  compare: async () => ({ compared: "", problems: [] }),
  leastBy: (_table, _group, _value, signal) => nothing(signal),
  keys: (_table, _column, signal) => nothing(signal),
  close: async () => undefined,
};

async function* nothing(signal: AbortSignal): AsyncGenerator<never> {
  signal.throwIfAborted();
  yield* [];
}
