import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { deletesOf } from "../../src/catalog/facts.ts";
import { manifestBytes, manifestKey } from "../../src/manifest/manifest.ts";
import { callCli } from "../kit/cli.ts";
import { manifestObject, manifestOf, namedFile } from "../kit/manifests.ts";
import { byId, landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { inDuckdb, refusal, SnowflakeInDuckdb } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";

// Holds G10 for Snowflake: the printed views show what the account holds. They are translated to DuckDB and executed on
// landed files.

const start = scenesUntil(afterEach);

/** Objects whose deletions can be known. */
const SEEN_TO_GO = ["Campaign", "Prospect", "ListMembership"];

async function printed(at: Scene, ...args: readonly string[]): Promise<readonly Printed[]> {
  const { code, stdout, stderr } = await callCli(["ddl", "--json", ...args], at.env, { cwd: at.root });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Printed[];
}

async function tables(statements: readonly Printed[]): Promise<SnowflakeInDuckdb> {
  const database = await SnowflakeInDuckdb.open();
  onTestFinished(() => database.close());
  await database.run(statements);
  return database;
}

/** Loads what has landed since, newest files first, as pipes may; returns the keys. */
async function loadNew(
  database: SnowflakeInDuckdb,
  at: Scene,
  objects: readonly CatalogObject[],
  known: Set<string>,
  landedAt: (key: string) => string | undefined = () => undefined,
): Promise<readonly string[]> {
  const loaded: string[] = [];
  for (const { name, table } of objects) {
    const names = await readdir(join(at.data, name)).catch(() => []);
    for (const key of names
      .map((each) => `${name}/${each}`)
      .toSorted()
      .toReversed()) {
      if (known.has(key)) continue;
      known.add(key);
      loaded.push(key);
      await database.load(table, at.data, key, landedAt(key));
    }
  }
  return loaded;
}

/** A cell in one spelling: numbers without zeros at their end, JSON without blanks. */
function cell(type: string, value: unknown): string | null {
  if (typeof value !== "string") return null;
  if (type === "number") return String(Number(value));
  return type === "json" ? JSON.stringify(JSON.parse(value)) : value;
}

/** The records of a view that are not deleted, and the ids of those that are. */
async function current(
  database: SnowflakeInDuckdb,
  { table, columns, key }: CatalogObject,
): Promise<{ readonly live: Map<string, Record<string, string | null>>; readonly deleted: Set<string> }> {
  const rows = await database.query(`SELECT COLUMNS(*)::VARCHAR FROM ${table}_CURRENT`);
  const live = new Map<string, Record<string, string | null>>();
  const deleted = new Set<string>();
  for (const row of rows) {
    const id = String(row[key.toUpperCase()]);
    if (row["_PARDOT_ETL_DELETED"] === "true") deleted.add(id);
    else {
      const cells = columns.map(({ name, type }) => [name, cell(type, row[name.toUpperCase()])] as const);
      live.set(id, Object.fromEntries(cells));
    }
  }
  expect(live.size + deleted.size, table).toBe(rows.length);
  return { live, deleted };
}

/** The view holds every record as it is, once; of records that are gone it knows what can be known. */
async function expectCurrent(database: SnowflakeInDuckdb, at: Scene, object: CatalogObject): Promise<void> {
  const { name, columns, key } = object;
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const rows = truth(at.simulator, name, { isXml: true });
  const wanted = new Map(
    rows.map((row) => [
      String(row[key]),
      Object.fromEntries(columns.map((column) => [column.name, cell(types.get(column.name) ?? "", row[column.name])])),
    ]),
  );
  const { live, deleted } = await current(database, object);
  const wrong = [...wanted].filter(([id, row]) => !isDeepStrictEqual(live.get(id), row)).slice(0, 3);
  expect(
    wrong.map(([id]) => live.get(id)),
    name,
  ).toEqual(wrong.map(([, row]) => row));
  const isKnown = deletesOf(object) !== "not seen";
  if (isKnown) expect(new Set(live.keys()), name).toEqual(new Set(wanted.keys()));
  for (const id of deleted) expect(wanted.has(id), `${name} ${id}`).toBe(false);
}

/** One email of each list email with activities, as the account has it. */
async function expectEmails(database: SnowflakeInDuckdb, at: Scene): Promise<void> {
  const email = catalog.find(({ name }) => name === "Email");
  if (email === undefined) throw new Error("no Email");
  const { live } = await current(database, email);
  const activities = await landedRecords(at.data, "VisitorActivity");
  const lists = new Set(activities.flatMap(({ list_email_id: list, email_id: one }) => (list && one ? [list] : [])));
  expect(new Set([...live.values()].map((record) => record["list_email_id"]))).toEqual(lists);
  expect(live.size).toBe(lists.size);
  const rows = new Map(truth(at.simulator, "Email").map((row) => [row["email_id"], row]));
  for (const record of live.values()) expect(record).toMatchObject({ ...rows.get(record["email_id"] ?? "") });
}

describe("the SQL for Snowflake", () => {
  it("is accepted by a parser of Snowflake's dialect, for all objects of all versions and ways of loading", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "all" });
    for (const version of ["auto", "4", "5"]) {
      for (const load of ["pipe", "task", "none"]) {
        const env = { ...at.env, PARDOT_API_VERSION: version };
        const statements = await printed({ ...at, env }, "--load", load, "--with-account");
        expect(statements.length).toBeGreaterThan(100);
        expect(statements.flatMap((statement) => refusal(statement) ?? [])).toEqual([]);
      }
    }
  });

  it("has pipes for the configured format and for those whose files are in the destination", async () => {
    const at = await start({ scale: "tiny" }, { PARDOT_ETL_OBJECTS: "Tag,Account" });
    const pipes = async (format: string, ...args: readonly string[]): Promise<readonly string[]> => {
      const statements = await printed({ ...at, env: { ...at.env, PARDOT_ETL_FORMAT: format } }, ...args);
      return statements.flatMap(({ kind, name }) => (kind === "pipe" && /TAG/.test(name) ? [name] : []));
    };
    expect(await pipes("parquet")).toEqual(["PARDOT_TAG_PARQUET_PIPE"]);
    await at.run({ env: { PARDOT_ETL_FORMAT: "jsonl" } });
    expect(await pipes("parquet", "Tag")).toEqual(["PARDOT_TAG_PARQUET_PIPE", "PARDOT_TAG_JSONL_PIPE"]);
    expect(await pipes("jsonl")).toEqual(["PARDOT_TAG_JSONL_PIPE"]);
  });

  it("G10 shows every record as it is after three days, through ties, the hour that comes twice, a late export and deletions", async () => {
    // On November 1, 2026, clocks in New York go back.
    const at = await start(
      { timezone: "America/New_York", now: "2026-10-30T17:00:00Z" },
      { PARDOT_ETL_OBJECTS: "core,deletes" },
    );
    const objects = catalog.filter(({ name, core }) => core || name.endsWith("Deleted"));
    const known = new Set<string>();
    await at.run();
    const statements = await printed(at);
    const database = await tables(statements);
    const first = new Set<string>();
    const seen = new Map<string, ReadonlySet<string>>();
    for (let day = 0; ; day += 1) {
      await loadNew(database, at, objects, known, (key) => {
        // An export of the first run is landed by a later one, which takes it over.
        if (day > 0 || !key.startsWith("Prospect/")) return undefined;
        first.add(key);
        return "2999-01-01 00:00:00";
      });
      await database.loadManifests(at.data);
      for (const name of SEEN_TO_GO) {
        const live = byId(truth(at.simulator, name)).keys();
        seen.set(name, new Set([...(seen.get(name) ?? []), ...live]));
      }
      if (day === 3) break;
      at.simulator.advance(1);
      const { error } = await at.run();
      expect(error).toBeNull();
    }
    expect(first.size).toBeGreaterThan(0);
    for (const object of objects) {
      if (!object.name.endsWith("Deleted") && object.name !== "Email") await expectCurrent(database, at, object);
    }
    await expectEmails(database, at);
    for (const name of SEEN_TO_GO) {
      const object = catalog.find((each) => each.name === name);
      const live = byId(truth(at.simulator, name));
      const gone = new Set([...(seen.get(name) ?? [])].filter((id) => !live.has(id)));
      expect(gone.size, name).toBeGreaterThan(0);
      if (object !== undefined) expect((await current(database, object)).deleted, name).toEqual(gone);
    }
    // A second time changes nothing.
    await database.run(statements);
    const states = await database.query(
      "SELECT STATE, COUNT(*)::INTEGER AS n FROM PARDOT_ETL_RECONCILIATION GROUP BY 1",
    );
    expect(states).toEqual([{ STATE: "exactly once", n: known.size }]);
  });

  it("takes a committed file without rows for loaded, and one with rows for missing", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    const files = [namedFile("Tag/empty.csv", { rows: 0 }), namedFile("Tag/full.csv", { rows: 1 })];
    const name = join(at.data, manifestKey("20260322T080000Z-aaaaaa"));
    const database = await tables(await printed(at));
    await mkdir(dirname(name), { recursive: true });
    await writeFile(
      name,
      manifestBytes(manifestOf("20260322T080000Z-aaaaaa", { objects: [manifestObject("Tag", { files })] })),
    );
    await database.loadManifests(at.data);
    expect(await database.query("SELECT FILE_NAME, STATE FROM PARDOT_ETL_RECONCILIATION ORDER BY 1")).toEqual([
      { FILE_NAME: "empty.csv", STATE: "exactly once" },
      { FILE_NAME: "full.csv", STATE: "missing" },
    ]);
  });
});

