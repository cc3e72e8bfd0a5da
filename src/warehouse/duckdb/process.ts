import { rmSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { emailPairs, knownEmails } from "./emails.ts";
import { failureOf } from "./failure.ts";
import { ownerOf, settle, settledFiles, unloaded } from "./book.ts";
import { compareTable, noteCommitted } from "./compare.ts";
import { load } from "./load.ts";
import { tableState } from "./table.ts";
import type { DuckdbRequest, DuckdbResults } from "./protocol.ts";
import { serveLines } from "../serve-lines.ts";

/**
 * The process in which DuckDB runs, so that its memory is not that of the process that extracts. Started by
 * `DuckdbWarehouse`; speaks the protocol of duckdb-protocol.ts. It ends with its stdin, whoever closed it.
 */

/** What DuckDB's buffers may take before they spill to disk. */
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
  return answer(database.connection, request);
}

async function answer(
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
    case "email-pairs":
      return emailPairs(connection, request.after);
    case "known-emails":
      return knownEmails(connection, request.after);
  }
}

serveLines({
  perform: async (request) => perform(request as DuckdbRequest),
  failureOf,
  onEnd: () => {
    if (database === null) return;
    // The process that started this one is gone, perhaps in the middle of a load, which must not go on without it. What
    // was not committed is not in the database, so the hard way is safe, and no running query can delay it.
    if (tempDir !== null) rmSync(tempDir, { recursive: true, force: true });
    process.kill(process.pid, "SIGKILL");
  },
});
