import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { Dialect, parse as parseSql } from "@polyglot-sql/sdk";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { SETTING_BY_NAME } from "../../src/config/settings.ts";
import { callCli } from "../kit/cli.ts";
import { scene } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { blocksOf, commandsOf, pageText, statementsOf } from "./blocks.ts";

// The pages for people who work with the data: their commands, and the SQL that DuckDB and others execute.

const PAGES = [
  "snowflake",
  "snowflake-reference",
  "duckdb",
  "dbt",
  "from-fivetran",
  "other-loaders",
  "quickstart",
  "deletes",
  "manifest",
  "troubleshooting",
  "migrate",
] as const;
const TEXTS = new Map(await Promise.all(PAGES.map(async (page) => [page, await pageText(`docs/${page}.md`)] as const)));

function textOf(page: (typeof PAGES)[number]): string {
  return TEXTS.get(page) ?? "";
}

let at: Scene;
let views: string;

beforeAll(async () => {
  at = await scene({ timezone: "America/New_York" }, { PARDOT_ETL_OBJECTS: "core,deletes,LifecycleHistory" });
  for (let day = 0; day < 2; day += 1) {
    if (day > 0) at.simulator.advance(1);
    expect((await at.run({ env: { PARDOT_ETL_WAREHOUSE: at.duckdb } })).error).toBeNull();
  }
  const { code, stdout } = await callCli(["ddl", "--target", "duckdb"], at.env, { cwd: at.root });
  expect(code).toBe(0);
  views = stdout;
});
afterAll(async () => at.close());

describe.each(PAGES)("the commands on docs/%s.md", (page) => {
  const commands = commandsOf(textOf(page));

  test("set only variables that exist", () => {
    const shell = blocksOf(textOf(page)).filter(({ language }) => language === "sh");
    const variables = shell.flatMap(({ text }) => text.match(/\b(?:PARDOT|SNOWFLAKE)_[A-Z_]+(?==)/g) ?? []);
    expect(variables.filter((name) => !SETTING_BY_NAME.has(name))).toEqual([]);
  });

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
      await connection.run(views);
      for (const { text } of ofViews) await execute(connection, text);
    });
  });

  test("copies the newest versions into another catalog, and only what has changed afterwards", async () => {
    const [whole = "", changed = "", ...rest] = blocksOf(textOf("other-loaders"))
      .filter(({ language, text }) => language === "sql" && text.startsWith("-- DuckDB"))
      .map(({ text }) => text);
    expect(rest).toEqual([]);
    await withDatabase(":memory:", async (connection) => {
      await connection.run(views);
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
      // As it was before the second run: newer versions and records are missing.
      await connection.run(
        "CREATE TABLE lake.pardot_visitoractivity AS SELECT c.* FROM PARDOT_VISITORACTIVITY_CURRENT AS c JOIN PARDOT_ETL_FILES AS f ON f.file_key = c._pardot_etl_file WHERE f.run_id = (SELECT min(run_id) FROM PARDOT_ETL_FILES)",
      );
      await connection.run(
        "INSERT INTO lake.pardot_visitoractivity BY NAME SELECT * REPLACE ('an earlier file' AS _pardot_etl_file, 'old' AS details) FROM PARDOT_VISITORACTIVITY_CURRENT WHERE id NOT IN (SELECT id FROM lake.pardot_visitoractivity) LIMIT 3",
      );
      const missing = (await count("PARDOT_VISITORACTIVITY_CURRENT")) - (await count("lake.pardot_visitoractivity"));
      expect(missing).toBeGreaterThan(0);
      await execute(connection, changed);
      const difference = "(FROM PARDOT_VISITORACTIVITY_CURRENT EXCEPT ALL FROM lake.pardot_visitoractivity)";
      expect(await count(difference)).toBe(0);
      expect(await count("lake.pardot_visitoractivity")).toBe(await count("PARDOT_VISITORACTIVITY_CURRENT"));
    });
  });
});

test("the SQL for Athena is accepted by a parser of its dialect", () => {
  const blocks = blocksOf(textOf("other-loaders")).filter(({ text }) => text.startsWith("-- Athena"));
  expect(blocks).toHaveLength(2);
  for (const { text } of blocks) {
    for (const statement of statementsOf(text))
      expect(parseSql(statement, Dialect.Athena)).toMatchObject({ success: true });
  }
});
