import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { ConfigError } from "../../src/errors.ts";
import { status } from "../../src/operations/status/status.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { verify } from "../../src/operations/verify/verify.ts";
import { byId, expectTable, filesBelow, scene, tableRecords, truth } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G9 and G10: a refused file stops only itself, and the tables are correct.

let at: Scene;
afterEach(() => at.close());

const OBJECTS = "Prospect,Tag,Campaign";

async function start(env: Environment = {}): Promise<void> {
  at = await scene({}, { PARDOT_ETL_OBJECTS: OBJECTS, ...env });
}

async function nextDay(): Promise<void> {
  const response = await fetch(`${at.simulator.url}/__sim/advance`, { method: "POST", body: '{"days":1}' });
  expect(response.status).toBe(200);
}

async function runWith(env: Environment = {}) {
  const result = await at.run({ env: { PARDOT_ETL_WAREHOUSE: at.duckdb, ...env } });
  const warnings = result.events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
  return { ...result, warnings };
}

async function verified() {
  const config = await at.config({ PARDOT_ETL_WAREHOUSE: at.duckdb });
  const signal = new AbortController().signal;
  return withRuntime({ signal, onEvent: () => undefined, pardot: config.pardot }, (surroundings) =>
    verify(config, {}, surroundings),
  );
}

async function shown() {
  const config = await at.config({ PARDOT_ETL_WAREHOUSE: at.duckdb });
  const signal = new AbortController().signal;
  return withRuntime({ signal, onEvent: () => undefined, pardot: config.pardot }, (surroundings) =>
    status(config, surroundings),
  );
}

