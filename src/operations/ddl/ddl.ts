import type { Config, TablesConfig } from "../../config/config.ts";
import { snowflakeDdl } from "../../warehouse/ddl/snowflake.ts";
import type { LoadBy } from "../../warehouse/ddl/snowflake-load.ts";
import { script } from "../../warehouse/ddl/statement.ts";
import type { Statement } from "../../warehouse/ddl/statement.ts";
import { liveFields } from "../live-fields.ts";
import type { Runtime } from "../runtime.ts";
import { openStore } from "../store.ts";
import { ddlObjects, withCustomFields } from "./objects.ts";

export interface DdlWishes {
  readonly load: LoadBy;
  readonly withAccount: boolean;
  /** The whole configuration, to ask Pardot for the custom fields of this account; null: those that runs have seen. */
  readonly live: Config | null;
}

/** The statements, and all of them as text with comments. */
export interface DdlResult {
  readonly statements: readonly Statement[];
  readonly text: string;
}

/**
 * The SQL for the warehouse of the chosen objects, with the custom fields that runs have seen. Reads the state; changes
 * nothing, in the destination or in the warehouse. Makes no call to Pardot unless `live` is given.
 */
export async function ddl(config: TablesConfig, wishes: DdlWishes, runtime: Runtime): Promise<DdlResult> {
  const { loaded } = await openStore(config, runtime);
  const live = wishes.live === null ? [] : await liveFields(wishes.live, withCustomFields(config), runtime);
  const objects = ddlObjects(config, loaded.state, live);
  const { snowflake, etl } = config;
  const statements = snowflakeDdl({
    ...objects,
    destination: etl.destination,
    format: "csv",
    load: wishes.load,
    withAccount: wishes.withAccount,
    schema: snowflake === null ? null : `${snowflake.database}.${snowflake.schema}`,
  });
  const head = [
    "Snowflake tables, loading and views of pardot-etl. Every statement can be run again.",
    ...(snowflake === null ? ["Run it in the schema of this business unit."] : []),
  ];
  return { statements, text: script(head, statements) };
}
