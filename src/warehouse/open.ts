import type { Config } from "../config/config.ts";
import type { OnEvent } from "../events.ts";
import type { Warehouse } from "./warehouse.ts";

/**
 * The configured warehouse. Nothing is started or opened before its first use; `tmpDir` takes what DuckDB cannot keep in
 * memory. Warns of a login that will not be possible for long.
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
        "logging in to Snowflake by password alone, which Snowflake is ending: give the user a key pair and set SNOWFLAKE_PRIVATE_KEY_FILE instead";
      options.onEvent({ type: "warning", code: "warehouse.password", object: null, message });
    }
    const { SnowflakeWarehouse } = await import("./snowflake/snowflake.ts");
    return new SnowflakeWarehouse(warehouse, options);
  }
  const { noWarehouse } = await import("./none.ts");
  return noWarehouse;
}
