import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Dialect, parse as parseSql } from "@polyglot-sql/sdk";
import { catalog } from "../../src/catalog/index.ts";
import { repairHint } from "../../src/warehouse/snowflake/repair.ts";
import { callCli } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { inDuckdb, refusal, SnowflakeInDuckdb } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";
import { readTerraform } from "../terraform/module.ts";
import { blocksOf, pageText, statementsOf } from "./blocks.ts";

// The pages about Snowflake: their SQL is that of ddl and verify, is parsed, and the proof is executed.

const PAGES = ["snowflake", "snowflake-reference", "from-fivetran", "dbt"] as const;
const TEXTS = new Map(await Promise.all(PAGES.map(async (page) => [page, await pageText(`docs/${page}.md`)] as const)));

function textOf(page: (typeof PAGES)[number]): string {
  return TEXTS.get(page) ?? "";
}

function sqlOf(page: (typeof PAGES)[number]): readonly string[] {
  return blocksOf(textOf(page)).flatMap(({ language, text }) => (language === "sql" ? [text] : []));
}

let at: Scene;
let printed: readonly Printed[];

beforeAll(async () => {
  at = await scene({}, { PARDOT_ETL_OBJECTS: "core,deletes" });
  for (let day = 0; day < 2; day += 1) {
    if (day > 0) at.simulator.advance(1);
    expect((await at.run()).error).toBeNull();
  }
  const snowflake = {
    PARDOT_ETL_WAREHOUSE: "snowflake",
    SNOWFLAKE_ACCOUNT: "acme",
    SNOWFLAKE_USER: "PARDOT_ETL",
    SNOWFLAKE_PASSWORD: "not-used",
    SNOWFLAKE_DATABASE: "LAKE",
    SNOWFLAKE_SCHEMA: "PARDOT",
  };
  const ways = [["--with-account"], ["--load", "task"], ["--profile", "fivetran"]];
  const outputs = await Promise.all(
    ways.map(async (args) => callCli(["ddl", ...args, "--json"], { ...at.env, ...snowflake }, { cwd: at.root })),
  );
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0]);
  printed = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as readonly Printed[]);
});
afterAll(async () => at.close());

/** Statements of which the parser knows only that they create or change something. */
const KNOWN = [
  /^CREATE (?:ROLE|USER|DATABASE|SCHEMA|WAREHOUSE|ALERT|NOTIFICATION INTEGRATION) IF NOT EXISTS [A-Z_.]+/,
  /^ALTER STORAGE INTEGRATION [A-Z0-9_]+ SET\s+STORAGE_ALLOWED_LOCATIONS = \('s3:[^)]*\)\s+STORAGE_BLOCKED_LOCATIONS = \('s3:[^)]*\)$/,
  /^ALTER PIPE [A-Z_]+ (?:SET PIPE_EXECUTION_PAUSED = (?:TRUE|FALSE)|REFRESH MODIFIED_AFTER = '[-0-9T:]+Z')$/,
  /^ALTER (?:TASK|ALERT) [A-Z_]+ (?:RESUME|SUSPEND)$/,
  /^GRANT EXECUTE (?:ALERT|MANAGED TASK) ON ACCOUNT TO ROLE [A-Z_]+$/,
];

/** Why a statement of Snowflake is refused; null if it is not. */
function refused(statement: string): string | null {
  const parts = [
    // The parser has no grants on all objects of a schema.
    statement.replace(/^(GRANT \w+) ON (?:ALL|FUTURE) (?:TABLES|VIEWS|PIPES) IN SCHEMA/, "$1 ON TABLE"),
    // What an alert looks at and does.
    ...(/EXISTS \(\s*(SELECT.*?)\s*\)\)\s*THEN (CALL .*)$/s.exec(statement)?.slice(1) ?? []),
  ];
  for (const part of parts) {
    const parsed = parseSql(part, Dialect.Snowflake);
    if (!parsed.success && !KNOWN.some((known) => known.test(part))) return `${part}: ${parsed.error ?? ""}`;
    if (parsed.success && JSON.stringify(parsed.ast).startsWith('[{"raw"') && !KNOWN.some((known) => known.test(part)))
      return `${part}: unknown statement`;
  }
  return refusal({ kind: statement.startsWith("COPY") ? "copy" : "", name: "", sql: parts[0] ?? "" });
}

