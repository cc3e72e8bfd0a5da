import { rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { failureOf } from "./failure.ts";
import { ownerOf, settle, settledFiles, unloaded } from "./book.ts";
import { checkTable, loadedFiles } from "./compare.ts";
import { Database } from "./database.ts";
import { load } from "./load.ts";
import type { DuckdbOperations, ParquetInput } from "./protocol.ts";
import { parquetAsCsv, writeParquet } from "./files.ts";
import { leastBy, tableState } from "./table.ts";
import { Refusal, serve } from "../serve.ts";

/**
 * The process that runs DuckDB, to keep its memory out of the extracting process. Started by `DuckdbWarehouse`, and
 * by `ParquetConverter` without a database. Their requests are in protocol.ts. Exits when its parent disconnects or dies.
 */

/** Size of DuckDB's buffers before they spill to disk. */
const MEMORY_LIMIT = "512MB";
const THREADS = "2";

let opened: { readonly instance: DuckDBInstance; readonly connection: DuckDBConnection } | null = null;
let folder: string | null = null;

/** An operation on the open database. */
function on<Input, Result>(work: (database: Database, input: Input) => Promise<Result>) {
  return async (input: Input): Promise<Result> => {
    if (opened === null) throw new Error("the database is not open");
    return work(new Database(opened.connection), input);
  };
}

serve<DuckdbOperations>(
  {
    open: async ({ path, tempDir }) => {
      folder = tempDir;
      const instance = await DuckDBInstance.create(path ?? ":memory:", {
        memory_limit: MEMORY_LIMIT,
        // One thread writes the rows of a file in their order, and row groups may then end by their bytes.
        ...(path === null ? { threads: "1", preserve_insertion_order: "false" } : { threads: THREADS }),
        temp_directory: tempDir,
        // Extensions would be fetched from the network; nothing here needs one.
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
      });
      opened = { instance, connection: await instance.connect() };
      return null;
    },
    tableState: on(tableState),
    load: on(load),
    owner: on(ownerOf),
    settled: on(settledFiles),
    unloaded: on(unloaded),
    settle: on(settle),
    loadedFiles: on(loadedFiles),
    checkTable: on(checkTable),
    leastBy: on(leastBy),
    writeParquet: on(async (database, input: ParquetInput) => {
      const target = join(folder ?? "", "rows.parquet");
      const rows = await writeParquet(database, input, target);
      if (rows === input.rows) return target;
      throw new Refusal({
        code: "warehouse.rows-differ",
        message: `DuckDB reads ${rows} of the ${input.rows} records`,
        hint: "Nothing of this file was landed. Report it: DuckDB and this tool read it differently.",
      });
    }),
    readParquet: on(async (database, { path }: { readonly path: string }) => {
      const target = join(folder ?? "", "rows.csv");
      await parquetAsCsv(database, path, target);
      return target;
    }),
    close: async () => {
      opened?.connection.closeSync();
      opened?.instance.closeSync();
      opened = null;
      return null;
    },
  },
  {
    failureOf,
    onEnd: () => {
      if (opened === null) return;
      // The parent is gone, perhaps in the middle of a load, which must not continue without it. SIGKILL is safe,
      // because an uncommitted load is not in the database, and no running query can delay it.
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      process.kill(process.pid, "SIGKILL");
    },
  },
);
