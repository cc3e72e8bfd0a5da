import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { isPerEmail } from "../../src/catalog/catalog.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { deletesOf } from "../../src/catalog/facts.ts";
import { entries } from "../../src/catalog/index.ts";
import { selectWays } from "../../src/catalog/versions.ts";
import { callCli } from "../kit/cli.ts";
import type { Cells } from "../kit/records.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { SnowflakeInDuckdb } from "../kit/snowflake-in-duckdb.ts";
import type { Printed } from "../kit/snowflake-in-duckdb.ts";
import { Comparison, differences, v5Rows } from "../kit/v5-truth.ts";

// Holds G10 for Snowflake and the objects of API v5: the printed views show what the account holds.

const start = scenesUntil(afterEach);

/** The log of exports has no rows in the truth; emails and their statistics are those with activity. */
const isCompared = (object: CatalogObject): boolean =>
  object.way.api === "v5" && object.name !== "Export" && !isPerEmail(object);

/** The view of the newest versions, by key, with null where it has no column of the files. */
async function shown(database: SnowflakeInDuckdb, at: Scene, object: CatalogObject): Promise<Map<string, Cells>> {
  const { table, key, columns } = object;
  const rows = await database.query(`SELECT COLUMNS(*)::VARCHAR FROM ${table}_CURRENT`);
  // Custom fields have a name in files, and that in upper case in the table.
  const landed = new Set((await landedRecords(at.data, object.name)).flatMap((record) => Object.keys(record)));
  const names = new Map([...columns.map(({ name }) => name), ...landed].map((name) => [name.toUpperCase(), name]));
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const records = rows.map((row): Cells =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => !name.startsWith("_PARDOT_ETL_"))
        .map(([upper, value]) => {
          const name = names.get(upper) ?? upper;
          const text = typeof value === "string" ? value : null;
          return [name, text !== null && types.get(name) === "number" ? String(Number(text)) : text];
        }),
    ),
  );
  const byKey = new Map(records.map((record) => [String(record[key]), record]));
  expect(byKey.size, table).toBe(rows.length);
  return byKey;
}

/** Keys of the records that the view marks as deleted. */
async function marked(database: SnowflakeInDuckdb, { table, key }: CatalogObject): Promise<Set<string>> {
  const rows = await database.query(
    `SELECT "${key.toUpperCase()}"::VARCHAR AS id FROM ${table}_CURRENT WHERE _PARDOT_ETL_DELETED`,
  );
  return new Set(rows.map(({ id }) => String(id)));
}

/** One email of each list email with activities, as the account has it. */
async function expectEmails(database: SnowflakeInDuckdb, at: Scene, objects: readonly CatalogObject[]): Promise<void> {
  const email = objects.find(({ name }) => name === "Email");
  const view = email === undefined ? new Map<string, Cells>() : await shown(database, at, email);
  const activities = await landedRecords(at.data, "VisitorActivity");
  const lists = activities.flatMap(({ list_email_id: list, email_id: one }) => (list && one ? [list] : []));
  expect(new Set([...view.values()].map((record) => record["list_email_id"]))).toEqual(new Set(lists));
  expect(view.size).toBe(new Set(lists).size);
  const rows = v5Rows(at.simulator, "Email", "all");
  const found = [...view.values()].flatMap((record) =>
    email === undefined ? [] : differences(record, rows.get(record["email_id"] ?? "") ?? {}, email, () => null),
  );
  expect(found.filter((each) => !/^(?:list_email_id|campaign)/.test(each))).toEqual([]);
}

async function loadNew(database: SnowflakeInDuckdb, at: Scene, objects: readonly CatalogObject[], known: Set<string>) {
  for (const { name, table } of objects) {
    const files: string[] = await readdir(join(at.data, name)).catch(() => []);
    for (const file of files.toSorted()) {
      const key = `${name}/${file}`;
      if (!known.has(key)) await database.load(table, at.data, key);
      known.add(key);
    }
  }
  await database.loadManifests(at.data);
}

it("G10 the views show every record of API v5 as it is after three days", async () => {
  const at = await start(
    { timezone: "America/New_York", knobs: { v5ReadLagSeconds: 0 } },
    { PARDOT_ETL_V5_LAG: "1m", PARDOT_API_VERSION: "5", PARDOT_ETL_OBJECTS: "all" },
  );
  const objects = selectWays(entries, "5");
  const database = await SnowflakeInDuckdb.open();
  onTestFinished(() => database.close());
  const comparison = new Comparison(at, (object) => shown(database, at, object));
  const known = new Set<string>();
  let gone = 0;
  for (let day = 0; day <= 3; day += 1) {
    if (day > 0) at.simulator.advance(1);
    const { error, manifest } = await at.run();
    expect(error).toBeNull();
    // With the custom fields that the run has seen.
    const { stdout } = await callCli(["ddl", "--json"], at.env, { cwd: at.root });
    await database.run(JSON.parse(stdout) as Printed[]);
    await loadNew(database, at, objects, known);
    for (const object of objects.filter(isCompared)) {
      const done = manifest.objects.find((each) => each.object === object.name);
      if (done === undefined) continue;
      await comparison.expectTruth(object, done);
      if (deletesOf(object) !== "read in full") continue;
      const live = v5Rows(at.simulator, object.name);
      const view = [...(await shown(database, at, object)).keys()];
      const missing = view.filter((key) => !live.has(key));
      expect(await marked(database, object), object.name).toEqual(new Set(missing));
      gone += missing.length;
    }
  }
  expect(gone).toBeGreaterThan(0);
  await expectEmails(database, at, objects);
  const states = await database.query("SELECT DISTINCT STATE FROM PARDOT_ETL_RECONCILIATION");
  expect(states).toEqual([{ STATE: "exactly once" }]);
});
