import type { CommittedConfig, Config, TablesConfig } from "../../config/config.ts";
import { dbtSources } from "../../warehouse/ddl/dbt.ts";
import { duckdbDdl } from "../../warehouse/ddl/duckdb.ts";
import { FIVETRAN_OBJECTS, fivetranDdl } from "../../warehouse/ddl/fivetran.ts";
import { snowflakeDiff } from "../../warehouse/ddl/snowflake-diff.ts";
import { snowflakeDdl } from "../../warehouse/ddl/snowflake.ts";
import type { SnowflakeDdl } from "../../warehouse/ddl/snowflake.ts";
import type { LoadBy } from "../../warehouse/ddl/snowflake-load.ts";
import { script } from "../../warehouse/ddl/statement.ts";
import type { Statement } from "../../warehouse/ddl/statement.ts";
import { liveFields } from "../live-fields.ts";
import type { Runtime } from "../runtime.ts";
import { openStore, selectedObjects } from "../store.ts";
import { findMissing } from "./diff.ts";
import { ddlObjects, landedFormats } from "./objects.ts";
import type { DdlObjects } from "./objects.ts";

/** What the SQL is for: Snowflake's tables, DuckDB's views over the files, or the sources of a dbt project. */
export type Target = "snowflake" | "duckdb" | "dbt";

export interface DdlWishes {
  readonly target: Target;
  /** Views for models that are written for another loader, instead of tables and loading; null: none. */
  readonly profile: "fivetran" | null;
  readonly load: LoadBy;
  readonly withAccount: boolean;
  /** With the login of the warehouse, to print only what it lacks; null: everything. */
  readonly diff: CommittedConfig | null;
  /** The whole configuration, to ask Pardot for the custom fields of this account; null: those that runs have seen. */
  readonly live: Config | null;
}

/** The statements, and all of them as text with comments. */
export interface DdlResult {
  readonly statements: readonly Statement[];
  readonly text: string;
}

/**
 * The SQL for the warehouse of the chosen objects, with the custom fields that runs have seen. Reads the state and lists
 * the landed files; changes nothing, in the destination or in the warehouse, which only `diff` reads. Makes no call to
 * Pardot unless `live` is given.
 */
export async function ddl(config: TablesConfig, wishes: DdlWishes, runtime: Runtime): Promise<DdlResult> {
  const store = await openStore(config, runtime);
  const live = wishes.live === null ? [] : await liveFields(wishes.live, selectedObjects(config), runtime);
  const readsFiles = wishes.profile === null && wishes.target !== "dbt";
  const formats = readsFiles ? await landedFormats(config, store, runtime.signal) : new Map<string, []>();
  const objects = ddlObjects(config, store.loaded.state, live, formats);
  if (wishes.profile === "fivetran") return forFivetran(config, objects);
  if (wishes.diff !== null) {
    const found = await findMissing(wishes.diff, objects.objects, store, runtime);
    const statements = snowflakeDiff({ ...snowflakeInput(config, wishes, objects), ...found });
    const missing =
      statements.length === 0
        ? "Snowflake lacks none of it."
        : "What Snowflake lacks. Every statement can be run again.";
    return { statements, text: script([`Tables, columns and views of pardot-etl. ${missing}`], statements) };
  }
  switch (wishes.target) {
    case "snowflake":
      return forSnowflake(config, wishes, objects);
    case "duckdb":
      return forDuckdb(config, objects);
    case "dbt": {
      const sources = dbtSources(objects.objects, config.snowflake);
      return { statements: [sources], text: sources.sql };
    }
  }
}

function snowflakeInput(
  { snowflake, etl }: TablesConfig,
  { load, withAccount }: DdlWishes,
  objects: DdlObjects,
): SnowflakeDdl {
  const schema = snowflake === null ? null : `${snowflake.database}.${snowflake.schema}`;
  return { ...objects, destination: etl.destination, format: etl.format, load, withAccount, schema };
}

function forSnowflake(config: TablesConfig, wishes: DdlWishes, objects: DdlObjects): DdlResult {
  const statements = snowflakeDdl(snowflakeInput(config, wishes, objects));
  const head = [
    "Snowflake tables, loading and views of pardot-etl. Every statement can be run again.",
    ...(config.snowflake === null ? ["Run it in the schema of this business unit."] : []),
  ];
  return { statements, text: script(head, statements) };
}

function forDuckdb({ etl }: TablesConfig, objects: DdlObjects): DdlResult {
  const statements = duckdbDdl({ ...objects, destination: etl.destination });
  const missing = objects.objects.filter(({ formats }) => formats.length === 0).map(({ name }) => name);
  const head = [
    "DuckDB views of pardot-etl over the landed files; nothing is loaded. Every statement can be run again.",
    ...(missing.length === 0
      ? []
      : [`Run ddl again once files of these have landed, as DuckDB has no view without files: ${missing.join(", ")}.`]),
  ];
  return { statements, text: script(head, statements) };
}

function forFivetran({ snowflake }: TablesConfig, { objects }: DdlObjects): DdlResult {
  const statements = fivetranDdl(objects, snowflake);
  const missing = FIVETRAN_OBJECTS.filter((name) => !objects.some((object) => object.name === name));
  const head = [
    "Views for dbt_pardot in Snowflake, over those that ddl prints without a profile. Every statement can be run again.",
    ...(missing.length === 0 ? [] : [`Not there, because these objects are not chosen: ${missing.join(", ")}.`]),
  ];
  return { statements, text: script(head, statements) };
}
