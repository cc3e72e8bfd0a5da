import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, describe, expect, it } from "vitest";
import type { VerifiedTable, VerifyResult } from "../../src/operations/api.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { verify } from "../../src/operations/verify/verify.ts";
import { scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Holds G10: verify proves that each committed file is loaded exactly once, and names what repairs it.

const opened = scenesUntil(afterEach);

async function verified(at: Scene): Promise<VerifyResult> {
  const config = await at.config();
  const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: null };
  return withRuntime(wishes, (surroundings) => verify(config, { warehouseOnly: true }, surroundings));
}

describe("verify --warehouse-only with DuckDB", () => {
  const FILE = "warehouse.duckdb";

  /** Two runs; `keys`: the committed files of tags, oldest first. */
  async function start(): Promise<Scene & { readonly keys: readonly string[] }> {
    const at = await opened({}, { PARDOT_ETL_WAREHOUSE: `duckdb:${FILE}`, PARDOT_ETL_OBJECTS: "VisitorActivity,Tag" });
    const first = await at.run();
    await copyFile(join(at.root, FILE), join(at.root, "copy.duckdb"));
    at.simulator.advance(1);
    const second = await at.run();
    const files = [first, second].flatMap(({ manifest }) => manifest.objects.flatMap((object) => object.files));
    const keys = files.map(({ key }) => key).filter((key) => key.startsWith("Tag/"));
    expect(await verified(at)).toMatchObject({ filesRead: false, problems: [], exitCode: 0 });
    return { ...at, keys };
  }

  async function sql(at: Scene, ...statements: readonly string[]): Promise<void> {
    const instance = await DuckDBInstance.create(join(at.root, FILE));
    const connection = await instance.connect();
    for (const statement of statements) await connection.run(statement);
    connection.closeSync();
    instance.closeSync();
  }

  /** Does what the hints say: the statements in the database, then a run. */
  async function repair(at: Scene, { problems }: VerifyResult): Promise<void> {
    const statements = problems.flatMap(({ hint }) =>
      [...hint.matchAll(/`(DROP TABLE [^`]*)`/g)].map(([, s = ""]) => s),
    );
    await sql(at, ...new Set(statements));
    expect((await at.run()).exitCode).toBe(0);
  }

  const SINCE = "(SELECT MAX(_pardot_etl_file) FROM PARDOT_TAG)";
  const faults: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "a table of which most rows were deleted",
      "DELETE FROM PARDOT_VISITORACTIVITY WHERE id % 8 > 0",
      "PARDOT_VISITORACTIVITY",
      /another program has removed \d+$/,
    ],
    [
      "half a file",
      `DELETE FROM PARDOT_TAG WHERE rowid IN (SELECT rowid FROM PARDOT_TAG WHERE _pardot_etl_file = ${SINCE} LIMIT 1)`,
      "PARDOT_TAG",
      /another program has removed 1$/,
    ],
    [
      "a file twice",
      `INSERT INTO PARDOT_TAG SELECT * FROM PARDOT_TAG WHERE _pardot_etl_file = ${SINCE}`,
      "PARDOT_TAG",
      /another program has added \d+$/,
    ],
    ["a truncated table", "TRUNCATE PARDOT_TAG", "PARDOT_TAG", /holds 0 rows/],
    ["a dropped table", "DROP TABLE PARDOT_TAG", "PARDOT_TAG", /does not exist/],
    [
      "a file of a run that was never committed",
      "INSERT INTO _PARDOT_ETL_LOADS VALUES ('Tag/aborted.csv', 'PARDOT_TAG', 3, now()::TIMESTAMP, NULL, 'aborted')",
      "Tag/aborted.csv",
      /loaded into PARDOT_TAG, but no manifest names it/,
    ],
  ];
  it.each(faults)("finds %s, also after a run, until it is repaired", async (_what, fault, key, problem) => {
    const at = await start();
    await sql(at, fault);
    const found = await verified(at);
    expect(found.exitCode).toBe(6);
    expect(found.problems.filter((each) => each.key === key && problem.test(each.problem))).toHaveLength(1);
    // Nothing is proven of a file if the table as a whole is at fault.
    const table = found.warehouse?.tables.find((each) => each.table === key);
    if (table !== undefined) expect(table).toMatchObject({ loadedOnce: null, others: expect.any(Number) as number });
    at.simulator.advance(1);
    const isRepairedByRun = fault.startsWith("DROP");
    expect((await at.run()).exitCode).toBe(0);
    const again = await verified(at);
    expect(again.exitCode).toBe(isRepairedByRun ? 0 : 6);
    await repair(at, again);
    expect(await verified(at)).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("names a file that the log of the loads lacks, and the next run loads it", async () => {
    const at = await start();
    const [key = ""] = at.keys;
    await sql(at, `DELETE FROM _PARDOT_ETL_LOADS WHERE file_key = '${key}'`);
    const found = await verified(at);
    expect(found.problems).toMatchObject([
      {
        key,
        problem: "it is not loaded into PARDOT_TAG",
        hint: expect.stringContaining("`pardot-etl run Tag`") as string,
      },
    ]);
    const tagOf = (result: VerifyResult): VerifiedTable | undefined =>
      result.warehouse?.tables.find(({ object }) => object === "Tag");
    const before = tagOf(found);
    expect(before).toMatchObject({ table: "PARDOT_TAG", missing: 1, loadedAgain: 0, differs: 0, others: 0 });
    await repair(at, found);
    const repaired = await verified(at);
    expect(repaired).toMatchObject({ problems: [], exitCode: 0 });
    // The run has landed another file, too.
    expect(tagOf(repaired)).toMatchObject({ loadedOnce: (before?.loadedOnce ?? 0) + 2, missing: 0 });
  });

  it.each(["an older copy", "nothing"])("names the files that a database replaced by %s lacks", async (what) => {
    const at = await start();
    await rm(join(at.root, FILE));
    if (what !== "nothing") await copyFile(join(at.root, "copy.duckdb"), join(at.root, FILE));
    const found = await verified(at);
    expect(found.exitCode).toBe(6);
    expect(found.problems.map(({ key }) => key)).toContain(what === "nothing" ? "PARDOT_TAG" : at.keys.at(-1));
    await repair(at, found);
    expect(await verified(at)).toMatchObject({ problems: [], exitCode: 0 });
  });
});
