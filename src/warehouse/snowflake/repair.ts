import type { CatalogObject } from "../../catalog/catalog.ts";
import { formatOf } from "../../encode/formats.ts";
import { copyFiles, deleteFiles, pipeName } from "../ddl/snowflake-load.ts";
import { tableName } from "../ddl/statement.ts";
import type { FileFault } from "../loaded-files.ts";

/** Statements that repair a table, for the operator: this program never writes to Snowflake. */

export const PIPE_HINT = "Check the pipe or task that loads the table: it may be paused, late, or have refused a file.";

/** What repairs a file, as sentences. `reason`: why Snowflake refused it; null when unknown. */
export function repairHint(object: CatalogObject, { key, state }: FileFault, reason: string | null): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const table = { ...object, isExported: object.way.process === "bulk" };
  const load = copyFiles(table, formatOf(name).name, [name]).replaceAll(/\s+/g, " ");
  const remove = deleteFiles(table, [name]);
  if (state === "missing" && reason !== null) return `Correct the cause. To load it: \`${load}\``;
  if (state === "missing") {
    // The pipe looks into its own load history and the table's, so that a file that is only late is not loaded twice.
    const refresh = `ALTER PIPE ${tableName(pipeName(object, formatOf(name).name))} REFRESH`;
    return `${PIPE_HINT} If a pipe missed it within the last seven days: \`${refresh}\`. Without a pipe, or later: \`${load}\``;
  }
  if (state === "not committed yet") {
    return `If no run is in progress, run \`pardot-etl run ${object.name}\`: it accounts for files that a killed run left. If no manifest names the file then, remove its rows: \`${remove}\``;
  }
  return `Load it again, whole: \`BEGIN; ${remove}; ${load}; COMMIT\``;
}
