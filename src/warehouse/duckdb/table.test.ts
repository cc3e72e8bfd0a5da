import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DuckdbWarehouse } from "./duckdb.ts";
import { nullWarehouse } from "../open.ts";
import type { Warehouse } from "../warehouse.ts";

const { signal } = new AbortController();

let folder: string;
let warehouse: DuckdbWarehouse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "duckdb-ids-"));
  warehouse = new DuckdbWarehouse(join(folder, "warehouse.duckdb"), { tmpDir: folder });
});
afterEach(async () => {
  await warehouse.close();
  await rm(folder, { recursive: true, force: true });
});

async function prepare(...statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(join(folder, "warehouse.duckdb"));
  const connection = await instance.connect();
  for (const sql of statements) await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

async function emailsOf(from: Warehouse): Promise<{ pairs: readonly string[]; known: readonly string[] }> {
  const pairs: string[] = [];
  const known: string[] = [];
  const activities = from.leastBy("PARDOT_VISITORACTIVITY", "list_email_id", "email_id", signal);
  for await (const [listEmailId, emailId] of activities) pairs.push(`${listEmailId}:${emailId}`);
  for await (const id of from.keys("PARDOT_EMAIL", "list_email_id", signal)) known.push(id);
  return { pairs, known };
}

describe("ids in DuckDB tables", () => {
  test("are compared as numbers, also in text columns", async () => {
    await prepare(
      "CREATE TABLE PARDOT_VISITORACTIVITY (id BIGINT, list_email_id BIGINT, email_id VARCHAR)",
      "INSERT INTO PARDOT_VISITORACTIVITY VALUES (1, 7, '10'), (2, 7, '9'), (3, 11, '5'), (4, NULL, '1'), (5, 12, NULL)",
      "CREATE TABLE PARDOT_EMAIL (email_id BIGINT, list_email_id BIGINT)",
      "INSERT INTO PARDOT_EMAIL VALUES (10, 7), (9, 7), (3, NULL)",
    );
    expect(await emailsOf(warehouse)).toEqual({ pairs: ["7:9", "11:5"], known: ["7"] });
  });

  test("arrive completely, page by page", async () => {
    await prepare(
      "CREATE TABLE PARDOT_VISITORACTIVITY AS SELECT range AS list_email_id, range + 100000 AS email_id FROM range(12000)",
      "CREATE TABLE PARDOT_EMAIL AS SELECT range AS list_email_id FROM range(10000)",
    );
    const { pairs, known } = await emailsOf(warehouse);
    expect(pairs).toEqual(Array.from({ length: 12_000 }, (_, id) => `${id}:${id + 100_000}`));
    expect(known).toEqual(Array.from({ length: 10_000 }, (_, id) => `${id}`));
  });

  test("are empty without the tables, their columns, or the database", async () => {
    expect(await emailsOf(warehouse)).toEqual({ pairs: [], known: [] });
    await prepare("CREATE TABLE PARDOT_VISITORACTIVITY (id BIGINT)");
    expect(await emailsOf(warehouse)).toEqual({ pairs: [], known: [] });
  });
});

test("the null warehouse has no ids", async () => {
  expect(await emailsOf(nullWarehouse)).toEqual({ pairs: [], known: [] });
});
