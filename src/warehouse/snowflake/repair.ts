import type { CatalogObject } from "../../catalog/catalog.ts";
import { formatOf } from "../../encode/formats.ts";
import { copy } from "../ddl/snowflake-load.ts";
import { quoted, tableName, text } from "../ddl/statement.ts";
import type { FileFault } from "../loaded-files.ts";

/** Statements that repair a table, for the operator: this program never writes to Snowflake. */

export const PIPE_HINT = "Check the pipe or task that loads the table: it may be paused, late, or have refused a file.";

/** Loads one file whatever was loaded before, in the way of the pipe that `ddl` prints. */
function copyFile(object: CatalogObject, name: string): string {
  const described = {
    ...object,
    core: object.columns.length,
    zone: "UTC",
    api: object.way.api,
    isExported: object.way.process === "bulk",
    deletes: null,
    formats: [],
  };
  const files = `FILES = (${text(name)}) FORCE = TRUE`;
  // A function, because a dollar sign in a replacement text has a meaning.
  return copy(described, formatOf(name).name)
    .replace(/PATTERN = '[^']*'/, () => files)
    .replaceAll(/\s+/g, " ");
}

function deleteFile(object: CatalogObject, name: string): string {
  return `DELETE FROM ${tableName(object.table)} WHERE SPLIT_PART(${quoted("_PARDOT_ETL_FILE")}, '/', -1) = ${text(name)}`;
}

/** What repairs a file, as sentences. `reason`: why Snowflake refused it; null when unknown. */
export function repairHint(object: CatalogObject, { key, state }: FileFault, reason: string | null): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const load = copyFile(object, name);
  if (state === "missing") return `${reason === null ? PIPE_HINT : "Correct the cause."} To load it: \`${load}\``;
  if (state === "not committed yet") {
    return `If no run is in progress, run \`pardot-etl run ${object.name}\`: it accounts for files that a killed run left. If no manifest names the file then, remove its rows: \`${deleteFile(object, name)}\``;
  }
  return `Load it again, whole: \`BEGIN; ${deleteFile(object, name)}; ${load}; COMMIT\``;
}
