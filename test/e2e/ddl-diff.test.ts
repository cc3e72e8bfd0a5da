import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { callCli } from "../kit/cli.ts";
import { prospect } from "../kit/fakes/objects.ts";
import { landedRecords, readLanded, scene } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import type { SnowflakeServer } from "../kit/servers/snowflake.ts";
import { refusal } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";
import { byKeyPair, PASSWORD, PUBLIC_KEY } from "../kit/snowflake.ts";

// New custom fields on their way into Snowflake: reported by the run, printed by `ddl --diff`, loaded from the files that
// have them already. The real driver against the stand-in, in which the printed statements are carried out.

let server: SnowflakeServer;
let at: Scene;

beforeEach(async () => {
  server = await startSnowflake({ users: [{ name: "ETL", publicKey: PUBLIC_KEY, password: PASSWORD }] });
  const env = { ...byKeyPair(server), PARDOT_ETL_OBJECTS: "Prospect,Tag" };
  at = await scene({ knobs: { customFields: 1, customFieldsPerDay: 1 } }, env);
});
afterEach(async () => {
  await at.close();
  await server.close();
});

/** The statements that `ddl` prints, which a parser for Snowflake must accept. */
async function printed(...args: readonly string[]): Promise<readonly Printed[]> {
  const { code, stdout, stderr } = await callCli(["ddl", "--json", ...args], at.env, { cwd: at.root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const statements = JSON.parse(stdout) as Printed[];
  const parsed = statements.filter(({ kind }) => !["file format", "stage", "begin", "commit"].includes(kind));
  expect(parsed.map(refusal).filter((each) => each !== null)).toEqual([]);
  return statements;
}

/** Carries out tables, columns, views, deletions and loads, as far as the stand-in knows them. */
async function carryOut(statements: readonly Printed[]): Promise<void> {
  for (const { kind, name, sql } of statements) {
    const table = server.tables.get(name) ?? { rows: [], columns: [] };
    if (kind === "table") {
      const columns = [...sql.slice(0, sql.indexOf(") COMMENT")).matchAll(/^ {2}"([^"]+)"/gm)].map(
        ([, each = ""]) => each,
      );
      if (!server.tables.has(name)) server.tables.set(name, { rows: [], columns });
    } else if (kind === "view") {
      const columns = [...sql.matchAll(/^ {4}.*?"([^"]+)",?$/gm)].map(([, each = ""]) => each);
      server.tables.set(name, { rows: [], columns: columns.length === 0 ? ["A"] : columns });
    } else if (kind === "column") {
      const [of = "", column = ""] = name.split(".");
      const altered = server.tables.get(of) ?? { rows: [], columns: [] };
      if (altered.columns?.includes(column) !== true)
        server.tables.set(of, { ...altered, columns: [...(altered.columns ?? []), column] });
    } else if (kind === "delete") {
      const names = namesIn(sql);
      const rows = table.rows.filter((row) => !names.includes(row["_PARDOT_ETL_FILE"]?.split("/").at(-1) ?? ""));
      server.tables.set(name, { ...table, rows });
    } else if (kind === "load") {
      const folder = /FROM @PARDOT_ETL_FILES\/(\w+)\//.exec(sql)?.[1] ?? "";
      for (const file of namesIn(sql)) await copy(`${folder}/${file}`);
    }
  }
}

function namesIn(sql: string): readonly string[] {
  return [...sql.matchAll(/'([^'/]+\.csv)'/g)].map(([, name = ""]) => name);
}

/** Loads a landed file as COPY does: columns that the table lacks are left out. */
async function copy(key: string): Promise<void> {
  const name = `PARDOT_${key.slice(0, key.indexOf("/")).toUpperCase()}`;
  const table = server.tables.get(name);
  if (table === undefined) throw new Error(`no table ${name}`);
  const { records } = await readLanded(at.data, key);
  const added = records.map((record) => {
    const cells = Object.entries(record).map(([column, value]) => [column.toUpperCase(), value] as const);
    const known = cells.filter(([column]) => table.columns?.includes(column));
    return {
      ...Object.fromEntries(known),
      _PARDOT_ETL_FILE: `prefix/${key}`,
      _PARDOT_ETL_LOADED_AT: "2026-11-26 05:31:00",
    };
  });
  server.tables.set(name, { ...table, rows: [...table.rows, ...added] });
}

/** The columns of custom fields, as Snowflake keeps their names. */
async function customColumns(): Promise<readonly string[]> {
  const core = new Set(prospect.columns.map(({ name }) => name));
  const records = await landedRecords(at.data, "Prospect");
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  return [...names].filter((name) => !core.has(name)).map((name) => name.toUpperCase());
}

/** The table has every value of the landed files. */
async function everyValueIsLoaded(): Promise<void> {
  const landed = await landedRecords(at.data, "Prospect");
  const upper = landed.map((record) =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toUpperCase(), value ?? null])),
  );
  const columns = [...new Set(upper.flatMap((record) => Object.keys(record)))];
  const shown = (rows: readonly Readonly<Record<string, string | null>>[]): string[] =>
    rows.map((row) => JSON.stringify(columns.map((name) => row[name] ?? null))).toSorted();
  expect(shown(server.tables.get("PARDOT_PROSPECT")?.rows ?? [])).toEqual(shown(upper));
}

/** One run, whose files are loaded afterwards; its manifest. */
async function runAndLoad() {
  const { manifest } = await at.run();
  for (const { files } of manifest.objects) for (const { key } of files) await copy(key);
  return manifest;
}