describe("the SQL for Snowflake", () => {
  test.each(["snowflake", "snowflake-reference", "from-fivetran"] as const)(
    "on docs/%s.md is accepted by a parser of Snowflake's dialect",
    (page) => {
      const statements = sqlOf(page).flatMap(statementsOf);
      expect(statements.length).toBeGreaterThan(1);
      expect(statements.flatMap((statement) => refused(statement) ?? [])).toEqual([]);
    },
  );

  test("of the dbt page is accepted too, once dbt has put in the sources", () => {
    const models = blocksOf(textOf("dbt")).filter(({ language }) => language === "sql");
    expect(models.length).toBe(2);
    for (const { text } of models) {
      const sql = text.replaceAll(/\{\{ source\('pardot_etl', '(\w+)'\) \}\}/g, "LAKE.PARDOT.$1");
      expect(sql).not.toContain("{{");
      expect(statementsOf(sql).flatMap((statement) => refused(statement) ?? [])).toEqual([]);
    }
  });

  test("names only what ddl creates", () => {
    const created = new Set(printed.flatMap(({ sql }) => sql.match(/\bPARDOT_\w+/g) ?? []));
    // Made on the page itself.
    const own = new Set(["PARDOT_ETL", "PARDOT_ETL_EMAIL", "PARDOT_ETL_NOT_LOADED", "PARDOT_VISITORACTIVITY_NEWEST"]);
    for (const page of PAGES) {
      const named = sqlOf(page).flatMap((text) => text.match(/\bPARDOT_[A-Z0-9_]+/g) ?? []);
      expect(named.length, page).toBeGreaterThan(1);
      expect(
        named.filter((name) => !created.has(name) && !own.has(name)),
        page,
      ).toEqual([]);
    }
  });

  test("finds the files that are missing or loaded again, and no other, and alerts only then", async () => {
    const database = await SnowflakeInDuckdb.open();
    try {
      await database.run(printed.filter(({ sql }) => !sql.includes("PARDOT_FIVETRAN")));
      await database.loadManifests(at.data);
      const keys = (await filesBelow(at.data)).filter((key) => !key.startsWith("_pardot_etl/"));
      const tableOf = (key: string): string => `PARDOT_${key.slice(0, key.indexOf("/")).toUpperCase()}`;
      const [missing = "", again = ""] = keys.filter((key) => key.startsWith("Tag/"));
      for (const key of keys) if (key !== missing) await database.load(tableOf(key), at.data, key);
      const queries = sqlOf("snowflake").flatMap(statementsOf).join("\n");
      const [overview = ""] = /SELECT TABLE_NAME, STATE, COUNT.*?ORDER BY TABLE_NAME, STATE/s.exec(queries) ?? [];
      const [, alert = ""] = /EXISTS \(\s*(SELECT.*?)\s*\)\)\s*THEN/s.exec(queries) ?? [];
      const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
        database.query(
          // A day after all runs.
          inDuckdb(sql.replace("SYSDATE()", "'2026-06-01'::TIMESTAMP_NTZ")).replace("INTERVAL -1", "INTERVAL '-1'"),
        );
      const wrong = async (): Promise<unknown[]> =>
        (await rows(overview))
          .filter((row) => row["STATE"] !== "exactly once")
          .map((row) => [row["TABLE_NAME"], row["STATE"]]);
      expect(await wrong()).toEqual([["PARDOT_TAG", "missing"]]);
      expect(await rows(alert)).toHaveLength(1);
      await database.load("PARDOT_TAG", at.data, missing);
      expect(await wrong()).toEqual([]);
      expect(await rows(alert)).toEqual([]);
      await database.load("PARDOT_TAG", at.data, again);
      expect(await wrong()).toEqual([["PARDOT_TAG", "loaded again"]]);
      expect(await rows(alert)).toHaveLength(1);
    } finally {
      database.close();
    }
  });

  test("repairs a file by the statements that verify prints", () => {
    const tag = catalog.find(({ name }) => name === "Tag");
    if (tag === undefined) throw new Error("the catalog has no Tag");
    const text = sqlOf("snowflake").join("\n");
    const key = `Tag/${/FILES = \('([^']+)'\)/.exec(text)?.[1] ?? ""}`;
    const normal = (sql: string): string => sql.replaceAll(/\s+/g, " ");
    const onPage = new Set(statementsOf(text).map(normal));
    const hints = (["missing", "loaded again"] as const).map((state) =>
      repairHint(tag, { key, state, problem: "" }, null),
    );
    const statements = hints.flatMap((hint) => (/`([^`]+)`$/.exec(hint)?.[1] ?? "").split("; ").map(normal));
    expect(statements).toHaveLength(5);
    expect(statements.filter((statement) => !onPage.has(statement))).toEqual([]);
  });

  test("explains every state that the reconciliation has, and no other", () => {
    const { sql = "" } = printed.find(({ name }) => name === "PARDOT_ETL_RECONCILIATION") ?? {};
    const states = [...sql.matchAll(/(?:THEN|ELSE) '([a-z ]+)'/g)].map(([, state = ""]) => state);
    const section =
      textOf("snowflake")
        .split("\n## ")
        .find((part) => part.startsWith("7. ")) ?? "";
    const told = [...section.matchAll(/^\| `([a-z ]+)`/gm)].map(([, state = ""]) => state);
    expect(told.toSorted()).toEqual([...new Set(states)].toSorted());
  });

  test("lists the formats and the views over all tables that ddl creates", () => {
    const section =
      textOf("snowflake-reference")
        .split("\n## ")
        .find((part) => part.startsWith("What ddl creates")) ?? "";
    const wanted = printed.filter(({ kind, name }) => kind !== "integration" && name.startsWith("PARDOT_ETL_"));
    const named = new Set(
      wanted.map(({ name }) => name).filter((name) => !/_PIPE$|^PARDOT_ETL_(?:S3|LOAD)$/.test(name)),
    );
    expect([...named].filter((name) => !section.includes(`\`${name}\``))).toEqual([]);
    expect(named.size).toBeGreaterThan(7);
  });
});

