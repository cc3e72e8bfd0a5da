import type { Column } from "../../catalog/catalog.ts";
import { DELETED, viewName } from "./snowflake-tables.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { quoted, tableName, text, upper } from "./statement.ts";

/**
 * Views with the names and columns of Fivetran's connector, over those of the newest versions, so that dbt_pardot 1.4.1
 * (github.com/fivetran/dbt_pardot, macros/staging) runs unchanged. Custom fields follow the columns of prospects.
 */

interface Profile {
  readonly object: string;
  readonly view: string;
  /** Columns that Fivetran has and our table lacks, with their types: null. */
  readonly lacking?: Readonly<Record<string, string>>;
  /** Columns that are text there. */
  readonly asText?: readonly string[];
  /** dbt_pardot does not leave deleted ones out. */
  readonly withoutDeleted?: true;
}

const PROFILES: readonly Profile[] = [
  { object: "Campaign", view: "CAMPAIGN" },
  { object: "List", view: "LIST" },
  { object: "ListMembership", view: "LIST_MEMBERSHIP", withoutDeleted: true },
  { object: "Opportunity", view: "OPPORTUNITY" },
  {
    object: "Prospect",
    view: "PROSPECT",
    // Not exportable, and the password is never requested.
    lacking: { grade: "VARCHAR", notes: "VARCHAR", password: "VARCHAR", user_id: "NUMBER(38,0)" },
  },
  { object: "Visitor", view: "VISITOR" },
  { object: "VisitorActivity", view: "VISITOR_ACTIVITY", asText: ["opportunity_id", "visit_id"] },
];

/** Objects that the views are made of. */
export const FIVETRAN_OBJECTS: readonly string[] = PROFILES.map(({ object }) => object);

/** Stands for a schema that is not configured. */
const PLACEHOLDER = "REPLACE_WITH_SCHEMA";

/** The schema and its views, of those objects that are chosen. */
export function fivetranDdl(
  objects: readonly DdlObject[],
  place: { readonly database: string; readonly schema: string } | null,
): readonly Statement[] {
  const source = place === null ? PLACEHOLDER : `${place.database}.${place.schema}`;
  const own = place === null ? "PARDOT_FIVETRAN" : `${place.database}.${fivetranSchema(place.schema)}`;
  const found = PROFILES.flatMap((profile) => {
    const object = objects.find(({ name }) => name === profile.object);
    return object === undefined ? [] : [{ profile, object }];
  });
  const statements: Statement[] = found.map(({ profile, object }) => {
    const where =
      profile.withoutDeleted === true && object.deletes !== null ? `\n  WHERE NOT T.${quoted(DELETED)}` : "";
    const from = `FROM ${source}.${tableName(viewName(object))} AS T${where}`;
    return view(own, profile.view, columnsOf(object, profile), from);
  });
  const opportunity = found.find(({ object }) => object.name === "Opportunity")?.object;
  // The operator may have dropped the column that the view is made of.
  if (opportunity?.columns.some(({ name }) => name === PROSPECTS) === true)
    statements.push(opportunityProspect(opportunity, source, own));
  const note =
    place === null
      ? `Replace ${PLACEHOLDER} by the schema of the tables.`
      : `In dbt_project.yml: vars: {pardot: {pardot_schema: ${fivetranSchema(place.schema)}}}`;
  return [{ kind: "schema", name: own, sql: `CREATE SCHEMA IF NOT EXISTS ${own}`, note }, ...statements];
}

/** A schema for the views alone, because they are called `LIST` and `CAMPAIGN`. */
function fivetranSchema(schema: string): string {
  return schema.endsWith('"') ? `${schema.slice(0, -1)}_FIVETRAN"` : `${schema}_FIVETRAN`;
}

function view(schema: string, name: string, columns: readonly string[], from: string): Statement {
  const sql = `CREATE OR REPLACE VIEW ${schema}.${quoted(name)} COPY GRANTS AS\n  SELECT\n    ${columns.join(",\n    ")}\n  ${from}`;
  return { kind: "view", name, sql };
}

function columnsOf(object: DdlObject, { lacking = {}, asText = [] }: Profile): readonly string[] {
  const known = new Set(object.columns.map(({ name }) => name.toLowerCase()));
  return [
    ...object.columns.map((column) => {
      if (!asText.includes(column.name)) return inUtc(column, object.zone);
      return `T.${quoted(column.name)}::VARCHAR AS ${quoted(column.name)}`;
    }),
    ...Object.entries(lacking)
      .filter(([name]) => !known.has(name))
      .map(([name, type]) => `NULL::${type} AS ${quoted(name)}`),
    `T."_PARDOT_ETL_LOADED_AT" AS "_FIVETRAN_SYNCED"`,
    `${object.deletes === null ? "FALSE" : `T.${quoted(DELETED)}`} AS "_FIVETRAN_DELETED"`,
  ];
}

/** Fivetran's times are in UTC. The hour that occurs twice is read as its first pass. */
function inUtc({ name, type }: Column, zone: string): string {
  const column = `T.${quoted(name)}`;
  if (type !== "datetime" || zone === "UTC") return column;
  return `CONVERT_TIMEZONE(${text(zone)}, 'UTC', ${column}) AS ${quoted(name)}`;
}

/** The column of an opportunity's prospects. */
const PROSPECTS = "prospects";

/** v3/v4 lists the prospects in each opportunity. API v5 does not, so there the view has no row. */
function opportunityProspect(object: DdlObject, source: string, own: string): Statement {
  const updated: Column = { name: "updated_at", type: "datetime" };
  const columns = [
    `T."ID" AS "OPPORTUNITY_ID"`,
    `P.VALUE['id']::NUMBER(38,0) AS "PROSPECT_ID"`,
    inUtc(updated, object.zone),
    `T."_PARDOT_ETL_LOADED_AT" AS "_FIVETRAN_SYNCED"`,
  ];
  const from = `FROM ${source}.${tableName(viewName(object))} AS T, LATERAL FLATTEN(INPUT => T.${upper(PROSPECTS)}) AS P`;
  return view(own, "OPPORTUNITY_PROSPECT", columns, from);
}
