import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { catalog } from "../../src/catalog/index.ts";
import { manifestBytes, manifestKey } from "../../src/manifest/manifest.ts";
import { callCli } from "../kit/cli.ts";
import { manifestObject, manifestOf } from "../kit/manifests.ts";
import { byId, scenesUntil, tableRecords, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { SnowflakeInDuckdb } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";

// Holds G10 for the views over the folder: they show what the embedded warehouse would hold.

const start = scenesUntil(afterEach);

/** A file that a run in progress has landed: no manifest names it yet. */
const STRAY = "Tag/Tag_api_19000101T000000Z_20260101T000000Z_0123456789ab.csv";

async function printed(at: Scene, ...args: readonly string[]): Promise<readonly Printed[]> {
  const { code, stdout, stderr } = await callCli(["ddl", "--json", ...args], at.env, { cwd: at.root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Printed[];
}

async function database(statements: readonly Printed[]): Promise<SnowflakeInDuckdb> {
  const open = await SnowflakeInDuckdb.open();
  onTestFinished(() => open.close());
  for (const { sql } of statements) await open.query(sql);
  return open;
}

/** Compares every view of the newest versions with the table of the embedded warehouse; returns how many there are. */
async function comparedWithTables(
  at: Scene,
  views: SnowflakeInDuckdb,
  statements: readonly Printed[],
): Promise<number> {
  let compared = 0;
  for (const { name, table, columns, key } of catalog) {
    if (!statements.some((statement) => statement.name === `${table}_CURRENT`)) continue;
    compared += 1;
    const names = columns.map((column) => `"${column.name}"::VARCHAR AS "${column.name}"`).join(", ");
    const isLive = name === "Campaign" || name === "Account" ? "NOT _pardot_etl_deleted" : "true";
    const rows = await views.query(`SELECT ${names} FROM ${table}_CURRENT WHERE ${isLive}`);
    const found = new Map(rows.map((row) => [row[key], JSON.stringify(row)]));
    const wanted = new Map(
      (await tableRecords(at, name)).map((row) => [
        row[key],
        JSON.stringify(Object.fromEntries(columns.map((column) => [column.name, row[column.name]]))),
      ]),
    );
    expect(found.size, name).toBe(rows.length);
    const wrong = [...wanted].filter(([id, row]) => found.get(id) !== row).slice(0, 3);
    expect(
      wrong.map(([id]) => found.get(id)),
      name,
    ).toEqual(wrong.map(([, row]) => row));
    expect(found.size, name).toBe(wanted.size);
  }
  return compared;
}

describe("the views for DuckDB", () => {
  it("G10 equal the loaded tables after two days, and know which records are gone", async () => {
    const at = await start(
      { timezone: "America/New_York" },
      { PARDOT_ETL_OBJECTS: "core,deletes", PARDOT_ETL_COMPRESSION: "zstd" },
    );
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    const before = new Map<string, ReadonlySet<string>>();
    for (let day = 0; day < 3; day += 1) {
      if (day > 0) at.simulator.advance(1);
      for (const name of ["Campaign", "Prospect"]) {
        before.set(name, new Set([...(before.get(name) ?? []), ...byId(truth(at.simulator, name)).keys()]));
      }
      expect((await at.run({ env })).error).toBeNull();
    }
    const statements = await printed(at, "--target", "duckdb");
    const views = await database(statements);
    // A second time changes nothing.
    for (const { sql } of statements) await views.query(sql);
    expect(await comparedWithTables(at, views, statements)).toBeGreaterThan(14);
    for (const name of ["Campaign", "Prospect"]) {
      const live = byId(truth(at.simulator, name));
      const gone = [...(before.get(name) ?? [])].filter((id) => !live.has(id));
      const rows = await views.query(
        `SELECT id::VARCHAR AS id FROM PARDOT_${name.toUpperCase()}_CURRENT WHERE _pardot_etl_deleted`,
      );
      expect(new Set(rows.map(({ id }) => id)), name).toEqual(new Set(gone));
    }
  });

  it("G10 equal the loaded tables after runs with csv.gz, csv.zst, jsonl, jsonl.gz and parquet, of which each view reads all", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "core,deletes" });
    const ways = [
      { PARDOT_ETL_FORMAT: "csv", PARDOT_ETL_COMPRESSION: "gzip" },
      { PARDOT_ETL_FORMAT: "csv", PARDOT_ETL_COMPRESSION: "zstd" },
      { PARDOT_ETL_FORMAT: "jsonl" },
      { PARDOT_ETL_FORMAT: "jsonl", PARDOT_ETL_COMPRESSION: "gzip" },
      { PARDOT_ETL_FORMAT: "parquet" },
    ];
    for (const [day, way] of ways.entries()) {
      if (day > 0) at.simulator.advance(1);
      expect((await at.run({ env: { ...way, PARDOT_ETL_WAREHOUSE: at.duckdb } })).error).toBeNull();
    }
    const statements = await printed(at, "--target", "duckdb");
    const views = await database(statements);
    expect(await comparedWithTables(at, views, statements)).toBeGreaterThan(14);
    const suffixes = await views.query(
      "SELECT DISTINCT regexp_extract(_pardot_etl_file, '[.].*') AS suffix FROM PARDOT_VISITORACTIVITY_RAW ORDER BY 1",
    );
    expect(suffixes.map(({ suffix }) => suffix)).toEqual([".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".parquet"]);
  });

  it("fail and name ddl, instead of leaving rows out, when files of a format have landed that they were printed without", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    await at.run({ env: { PARDOT_ETL_FORMAT: "jsonl" } });
    const views = await database(await printed(at, "--target", "duckdb"));
    const count = "SELECT count(*)::INTEGER AS n FROM PARDOT_TAG_CURRENT";
    expect(await views.query(count)).toEqual([{ n: truth(at.simulator, "Tag").length }]);
    at.simulator.advance(1);
    expect((await at.run({ env: { PARDOT_ETL_FORMAT: "parquet" } })).error).toBeNull();
    await expect(views.query(count)).rejects.toThrow(
      /PARDOT_TAG_RAW does not read this format yet; run pardot-etl ddl again: .*[.]parquet/,
    );
    for (const { sql } of await printed(at, "--target", "duckdb")) await views.query(sql);
    const [row] = await views.query(`${count} WHERE NOT coalesce(name, '') = 'none'`);
    expect(row?.["n"]).toBeGreaterThanOrEqual(truth(at.simulator, "Tag").length);
  });

  it("show only committed files, read names with brackets and quotes, and have columns that no file has yet", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    const env = { ...at.env, PARDOT_ETL_DESTINATION: join(at.root, "it's [a] folder") };
    await at.run({ env });
    const views = await database(await printed({ ...at, env }, "--target", "duckdb"));
    const count = async (name: string): Promise<unknown> => {
      const [row] = await views.query(`SELECT count(*)::INTEGER AS n FROM ${name}`);
      return row?.["n"];
    };
    const rows = truth(at.simulator, "Tag").length;
    expect(await count("PARDOT_TAG_CURRENT")).toBe(rows);
    await views.query(
      `COPY (SELECT 1 AS id, 'stray' AS name, now()::VARCHAR AS created_at, '2999-01-01 00:00:00' AS updated_at) TO '${env.PARDOT_ETL_DESTINATION.replaceAll("'", "''")}/${STRAY}'`,
    );
    expect(await count("PARDOT_TAG_RAW")).toBe(rows + 1);
    expect(await count("PARDOT_TAG_CURRENT")).toBe(rows);
    // Files that are not ours are none of its versions, whatever is in them.
    await writeFile(join(env.PARDOT_ETL_DESTINATION, "Tag", "notes.csv"), '"');
    await writeFile(join(env.PARDOT_ETL_DESTINATION, "Tag", "notes.parquet"), "");
    expect(await count("PARDOT_TAG_RAW")).toBe(rows + 1);
  });

  it("are none while nothing has landed, and the text says so", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    expect(await printed(at, "--target", "duckdb")).toEqual([]);
    const { stdout } = await callCli(["ddl", "--target", "duckdb"], at.env, { cwd: at.root });
    expect(stdout).toMatch(/^-- Run ddl again once files of these have landed.*: Tag\.$/m);
  });

  it.each(["through_id", "through_time"] as const)(
    "count no window as read whole that a manifest commits up to its %s",
    async (mark) => {
      const at = await start({}, { PARDOT_ETL_OBJECTS: "Campaign" });
      await at.run();
      const window = { field: null, from: "1900-01-01T00:00:00Z", to: "2026-03-21T00:00:00Z" };
      const rest = { ...window, to: "2026-03-22T00:00:00Z", [mark]: "7" };
      const objects = [manifestObject("Campaign", { windows: [window, rest] })];
      const name = join(at.data, manifestKey("20260322T080000Z-aaaaaa"));
      await mkdir(dirname(name));
      await writeFile(name, manifestBytes(manifestOf("20260322T080000Z-aaaaaa", { objects })));
      const views = await database(await printed(at, "--target", "duckdb"));
      expect(await views.query("SELECT until FROM PARDOT_ETL_WHOLE")).toEqual([{ until: "20260321T000000Z" }]);
    },
  );
});

describe("the sources for dbt", () => {
  it("are one file with the views, the key's tests, and the proof of loading", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag,Email" });
    const { code, stdout } = await callCli(["ddl", "--target", "dbt"], at.env, { cwd: at.root });
    expect(code).toBe(0);
    const { sources } = parse(stdout) as { sources: { tables: { name: string; columns?: unknown }[] }[] };
    expect(sources[0]?.tables.map(({ name, columns }) => [name, columns])).toEqual([
      ["PARDOT_TAG_CURRENT", [{ name: "ID", data_tests: ["unique", "not_null"] }]],
      ["PARDOT_EMAIL_CURRENT", [{ name: "EMAIL_ID", data_tests: ["unique", "not_null"] }]],
      ["PARDOT_ETL_MANIFESTS", undefined],
      ["PARDOT_ETL_RECONCILIATION", expect.arrayContaining([expect.objectContaining({ name: "STATE" })])],
    ]);
  });
});
