import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { verify } from "../../src/operations/verify/verify.ts";
import type { VerifyResult } from "../../src/operations/api.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { byId, expectExactly, expectTable, expectTruth, readLanded, scenesUntil, tableRecords } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G1 (nothing lost), G2 (verify) and G6 (same input, same bytes) in every format.

const start = scenesUntil(afterEach);

/** One object of each process, one with numbers and lists, and one whose fields come in two exports. */
const OBJECTS = ["VisitorActivity", "Prospect", "Tag", "Opportunity", "Account"];
const ACCOUNT = { scale: "tiny", rows: { Prospect: 120 }, knobs: { customFields: 160, clock: "frozen" } } as const;

const WAYS = [
  { PARDOT_ETL_FORMAT: "csv" },
  { PARDOT_ETL_FORMAT: "csv", PARDOT_ETL_COMPRESSION: "zstd" },
  { PARDOT_ETL_FORMAT: "jsonl" },
  { PARDOT_ETL_FORMAT: "jsonl", PARDOT_ETL_COMPRESSION: "gzip" },
  { PARDOT_ETL_FORMAT: "jsonl", PARDOT_ETL_COMPRESSION: "zstd" },
  { PARDOT_ETL_FORMAT: "parquet" },
] as const;

function filesOf(manifest: Manifest): Map<string, string> {
  return new Map(manifest.objects.flatMap(({ files }) => files.map(({ key, sha256 }) => [key, sha256])));
}

async function verified(at: Scene, env: Environment): Promise<VerifyResult> {
  const config = await at.config(env);
  const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: null };
  return withRuntime(wishes, (surroundings) => verify(config, {}, surroundings));
}

describe.each(WAYS)("files landed with %j", (way) => {
  const env = { ...way, PARDOT_ETL_OBJECTS: OBJECTS.join(",") };

  it("G1 hold the account's records, of which the table and every manifest say the same", async () => {
    const at = await start(ACCOUNT);
    const wishes = { env: { ...env, PARDOT_ETL_WAREHOUSE: at.duckdb } };
    const first = await at.run(wishes);
    expect(first.error).toBeNull();
    for (const { object, files } of first.manifest.objects) {
      expect(files.map(({ key }) => key.slice(object.length + 1)).toSorted()).toEqual(
        (await readdir(join(at.data, object))).toSorted(),
      );
      for (const { key, rows } of files) expect((await readLanded(at.data, key)).records).toHaveLength(rows);
      await expectExactly(at, object);
      await expectTable(at, object);
    }
    expect(await verified(at, wishes.env)).toMatchObject({ problems: [], exitCode: 0 });
    at.simulator.advance(1);
    expect((await at.run(wishes)).error).toBeNull();
    for (const object of OBJECTS) await expectTruth(at, object);
    expect(await verified(at, wishes.env)).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("G6 have the same names and bytes for the same window over unchanged data", async () => {
    const found: Map<string, string>[] = [];
    for (let i = 0; i < 2; i += 1) found.push(filesOf((await (await start(ACCOUNT)).run({ env })).manifest));
    expect(found[0]).toEqual(found[1]);
    expect(found[0]?.size).toBeGreaterThan(4);
  });

  it("G2 are found by verify when a byte is missing", async () => {
    const at = await start({ scale: "tiny" }, { ...way, PARDOT_ETL_OBJECTS: "Tag" });
    await at.run();
    const [name = ""] = await readdir(join(at.data, "Tag"));
    const bytes = await readFile(join(at.data, "Tag", name));
    await writeFile(join(at.data, "Tag", name), bytes.subarray(0, -1));
    expect(await verified(at, { ...way, PARDOT_ETL_OBJECTS: "Tag" })).toMatchObject({
      exitCode: 6,
      problems: [{ key: `Tag/${name}` }],
    });
  });
});

it("G1 a format that changes from run to run leaves the files of earlier runs valid, and one table with all", async () => {
  const at = await start({ ...ACCOUNT, knobs: { customFields: 160 } });
  const env = { PARDOT_ETL_OBJECTS: OBJECTS.join(","), PARDOT_ETL_WAREHOUSE: at.duckdb };
  for (const way of WAYS.slice(1)) {
    expect((await at.run({ env: { ...env, ...way } })).error).toBeNull();
    at.simulator.advance(1);
  }
  expect((await at.run({ env })).error).toBeNull();
  const suffixes = (await readdir(join(at.data, "VisitorActivity"))).map((name) => name.replace(/^[^.]*/, ""));
  expect(new Set(suffixes)).toEqual(new Set([".csv", ".csv.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"]));
  for (const object of OBJECTS) {
    await expectTruth(at, object);
    await expectTable(at, object);
  }
  expect(await verified(at, env)).toMatchObject({ problems: [], exitCode: 0 });
  const table = await tableRecords(at, "Prospect");
  // A lost database is filled again from the files of every format.
  await rm(at.duckdb.slice("duckdb:".length));
  expect((await at.run({ env })).error).toBeNull();
  expect(byId(await tableRecords(at, "Prospect"))).toEqual(byId(table));
  expect(await verified(at, env)).toMatchObject({ problems: [], exitCode: 0 });
});
