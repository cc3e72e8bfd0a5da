import { rmSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { failureOf } from "./failure.ts";
import { ownerOf, settle, settledFiles, unloaded } from "./book.ts";
import { compareTable, noteCommitted } from "./compare.ts";
import { keys, leastBy } from "./ids.ts";
import { load } from "./load.ts";
import { tableState } from "./table.ts";
import type { DuckdbRequest, DuckdbResults } from "./protocol.ts";
import { serve } from "../serve.ts";

/**
 * The process that runs DuckDB, to keep its memory out of the extracting process. Started by `DuckdbWarehouse`, whose
 * requests are in protocol.ts. Exits when its parent disconnects or dies.
 */

/** Size of DuckDB's buffers before they spill to disk. */
const MEMORY_LIMIT = "512MB";
const THREADS = "2";

let database: { readonly instance: DuckDBInstance; readonly connection: DuckDBConnection } | null = null;
let tempDir: string | null = null;

async function open(request: { readonly path: string; readonly tempDir: string }): Promise<null> {
  tempDir = request.tempDir;
  const instance = await DuckDBInstance.create(request.path, {
    memory_limit: MEMORY_LIMIT,
    threads: THREADS,
    temp_directory: request.tempDir,
    // Extensions would be fetched from the network; nothing here needs one.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  database = { instance, connection: await instance.connect() };
  return null;
}

async function perform(request: DuckdbRequest): Promise<DuckdbResults[keyof DuckdbResults]> {
  if (request.op === "open") return open(request);
  if (request.op === "close") {
    database?.connection.closeSync();
    database?.instance.closeSync();
    database = null;
    return null;
  }
  if (database === null) throw new Error("the database is not open");
  return performOn(database.connection, request);
}

async function performOn(
  connection: DuckDBConnection,
  request: Exclude<DuckdbRequest, { readonly op: "open" | "close" }>,
): Promise<DuckdbResults[keyof DuckdbResults]> {
  switch (request.op) {
    case "table-state":
      return tableState(connection, request);
    case "load":
      return load(connection, request.target, request.files);
    case "owner":
      return ownerOf(connection);
    case "settled":
      return settledFiles(connection, request.table);
    case "unloaded":
      return unloaded(connection, request.table, request.keys);
    case "settle":
      return settle(connection, request.table, request.settled);
    case "note":
      return noteCommitted(connection, request.files, request.isFirst);
    case "compare":
      return compareTable(connection, request);
    case "least-by":
      return leastBy(connection, request);
    case "keys":
      return keys(connection, request);
  }
}

serve({
  perform: async (request) => perform(request as DuckdbRequest),
  failureOf,
  onEnd: () => {
    if (database === null) return;
    // The parent is gone, perhaps in the middle of a load, which must not go on without it. SIGKILL is safe, because an
    // uncommitted load is not in the database, and no running query can delay it.
    if (tempDir !== null) rmSync(tempDir, { recursive: true, force: true });
    process.kill(process.pid, "SIGKILL");
  },
});
