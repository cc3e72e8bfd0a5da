import { asError } from "../../errors.ts";
import { warn } from "../../events.ts";
import { objectFields } from "../../extract/fields.ts";
import { hasFiles } from "../../state/open-window.ts";
import { objectState } from "../../state/state.ts";
import { addedBy } from "../../warehouse/ddl/snowflake-tables.ts";
import { upper } from "../../warehouse/ddl/statement.ts";
import type { Schema } from "../../warehouse/warehouse.ts";
import type { Run } from "./context.ts";

/**
 * Warns of columns that landed files have and their tables lack: the loader leaves their values out until the operator
 * adds the columns. A schema that cannot be read is only a warning, because it decides nothing.
 */
export async function warnOfDrift(run: Run): Promise<void> {
  const { journal, warehouse, drain, onEvent } = run;
  const landed = run.objects.filter(({ name }) => objectState(journal.state, name).windows.some(hasFiles));
  if (landed.length === 0 || drain.aborted) return;
  let schema: Schema | null;
  try {
    schema = await warehouse.schema(drain);
  } catch (error) {
    // A run that has to stop commits now.
    if (drain.aborted) return;
    const message = `compare the columns of the landed files with the tables: ${asError(error).message}`;
    warn(onEvent, "warehouse.columns-unknown", message);
    return;
  }
  for (const object of schema === null ? [] : landed) {
    const found = schema?.get(upper(object.table));
    // A missing table has failed the object already.
    if (found === undefined) continue;
    const has = new Set([...found].map(upper));
    const { columns } = objectFields(object, objectState(journal.state, object.name).fields);
    const lacking = columns.filter(({ name }) => !has.has(upper(name)));
    if (lacking.length === 0) continue;
    const names = lacking.map(({ name }) => upper(name)).join(", ");
    const message = `${object.table} lacks columns of the landed files, whose values are left out until it has them: ${names}. Add them: \`${addedBy(object, lacking)}\`. \`pardot-etl ddl ${object.name} --diff\` prints this, and the load of the files that have them already`;
    warn(onEvent, "warehouse.column-missing-in-table", message, object.name);
  }
}
