import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DuckdbWarehouse } from "./duckdb.ts";
import { noWarehouse } from "../none.ts";
import type { Warehouse } from "../warehouse.ts";

const { signal } = new AbortController();

let folder: string;
let warehouse: DuckdbWarehouse;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "duckdb-emails-"));
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
  for await (const { listEmailId, emailId } of from.emailPairs(signal)) pairs.push(`${listEmailId}:${emailId}`);
  for await (const id of from.knownEmails(signal)) known.push(id);
  return { pairs, known };
}

describe("the e-mails that DuckDB knows", () => {
  test("are each list e-mail with its smallest e-mail id by number, even in columns of text", async () => {
    await prepare(
      "CREATE TABLE PARDOT_VISITORACTIVITY (id BIGINT, list_email_id BIGINT, email_id VARCHAR)",
      "INSERT INTO PARDOT_VISITORACTIVITY VALUES (1, 7, '10'), (2, 7, '9'), (3, 11, '5'), (4, NULL, '1'), (5, 12, NULL)",
      "CREATE TABLE PARDOT_EMAIL (email_id BIGINT, list_email_id BIGINT)",
      "INSERT INTO PARDOT_EMAIL VALUES (10, 7), (9, 7), (3, NULL)",
    );
    expect(await emailsOf(warehouse)).toEqual({ pairs: ["7:9", "11:5"], known: ["7"] });
  });

  test("come whole, page by page, however many there are", async () => {
    await prepare(
      "CREATE TABLE PARDOT_VISITORACTIVITY AS SELECT range AS list_email_id, range + 100000 AS email_id FROM range(12000)",
      "CREATE TABLE PARDOT_EMAIL AS SELECT range AS list_email_id FROM range(10000)",
    );
    const { pairs, known } = await emailsOf(warehouse);
    expect(pairs).toEqual(Array.from({ length: 12_000 }, (_, id) => `${id}:${id + 100_000}`));
    expect(known).toEqual(Array.from({ length: 10_000 }, (_, id) => `${id}`));
  });

  test("are none without tables, without their columns, and without a database", async () => {
    expect(await emailsOf(warehouse)).toEqual({ pairs: [], known: [] });
    await prepare("CREATE TABLE PARDOT_VISITORACTIVITY (id BIGINT)");
    expect(await emailsOf(warehouse)).toEqual({ pairs: [], known: [] });
  });
});

test("without a warehouse no e-mail is known", async () => {
  expect(await emailsOf(noWarehouse)).toEqual({ pairs: [], known: [] });
});