async function sql(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(at.duckdb.slice("duckdb:".length));
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

async function expectTables(): Promise<void> {
  for (const object of OBJECTS.split(",")) await expectTable(at, object);
}

function filesOf(manifest: Manifest, object: string): readonly string[] {
  return manifest.objects
    .filter((entry) => entry.object === object)
    .flatMap(({ files }) => files.map(({ key }) => key));
}

describe("tables in the embedded warehouse", () => {
  it("are refilled from the committed files after the database was lost, and verify reports both states", async () => {
    await start();
    expect((await runWith()).exitCode).toBe(0);
    await nextDay();
    expect((await runWith()).warnings).not.toContain("warehouse.refilled");
    await rm(at.duckdb.slice("duckdb:".length));
    expect((await verified()).problems.map(({ key }) => key)).toEqual([
      "PARDOT_CAMPAIGN",
      "PARDOT_PROSPECT",
      "PARDOT_TAG",
    ]);
    await nextDay();
    const { exitCode, warnings } = await runWith();
    expect(exitCode).toBe(0);
    expect(warnings.filter((code) => code === "warehouse.refilled")).toHaveLength(1);
    expect((await shown()).warnings.map(({ code }) => code)).toContain("warehouse.refilled");
    await expectTables();
    expect(await verified()).toMatchObject({ exitCode: 0, problems: [] });
    expect((await runWith()).warnings).not.toContain("warehouse.refilled");
  });

  it("are filled from the committed files of runs without a warehouse, and after one was dropped", async () => {
    await start();
    expect((await at.run()).exitCode).toBe(0);
    await nextDay();
    expect((await runWith()).warnings).toContain("warehouse.refilled");
    await expectTables();
    await sql("DROP TABLE PARDOT_PROSPECT");
    await nextDay();
    const { warnings, exitCode } = await runWith();
    expect([exitCode, warnings.includes("warehouse.refilled")]).toEqual([0, true]);
    await expectTables();
    expect((await verified()).problems).toEqual([]);
  });

  it("that lost rows are reported by verify", async () => {
    await start();
    await runWith();
    await sql("DELETE FROM PARDOT_TAG WHERE id IN (SELECT id FROM PARDOT_TAG ORDER BY updated_at LIMIT 5)");
    const { exitCode, problems } = await verified();
    expect(exitCode).toBe(6);
    expect(problems).toMatchObject([
      { key: "PARDOT_TAG", problem: expect.stringContaining("its loads left") as string },
    ]);
    await sql("DROP TABLE PARDOT_TAG");
    await runWith();
    expect((await verified()).problems).toEqual([]);
  });

  it("of objects that are always read in full lose rows that are gone in Pardot", async () => {
    await start({ PARDOT_ETL_OBJECTS: "Campaign" });
    await runWith();
    const before = new Set(byId(await tableRecords(at, "Campaign")).keys());
    for (let day = 1; day <= 10; day += 1) await nextDay();
    const rows = byId(truth(at.simulator, "Campaign"));
    // The simulated days delete some; otherwise this test shows nothing.
    expect([...before].some((id) => !rows.has(id))).toBe(true);
    await runWith();
    expect(new Set(byId(await tableRecords(at, "Campaign")).keys())).toEqual(new Set(rows.keys()));
    expect((await verified()).problems).toEqual([]);
  });
});

describe("a committed file that cannot be loaded", () => {
  it("is named with exit 7 and tried again, while all other files are loaded", async () => {
    await start();
    const { manifest } = await at.run();
    const [key = ""] = filesOf(manifest, "Prospect");
    const path = join(at.data, key);
    const whole = await readFile(path);
    await writeFile(path, Buffer.concat([whole, Buffer.from("x\n")]));
    await nextDay();
    const { exitCode, error, notLoaded, loaded, events } = await runWith();
    expect(exitCode).toBe(7);
    expect(error?.message).toContain(key);
    expect(notLoaded.map(({ object }) => object)).toEqual(["Prospect"]);
    expect(loaded.map(({ object }) => object)).toEqual(expect.arrayContaining(["Tag", "Campaign"]));
    expect(events).toContainEqual(expect.objectContaining({ type: "object-failed", object: "Prospect" }));
    await expectTable(at, "Tag");
    expect((await tableRecords(at, "Prospect")).length).toBeGreaterThan(0);
    await nextDay();
    expect((await runWith()).exitCode).toBe(7);
    await writeFile(path, whole);
    expect((await runWith()).exitCode).toBe(0);
    await expectTables();
    expect((await verified()).problems).toEqual([]);
  });
});

describe("a database", () => {
  it("belongs to one business unit: another one is refused with exit 2 before Pardot is called", async () => {
    await start();
    await runWith();
    const { calls } = at.simulator.stats();
    const second = runWith({
      PARDOT_BUSINESS_UNIT_ID: "0UvB00000004Cr0KAE",
      PARDOT_ETL_DESTINATION: join(at.root, "second"),
    });
    await expect(second).rejects.toBeInstanceOf(ConfigError);
    await expect(second).rejects.toMatchObject({ exitCode: 2 });
    expect(at.simulator.stats().calls).toBe(calls);
    expect(await filesBelow(join(at.root, "second"))).toEqual([]);
  });

  it("with its newest row in the future starts the range at the newest row that is not", async () => {
    await start({ PARDOT_ETL_OBJECTS: "Tag" });
    await sql(
      "CREATE TABLE PARDOT_TAG (id BIGINT, updated_at TIMESTAMP)",
      "INSERT INTO PARDOT_TAG VALUES (1000001, '2020-01-01'), (1000002, '2099-01-01')",
    );
    const { manifest, warnings, exitCode } = await runWith();
    expect(exitCode).toBe(0);
    expect(warnings).toEqual(expect.arrayContaining(["warehouse.watermark-future", "warehouse.table-unknown"]));
    expect(manifest.objects[0]?.windows[0]?.from).toBe("2019-12-31T00:00:00Z");
    await expectTable(at, "Tag");
  });

  it.each(["infinity", "12026-01-01 00:00:00", "0044-03-15 (BC) 00:00:00"])(
    "with the watermark %s is ignored in favor of the state",
    async (value) => {
      await start({ PARDOT_ETL_OBJECTS: "Tag" });
      await runWith();
      await sql(`UPDATE PARDOT_TAG SET updated_at = '${value}'`);
      await nextDay();
      const { exitCode, warnings, manifest } = await runWith();
      expect(exitCode).toBe(0);
      expect(warnings.some((code) => code.startsWith("warehouse.watermark-"))).toBe(true);
      expect(manifest.objects[0]?.status).toBe("complete");
    },
  );
});
