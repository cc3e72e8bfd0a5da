import { stringify } from "yaml";
import { RECONCILIATION } from "./snowflake-proof.ts";
import { MANIFESTS } from "./snowflake-load.ts";
import { viewName } from "./snowflake-tables.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { upper } from "./statement.ts";

/**
 * The sources of a dbt project on Snowflake: the views that `ddl` prints, with freshness and tests. Values of a test are
 * below `arguments`: dbt 1.10 and 1.11 warn of other places, dbt 2 refuses them.
 */

/** A file that is committed may take this long until it is loaded. */
const LOADED_WITHIN_HOURS = 1;
const FRESH_HOURS = 36;

export function dbtSources(
  objects: readonly DdlObject[],
  place: { readonly database: string; readonly schema: string } | null,
): Statement {
  const views = objects.map((object) => ({
    name: viewName(object),
    description: `The newest version of each ${object.name} of Pardot. Times are in ${object.zone}.`,
    columns: [{ name: upper(object.key), data_tests: ["unique", "not_null"] }],
  }));
  const source = {
    name: "pardot_etl",
    description: "Account Engagement (Pardot), landed by pardot-etl.",
    ...place,
    tables: [
      ...views,
      {
        name: MANIFESTS,
        description: "One row for each run.",
        // Only here: each run has a manifest, but many objects do not change for days.
        loaded_at_field: "_PARDOT_ETL_LOADED_AT",
        freshness: { warn_after: { count: FRESH_HOURS, period: "hour" } },
      },
      {
        name: RECONCILIATION,
        description: "Every committed file, and whether it is loaded exactly once.",
        columns: [
          {
            name: "STATE",
            data_tests: [
              {
                accepted_values: {
                  arguments: { values: ["exactly once", "not committed yet", "before files were recorded"] },
                  config: {
                    where: `coalesce(committed_at, '2000-01-01') < dateadd('hour', -${LOADED_WITHIN_HOURS}, sysdate())`,
                  },
                },
              },
            ],
          },
        ],
      },
    ],
  };
  const text = stringify({ version: 2, sources: [source] }, { lineWidth: 0 });
  return { kind: "sources", name: "pardot_etl.yml", sql: text };
}
