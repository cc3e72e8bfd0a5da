import type { Destination } from "../../config/config.ts";
import type { FormatName } from "../../encode/encoder.ts";
import { proofViews } from "./snowflake-proof.ts";
import { account, fileFormats, manifestsPipe, objectPipes, stage, task } from "./snowflake-load.ts";
import type { LoadBy } from "./snowflake-load.ts";
import { addedColumns, manifestsTable, table, view } from "./snowflake-tables.ts";
import type { DdlObject, Statement } from "./statement.ts";

export interface SnowflakeDdl {
  readonly objects: readonly DdlObject[];
  /** Other configured objects: the views over all tables need theirs. */
  readonly others: readonly DdlObject[];
  readonly destination: Destination;
  /** In which runs land files now. */
  readonly format: FormatName;
  readonly load: LoadBy;
  /** Whether what is created once per Snowflake account comes first. */
  readonly withAccount: boolean;
  /** `DATABASE.SCHEMA` as the operator writes it; null: not configured. */
  readonly schema: string | null;
}

/**
 * All that Snowflake needs to load the files of these objects and to prove it, in the order in which it can be run. Each
 * statement can be run again: tables, pipes and formats are kept, views are replaced with their grants.
 */
export function snowflakeDdl(input: SnowflakeDdl): readonly Statement[] {
  const { objects, others, destination, format, load, withAccount, schema } = input;
  const all = [...objects, ...others];
  return [
    ...(withAccount ? account(destination) : []),
    ...(schema === null ? [] : [{ kind: "use", name: schema, sql: `USE SCHEMA ${schema}` }]),
    ...fileFormats(all, format),
    stage(destination),
    ...all.flatMap((object) => [table(object), ...addedColumns(object)]),
    manifestsTable(),
    ...(load === "pipe" ? [...objects.flatMap((object) => objectPipes(object, format)), manifestsPipe()] : []),
    ...(load === "task" ? task(all, format) : []),
    ...proofViews(all),
    ...objects.map(view),
  ];
}