describe("the page on Fivetran", () => {
  test("lists the views of the profile", () => {
    const views = printed.filter(({ kind, sql }) => kind === "view" && sql.includes("PARDOT_FIVETRAN."));
    const rows = [...textOf("from-fivetran").matchAll(/^\| `(\w+)` +\| `(PARDOT_\w+)`/gm)];
    expect(rows.map(([, view = ""]) => view).toSorted()).toEqual(views.map(({ name }) => name).toSorted());
    for (const [, view = "", from = ""] of rows) {
      const { sql = "" } = views.find(({ name }) => name === view) ?? {};
      expect(sql, view).toContain(`LAKE.PARDOT.${from} `);
    }
  });

  test("names the columns that are null in the view of prospects", () => {
    const { sql = "" } = printed.find(({ name }) => name === "PROSPECT") ?? {};
    const empty = [...sql.matchAll(/NULL::\S+ AS "(\w+)"/g)].map(([, name = ""]) => name.toLowerCase());
    const [row = ""] = /^\| `PROSPECT`.*$/m.exec(textOf("from-fivetran")) ?? [];
    const told = [...row.matchAll(/`([a-z_]+)`/g)].map(([, name = ""]) => name);
    expect(told.toSorted()).toEqual(empty.toSorted());
  });

  test("sets the variables that ddl names", async () => {
    const [yaml = ""] = blocksOf(textOf("from-fivetran"))
      .filter(({ language }) => language === "yaml")
      .map(({ text }) => text);
    expect(parse(yaml)).toMatchObject({ vars: { pardot: { pardot_schema: "PARDOT_FIVETRAN" } } });
  });
});

test("the settings for Terraform on the Snowflake page are variables of the module", async () => {
  const module = await readTerraform("deploy/terraform");
  const type = await readFile(new URL("../../deploy/terraform/variables-aws.tf", import.meta.url), "utf8");
  const blocks = blocksOf(textOf("snowflake")).filter(({ language }) => language === "hcl");
  expect(blocks).toHaveLength(3);
  for (const { text } of blocks) {
    for (const [, name = ""] of text.matchAll(/^(\w+) = /gm)) expect(module.variables.has(name), name).toBe(true);
    for (const [, name = ""] of text.matchAll(/^ {2}(\w+) += /gm))
      expect(type).toMatch(new RegExp(`^ +${name} += optional`, "m"));
  }
});