describe("the views for dbt_pardot", () => {
  it("have every column that its models read, times in UTC, and no deleted list membership", async () => {
    const at = await start(
      { timezone: "America/New_York" },
      {
        PARDOT_ETL_OBJECTS: "core,deletes",
        PARDOT_ETL_WAREHOUSE: "snowflake",
        // DuckDB's names of a database in memory and its schema.
        SNOWFLAKE_DATABASE: "memory",
        SNOWFLAKE_SCHEMA: "main",
      },
    );
    for (let day = 0; day < 2; day += 1) {
      if (day > 0) at.simulator.advance(1);
      expect((await at.run({ env: { PARDOT_ETL_WAREHOUSE: "none" } })).error).toBeNull();
    }
    const objects = catalog.filter(({ name, core }) => core || name.endsWith("Deleted"));
    const database = await tables((await printed(at)).filter(({ kind }) => kind !== "use"));
    await loadNew(database, at, objects, new Set());
    await database.loadManifests(at.data);
    const statements = await printed(at, "--profile", "fivetran");
    expect(statements.flatMap((statement) => refusal(statement) ?? [])).toEqual([]);
    for (const { kind, sql } of statements) await database.query(kind === "schema" ? sql : inDuckdb(sql));
    const fixture = await readFile(join(import.meta.dirname, "../fixtures/ddl/dbt-pardot.json"), "utf8");
    const { tables: wanted } = JSON.parse(fixture) as { tables: Record<string, string[]> };
    const counts: Record<string, number> = {};
    for (const [name, columns] of Object.entries(wanted)) {
      const described = await database.query(`DESCRIBE main_FIVETRAN."${name}"`);
      const found = described.map(({ column_name: column }) => String(column).toLowerCase());
      expect(found, name).toEqual(expect.arrayContaining(columns));
      const [row] = await database.query(`SELECT COUNT(*)::INTEGER AS n FROM main_FIVETRAN."${name}"`);
      counts[name] = Number(row?.["n"]);
    }
    const live = (object: string): number => truth(at.simulator, object).length;
    expect(counts).toMatchObject({ list_membership: live("ListMembership") });
    expect(Object.values(counts).filter((count) => count === 0)).toEqual([]);
    const [campaigns] = await database.query(
      "SELECT COUNT(*)::INTEGER AS n FROM main_FIVETRAN.CAMPAIGN WHERE NOT _FIVETRAN_DELETED",
    );
    expect(campaigns).toEqual({ n: live("Campaign") });
    const [shift] = await database.query(
      "SELECT MIN(EPOCH(F.CREATED_AT) - EPOCH(C.CREATED_AT))::INTEGER AS least, MAX(EPOCH(F.CREATED_AT) - EPOCH(C.CREATED_AT))::INTEGER AS most FROM main_FIVETRAN.PROSPECT AS F JOIN PARDOT_PROSPECT_CURRENT AS C USING (ID)",
    );
    expect(shift).toEqual({ least: 4 * 3600, most: 5 * 3600 });
  });
});