it("prints everything for an empty schema, nothing afterwards, and then only what is new, with the files that have it", async () => {
  const all = await printed("--diff");
  expect(new Set(all.map(({ kind }) => kind))).toEqual(
    new Set(["use", "file format", "stage", "table", "pipe", "view"]),
  );
  await carryOut(all);
  expect(await printed("--diff")).toEqual([]);

  const first = await runAndLoad();
  const [field = ""] = await customColumns();
  const warning = first.warnings.find(({ code }) => code === "warehouse.column-missing-in-table");
  expect(warning).toMatchObject({ object: "Prospect" });
  expect(warning?.message).toContain(`\`ALTER TABLE PARDOT_PROSPECT ADD COLUMN IF NOT EXISTS "${field}" VARCHAR\``);
  const missing = await printed("--diff");
  expect(missing.map(({ kind, name }) => [kind, name])).toEqual([
    ["use", "lake.PARDOT"],
    ["column", `PARDOT_PROSPECT.${field}`],
    ["begin", "PARDOT_PROSPECT"],
    ["delete", "PARDOT_PROSPECT"],
    ["load", "PARDOT_PROSPECT"],
    ["commit", "PARDOT_PROSPECT"],
    ["view", "PARDOT_PROSPECT_CURRENT"],
  ]);
  await carryOut(missing);
  expect(await printed("--diff")).toEqual([]);
  await everyValueIsLoaded();

  // Another field a day later: only files that have it are loaded again.
  at.simulator.advance(1);
  const second = await runAndLoad();
  expect(second.warnings.find(({ code }) => code === "fields.appeared")?.message).toMatch(
    /ALTER TABLE PARDOT_PROSPECT ADD COLUMN IF NOT EXISTS "\w+" VARCHAR`$/,
  );
  const later = await printed("--diff");
  const files = second.objects.find(({ object }) => object === "Prospect")?.files.map(({ key }) => key.split("/")[1]);
  expect(later.filter(({ kind }) => kind === "load").flatMap(({ sql }) => namesIn(sql))).toEqual(files);
  await carryOut(later);
  await everyValueIsLoaded();
  expect(await printed("--diff")).toEqual([]);
});

it("loads files again whose manifest does not name their columns, by their headers, and none that has not been loaded", async () => {
  await carryOut(await printed("--diff"));
  const { manifest, manifestKey } = await at.run();
  const keys = manifest.objects.flatMap(({ files }) => files.map(({ key }) => key));
  const [first = "", ...others] = keys.filter((key) => key.startsWith("Prospect/"));
  expect(others.length).toBeGreaterThan(0);
  await copy(first);
  const path = join(at.data, manifestKey);
  const text = await readFile(path, "utf8");
  const older = JSON.parse(text, (key: string, value: unknown) =>
    key === "columns_fingerprint" || key === "columns" ? undefined : value,
  ) as unknown;
  await writeFile(path, JSON.stringify(older, null, 2));
  const load = (await printed("--diff")).filter(({ kind }) => kind === "load");
  expect(load.flatMap(({ sql }) => namesIn(sql))).toEqual([first.split("/")[1]]);
});

it("loads no file again that was written off: its damaged bytes would replace the rows in the table", async () => {
  await carryOut(await printed("--diff"));
  const keys = (await runAndLoad()).objects.flatMap(({ files }) => files.map(({ key }) => key));
  const [damaged = "", ...others] = keys.filter((key) => key.startsWith("Prospect/"));
  const path = join(at.data, damaged);
  await writeFile(path, (await readFile(path)).subarray(0, -40));
  expect((await callCli(["verify", "--accept", damaged], at.env, { cwd: at.root })).code).toBe(0);
  const load = (await printed("--diff")).filter(({ kind }) => kind === "load");
  const names = others.toSorted().map((key) => key.split("/")[1]);
  expect(load.flatMap(({ sql }) => namesIn(sql))).toEqual(names);
});

it("goes on when a table names its files but not when they were loaded", async () => {
  await carryOut(await printed("--diff"));
  const columns = (server.tables.get("PARDOT_PROSPECT")?.columns ?? []).filter(
    (name) => name !== "_PARDOT_ETL_LOADED_AT",
  );
  server.tables.set("PARDOT_PROSPECT", { rows: [], columns });
  await at.run();
  const names = (await printed("--diff")).map(({ name }) => name);
  expect(names).toContain("PARDOT_PROSPECT._PARDOT_ETL_LOADED_AT");
});

it.each([
  [["--diff", "--target", "duckdb"], {}, "--diff has no effect with --target duckdb"],
  [["--diff", "--profile", "fivetran"], {}, "--diff has no effect with --profile fivetran"],
  [["--diff", "--with-account"], {}, "--with-account has no effect with --diff"],
  [["--diff"], { PARDOT_ETL_WAREHOUSE: "none" }, 'PARDOT_ETL_WAREHOUSE is "none": expected snowflake'],
])("refuses %j with %j", async (args, env, said) => {
  const { code, stdout, stderr } = await callCli(["ddl", ...args], { ...at.env, ...env }, { cwd: at.root });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(said);
});

it("ends with 7 when Snowflake cannot be reached", async () => {
  const env = { ...at.env, SNOWFLAKE_SCHEMA: "NONE" };
  expect((await callCli(["ddl", "--diff"], env, { cwd: at.root })).code).toBe(7);
});
