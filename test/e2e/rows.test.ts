import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createPardotEtl } from "../../src/library.ts";
import type { Row } from "../../src/operations/rows.ts";
import { byId, scenesUntil, truth } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// The library's rows are what the account holds, in every format that it reads.

const start = scenesUntil(afterEach);

function library(at: Scene, env: Environment = {}) {
  return createPardotEtl({ env: { ...at.env, ...env }, cwd: at.root });
}

async function newest(at: Scene, object: string): Promise<Map<string, Row>> {
  const found = new Map<string, Row>();
  for await (const row of library(at).rows(object)) found.set(JSON.stringify(row["id"]), row);
  return found;
}

/** A row as text, as the truth has it. */
function texts(row: Row): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value === null ? null : typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

it.each([
  ["csv", "gzip"],
  ["jsonl", "zstd"],
  ["parquet", "none"],
])("yields each record as it is, the newest version last, from files of %s, %s", async (format, compression) => {
  const env = { PARDOT_ETL_OBJECTS: "Tag,VisitorActivity,Campaign", PARDOT_ETL_FORMAT: format };
  const at = await start({}, { ...env, PARDOT_ETL_COMPRESSION: compression });
  const etl = library(at);
  expect((await etl.run()).exitCode).toBe(0);
  at.simulator.advance(1);
  // A run of one object is no complete run.
  expect((await etl.run({ objects: ["Tag"] })).manifest.objects.map(({ object }) => object)).toEqual(["Tag"]);
  expect((await etl.status()).runs.map(({ status }) => status)).toEqual(["complete", "complete"]);
  const rows = await newest(at, "tag");
  for (const [id, row] of byId(truth(at.simulator, "Tag"))) expect(texts(rows.get(id) ?? {})).toEqual(row);
  expect(typeof [...rows.values()][0]?.["id"]).toBe("number");
  expect(await readdir(at.tmp)).toEqual([]);
  expect((await etl.verify()).exitCode).toBe(0);
  expect((await newest(at, "VisitorActivity")).size).toBeGreaterThan(100);
});

it("leaves nothing behind when the reading of Parquet ends early, or a file is damaged", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag", PARDOT_ETL_FORMAT: "parquet" });
  const { manifest } = await library(at).run();
  for await (const row of library(at).rows("Tag")) {
    expect(row["id"]).toBeDefined();
    break;
  }
  expect(await readdir(at.tmp)).toEqual([]);
  await writeFile(join(at.data, manifest.objects[0]?.files[0]?.key ?? ""), "PAR1 not PAR1");
  await expect(newest(at, "Tag")).rejects.toThrow(/^read Tag\/Tag_api_.*\.parquet with DuckDB: /);
  expect(await readdir(at.tmp)).toEqual([]);
});

it("verifies the objects it is given as the command does, without credentials", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag,List" });
  const { manifest } = await library(at).run();
  const filesOf = (name: string): number => manifest.objects.find(({ object }) => object === name)?.files.length ?? 0;
  const etl = library(at, { PARDOT_CLIENT_SECRET: undefined });
  expect(await etl.verify({ objects: ["tag"] })).toMatchObject({ exitCode: 0, files: filesOf("Tag") });
  expect(await etl.verify({ objects: ["T*", "List"] })).toMatchObject({ files: filesOf("Tag") + filesOf("List") });
  await expect(etl.verify({ objects: ["Tags"] })).rejects.toMatchObject({
    exitCode: 2,
    problems: [{ path: "objects" }],
  });
});

it("takes options of status that leave the age out", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag,List" });
  await library(at).run({ objects: ["Tag"] });
  expect(await library(at).status({})).toMatchObject({ problems: ["no complete run of all configured objects yet"] });
});

it("has the page of a run, as the command writes it", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
  await expect(library(at).report()).rejects.toMatchObject({ code: "usage.no-run", exitCode: 2 });
  const { manifest } = await library(at).run();
  const page = await library(at).report();
  expect(page).toMatch(/^<!doctype html>/i);
  expect(page).toContain(manifest.run_id);
  expect(await library(at).report(manifest.run_id)).toContain(manifest.run_id);
  await expect(library(at).report("r0")).rejects.toMatchObject({ code: "usage.run-unknown" });
});

it("refuses an unknown object, and has no rows of one that was never read", async () => {
  const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
  await library(at).run();
  await expect(newest(at, "Tags")).rejects.toMatchObject({ code: "usage.object-unknown", exitCode: 2 });
  expect(await newest(at, "List")).toEqual(new Map());
});

it("takes settings over the environment, and reports what is wrong with them", async () => {
  const at = await start();
  const etl = createPardotEtl({ env: at.env, cwd: at.root, settings: { PARDOT_TIMEZONE: "Mars" } });
  await expect(etl.run()).rejects.toMatchObject({ exitCode: 2, problems: [{ path: "PARDOT_TIMEZONE" }] });
});
