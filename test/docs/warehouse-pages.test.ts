import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { Dialect, parse as parseSql } from "@polyglot-sql/sdk";
import { catalog } from "../../src/catalog/index.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { repairHint } from "../../src/warehouse/snowflake/repair.ts";
import { callCli } from "../kit/cli.ts";
import { scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { refusal } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";
import { readTerraform } from "../terraform/module.ts";
import { blocksOf, commandsOf, pageText, statementsOf } from "./blocks.ts";

// The pages for people who work with the tables: their commands, SQL and names.

const PAGES = [
  "snowflake",
  "snowflake-reference",
  "duckdb",
  "dbt",
  "from-fivetran",
  "other-loaders",
  "quickstart",
  "deletes",
] as const;
const TEXTS = new Map(await Promise.all(PAGES.map(async (page) => [page, await pageText(`docs/${page}.md`)] as const)));
const ZONE = "America/New_York";

function textOf(page: (typeof PAGES)[number]): string {
  return TEXTS.get(page) ?? "";
}

/** The blocks of SQL on a page in Snowflake's dialect. */
function snowflakeBlocks(page: (typeof PAGES)[number]): readonly string[] {
  return blocksOf(textOf(page))
    .filter(({ language, text }) => language === "sql" && !/^-- (?:DuckDB|Athena)/.test(text))
    .map(({ text }) => text);
}

let at: Scene;
let printed: readonly Printed[];
let duckdbScript: string;

beforeAll(async () => {
  at = await scene({ timezone: ZONE }, { PARDOT_ETL_OBJECTS: "core,deletes,LifecycleHistory" });
  for (let day = 0; day < 2; day += 1) {
    if (day > 0) at.simulator.advance(1);
    expect((await at.run({ env: { PARDOT_ETL_WAREHOUSE: at.duckdb } })).error).toBeNull();
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
  const outputs = await Promise.all(ways.map((args) => ddl([...args, "--json"], snowflake)));
  printed = outputs.flatMap((output) => JSON.parse(output) as readonly Printed[]);
  duckdbScript = await ddl(["--target", "duckdb"]);
}, 120_000);
afterAll(async () => at.close());

async function ddl(args: readonly string[], env: Environment = {}): Promise<string> {
  const { code, stdout, stderr } = await callCli(["ddl", ...args], { ...at.env, ...env }, { cwd: at.root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.each(PAGES)("the commands on docs/%s.md", (page) => {
  const commands = commandsOf(textOf(page));

  test("exist, with their options", async () => {
    expect(commands.length).toBeGreaterThan(0);
    for (const words of commands) {
      const request = await parseCommandLine(words, COMMANDS, "0");
      expect(request.kind, words.join(" ")).toBe("command");
    }
  });
});

describe("the SQL for DuckDB", () => {
  async function withDatabase(path: string, use: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    try {
      await use(connection);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  /** Executes the statements of a block; each query has rows. */
  async function execute(connection: DuckDBConnection, text: string): Promise<void> {
    for (const statement of statementsOf(text)) {
      const reader = await connection.runAndReadAll(statement).catch((error: unknown) => {
        throw new Error(`${statement}: ${String(error)}`, { cause: error });
      });
      if (/^(?:SELECT|WITH)\b/i.test(statement)) expect(reader.currentRowCount, statement).toBeGreaterThan(0);
    }
  }

  const blocks = blocksOf(textOf("duckdb")).filter(({ language }) => language === "sql");
  const ofTables = blocks.filter(({ section }) => section === "Tables that each run loads");
  const ofViews = blocks.filter(({ section }) => section !== "Tables that each run loads");

  test("runs on the loaded tables, and each query has rows", async () => {
    expect(ofTables.length).toBeGreaterThan(2);
    await withDatabase(at.duckdb.slice("duckdb:".length), async (connection) => {
      for (const { text } of ofTables) await execute(connection, text);
    });
  });

  test("runs on the views over the landed files, and each query has rows", async () => {
    expect(ofViews.length).toBeGreaterThan(5);
    await withDatabase(":memory:", async (connection) => {
      await connection.run(duckdbScript);
      for (const { text } of ofViews) await execute(connection, text);
    });
  });

  test("copies the newest versions into another catalog, and only what has changed afterwards", async () => {
    const [whole = "", changed = "", ...rest] = blocksOf(textOf("other-loaders"))
      .filter(({ language, text }) => language === "sql" && text.startsWith("-- DuckDB"))
      .map(({ text }) => text);
    expect(rest).toEqual([]);
    await withDatabase(":memory:", async (connection) => {
      await connection.run(duckdbScript);
      const count = async (table: string): Promise<number> => {
        const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER AS n FROM ${table}`);
        return Number(reader.getRowObjects()[0]?.["n"]);
      };
      // Another database instead of a DuckLake, whose extension is not part of DuckDB.
      const attached = whole
        .replace(/'ducklake:[^']*'/, `'${join(at.root, "lake.duckdb")}'`)
        .replace(/ \(DATA.*\)/, "");
      expect(attached).not.toContain("ducklake");
      await execute(connection, attached);
      expect(await count("lake.pardot_tag")).toBe(await count("PARDOT_TAG_CURRENT"));
      const [first] = (
        await connection.runAndReadAll(
          "SELECT min(_pardot_etl_landed_at)::VARCHAR AS first FROM PARDOT_VISITORACTIVITY_CURRENT",
        )
      ).getRowObjects();
      await connection.run(
        `CREATE TABLE lake.pardot_visitoractivity AS SELECT * FROM PARDOT_VISITORACTIVITY_CURRENT WHERE _pardot_etl_landed_at = '${String(first?.["first"])}'`,
      );
      const missing = (await count("PARDOT_VISITORACTIVITY_CURRENT")) - (await count("lake.pardot_visitoractivity"));
      expect(missing).toBeGreaterThan(0);
      await execute(connection, changed);
      expect(await count("lake.pardot_visitoractivity")).toBe(await count("PARDOT_VISITORACTIVITY_CURRENT"));
    });
  });
});

/** Statements of which the parser knows only that they create or change something. */
const KNOWN = [
  /^CREATE (?:ROLE|USER|DATABASE|SCHEMA|WAREHOUSE|ALERT|NOTIFICATION INTEGRATION) IF NOT EXISTS [A-Z_.]+/,
  /^ALTER STORAGE INTEGRATION [A-Z0-9_]+ SET STORAGE_ALLOWED_LOCATIONS = \('s3:[^)]*\)$/,
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
      const statements = snowflakeBlocks(page).flatMap(statementsOf);
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

  test("for Athena is accepted by a parser of its dialect", () => {
    const blocks = blocksOf(textOf("other-loaders")).filter(({ text }) => text.startsWith("-- Athena"));
    expect(blocks).toHaveLength(2);
    for (const { text } of blocks) {
      for (const statement of statementsOf(text))
        expect(parseSql(statement, Dialect.Athena)).toMatchObject({ success: true });
    }
  });

  test("names only what ddl creates", () => {
    const created = new Set(printed.flatMap(({ sql }) => sql.match(/\bPARDOT_\w+/g) ?? []));
    // Made on the page itself.
    const own = new Set(["PARDOT_ETL", "PARDOT_ETL_EMAIL", "PARDOT_ETL_NOT_LOADED", "PARDOT_VISITORACTIVITY_NEWEST"]);
    for (const page of ["snowflake", "snowflake-reference", "from-fivetran", "dbt"] as const) {
      const named = snowflakeBlocks(page).flatMap((text) => text.match(/\bPARDOT_[A-Z0-9_]+/g) ?? []);
      expect(named.length, page).toBeGreaterThan(1);
      expect(
        named.filter((name) => !created.has(name) && !own.has(name)),
        page,
      ).toEqual([]);
    }
  });

  test("repairs a file by the statements that verify prints", () => {
    const tag = catalog.find(({ name }) => name === "Tag");
    if (tag === undefined) throw new Error("the catalog has no Tag");
    const text = snowflakeBlocks("snowflake").join("\n");
    const key = `Tag/${/FILES = \('([^']+)'\)/.exec(text)?.[1] ?? ""}`;
    const normal = (sql: string): string => sql.replaceAll(/\s+/g, " ").replaceAll(/ ON_ERROR = \w+/g, "");
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
  const type = await readFile(new URL("../../deploy/terraform/variables.tf", import.meta.url), "utf8");
  const blocks = blocksOf(textOf("snowflake")).filter(({ language }) => language === "hcl");
  expect(blocks).toHaveLength(3);
  for (const { text } of blocks) {
    for (const [, name = ""] of text.matchAll(/^(\w+) = /gm)) expect(module.variables.has(name), name).toBe(true);
    for (const [, name = ""] of text.matchAll(/^ {2}(\w+) += /gm))
      expect(type).toMatch(new RegExp(`^ +${name} += optional`, "m"));
  }
});
