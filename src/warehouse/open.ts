import type { Config } from "../config/config.ts";
import type { Warehouse } from "./warehouse.ts";

/**
 * The configured warehouse. Nothing is started or opened before its first use; `tmpDir` takes what DuckDB cannot keep
 * in memory.
 */
export async function openWarehouse(
  warehouse: Config["etl"]["warehouse"],
  options: { readonly tmpDir: string },
): Promise<Warehouse> {
  if (warehouse.kind === "duckdb") {
    const { DuckdbWarehouse } = await import("./duckdb.ts");
    return new DuckdbWarehouse(warehouse.path, options);
  }
  if (warehouse.kind === "snowflake") {
    const { SnowflakeWarehouse } = await import("./snowflake.ts");
    return new SnowflakeWarehouse(warehouse, options);
  }
  const { noWarehouse } = await import("./none.ts");
  return noWarehouse;
}
