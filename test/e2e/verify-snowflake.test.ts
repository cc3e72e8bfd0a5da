import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { VerifyResult } from "../../src/operations/api.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { verify } from "../../src/operations/verify/verify.ts";
import { runCli } from "../kit/cli.ts";
import { readLanded, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import type { SnowflakeServer } from "../kit/servers/snowflake.ts";
import { refusal } from "../kit/snowflake-in-duckdb.ts";
import { byKeyPair, PASSWORD, PUBLIC_KEY } from "../kit/snowflake.ts";

// Holds G10 for Snowflake: verify proves by the file of each row that each committed file is loaded exactly once. The
// real driver against the stand-in, in which the printed statements are carried out.

type Rows = readonly Readonly<Record<string, string | null>>[];

let server: SnowflakeServer;
let at: Scene;
/** Committed files. */
let files: string[];

beforeEach(async () => {
  server = await startSnowflake({ users: [{ name: "ETL", publicKey: PUBLIC_KEY, password: PASSWORD }] });
  for (const table of ["PARDOT_VISITORACTIVITY", "PARDOT_TAG"]) server.tables.set(table, { rows: [] });
  at = await scene({}, { ...byKeyPair(server), PARDOT_ETL_OBJECTS: "VisitorActivity,Tag" });
  files = [];
  for (const day of [0, 1]) {
    if (day > 0) at.simulator.advance(day);
    const { manifest } = await at.run();
    files.push(...manifest.objects.flatMap((object) => object.files.map(({ key }) => key)));
  }
  for (const key of files) await copy(key);
});
afterEach(async () => {
  await at.close();
  await server.close();
});

function keysOf(object: string): readonly string[] {
  return files.filter((key) => key.startsWith(`${object}/`));
}

function rowsOf(table: string): Rows {
  return server.tables.get(table)?.rows ?? [];
}

function setRows(table: string, rows: Rows): void {
  const columns = Object.keys(rowsOf(table)[0] ?? {});
  server.tables.set(table, { ...server.tables.get(table), rows, columns });
}

/** Appends the rows of a landed file, as COPY does with the metadata that `ddl` asks for. */
async function copy(key: string): Promise<void> {
  const table = `PARDOT_${key.slice(0, key.indexOf("/")).toUpperCase()}`;
  const { records } = await readLanded(at.data, key);
  const added = records.map((record, index) => ({
    ...Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toUpperCase(), value])),
    _PARDOT_ETL_FILE: `prefix/${key}`,
    _PARDOT_ETL_ROW: String(index + 2),
    _PARDOT_ETL_LOADED_AT: "2026-11-26 05:31:00",
  }));
  server.tables.set(table, { ...server.tables.get(table), rows: [...rowsOf(table), ...added] });
}

const isOf = (key: string) => (row: Rows[number]) => row["_PARDOT_ETL_FILE"] === `prefix/${key}`;

async function verified(env: Environment = {}): Promise<VerifyResult> {
  const config = await at.config(env);
  const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: null };
  return withRuntime(wishes, (surroundings) => verify(config, { warehouseOnly: true }, surroundings));
}

/** Carries out the statements of the hints, which a parser for Snowflake must accept. */
async function repair({ problems }: VerifyResult): Promise<void> {
  const printed = problems.flatMap(({ hint }) => /`((?:BEGIN|COPY|DELETE)[^`]*)`/.exec(hint)?.[1]?.split("; ") ?? []);
  expect(printed.length).toBeGreaterThanOrEqual(problems.length);
  for (const sql of printed.filter((each) => each !== "BEGIN" && each !== "COMMIT")) {
    expect(refusal({ kind: "repair", name: "", sql })).toBeNull();
    const [, table = "", gone] =
      /^DELETE FROM (\w+) WHERE SPLIT_PART\("_PARDOT_ETL_FILE", '\/', -1\) = '([^']+)'$/.exec(sql) ?? [];
    if (gone === undefined) {
      const [, object = "", name = ""] =
        /^COPY INTO \w+ FROM @PARDOT_ETL_FILES\/(\w+)\/ .*INCLUDE_METADATA = .* FILES = \('([^']+)'\) FORCE = TRUE ON_ERROR = ABORT_STATEMENT$/.exec(
          sql,
        ) ?? [];
      await copy(`${object}/${name}`);
    } else {
      const kept = rowsOf(table).filter((row) => row["_PARDOT_ETL_FILE"]?.endsWith(`/${gone}`) !== true);
      setRows(table, kept);
    }
  }
}

describe("verify --warehouse-only with Snowflake", () => {
  it("reports the files and rows that it has proven, and asks for no reason", async () => {
    const result = await verified();
    expect(result).toMatchObject({ problems: [], exitCode: 0 });
    const rows = rowsOf("PARDOT_TAG").length;
    expect(result.warehouse?.compared).toContain(`${keysOf("Tag").length} files and ${rows} rows of PARDOT_TAG`);
    expect(server.statements.filter((sql) => sql.includes("COPY_HISTORY"))).toEqual([]);
  });

  it.each([true, false])("names a missing file, and why it was refused if that is known: %s", async (isKnown) => {
    const [key = ""] = keysOf("VisitorActivity");
    setRows(
      "PARDOT_VISITORACTIVITY",
      rowsOf("PARDOT_VISITORACTIVITY").filter((row) => !isOf(key)(row)),
    );
    const message = "Numeric value 'x' is not recognized";
    const entry = { file: `prefix/${key}`, at: "2026-11-26 05:31:00", message, line: 17, column: "VISITOR_ID" };
    const table = server.tables.get("PARDOT_VISITORACTIVITY") ?? { rows: [] };
    server.tables.set("PARDOT_VISITORACTIVITY", { ...table, history: isKnown ? [entry] : [] });
    const result = await verified();
    const problem = isKnown
      ? `it is not loaded into PARDOT_VISITORACTIVITY: Snowflake refused it at 2026-11-26 05:31:00 UTC: ${message}, line 17, column VISITOR_ID`
      : "it is not loaded into PARDOT_VISITORACTIVITY";
    expect(result).toMatchObject({ problems: [{ key, state: "missing", problem }], exitCode: 6 });
    expect(result.problems[0]?.hint).toContain(isKnown ? "Correct the cause." : "Check the pipe or task");
    await repair(result);
    expect(await verified()).toMatchObject({ problems: [], exitCode: 0 });
  });

  const faults: readonly (readonly [string, string, (rows: Rows, key: string) => Rows])[] = [
    ["a file that was loaded twice", "loaded again", (rows, key) => [...rows, ...rows.filter(isOf(key))]],
    [
      "a file that was loaded by half",
      "differs",
      (rows, key) => [...rows.filter((row) => !isOf(key)(row)), ...rows.filter(isOf(key)).slice(1)],
    ],
  ];
  it.each(faults)("names %s", async (_what, state, change) => {
    const [key = ""] = keysOf("Tag");
    setRows("PARDOT_TAG", change(rowsOf("PARDOT_TAG"), key));
    const result = await verified();
    expect(result).toMatchObject({ problems: [{ key, state }], exitCode: 6 });
    await repair(result);
    expect(await verified()).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("names a file that an aborted run left in the table", async () => {
    const rows = rowsOf("PARDOT_TAG");
    setRows("PARDOT_TAG", [...rows, { ...rows[0], _PARDOT_ETL_FILE: "prefix/Tag/Tag_aborted.csv" }]);
    const result = await verified();
    expect(result).toMatchObject({
      problems: [{ key: "Tag/Tag_aborted.csv", state: "not committed yet" }],
      exitCode: 6,
    });
    await repair(result);
    expect(await verified()).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("names every file of a truncated table", async () => {
    setRows("PARDOT_TAG", []);
    const result = await verified();
    expect(result.problems.map(({ key }) => key)).toEqual(keysOf("Tag").toSorted());
    await repair(result);
    expect(await verified()).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("compares only the newest watermark without the columns that ddl creates, and says so", async () => {
    const plain = rowsOf("PARDOT_TAG").map(({ ID = null, UPDATED_AT = null }) => ({ ID, UPDATED_AT }));
    server.tables.set("PARDOT_TAG", { rows: plain });
    const { warehouse, problems } = await verified();
    expect(problems).toEqual([]);
    expect(warehouse?.compared.join("\n")).toMatch(/only the newest updated_at of PARDOT_TAG/);
  });

  it("says of which files the rows were loaded before their files were recorded", async () => {
    const [first = ""] = keysOf("Tag");
    const rows = rowsOf("PARDOT_TAG").map((row) => (isOf(first)(row) ? { ...row, _PARDOT_ETL_FILE: null } : row));
    setRows("PARDOT_TAG", rows);
    const { warehouse, problems } = await verified();
    expect(problems).toEqual([]);
    expect(warehouse?.compared.join("\n")).toMatch(/of 1 file from before .* only the newest updated_at of PARDOT_TAG/);
    setRows(
      "PARDOT_TAG",
      rows.filter((row) => row["_PARDOT_ETL_FILE"] !== null),
    );
    expect((await verified()).problems).toMatchObject([{ key: first, state: "missing" }]);
  });

  it("ends with 7 when a table cannot be compared, with 6 when another one lacks rows, and shows all as JSON", async () => {
    server.tables.delete("PARDOT_TAG");
    expect(await verified()).toMatchObject({
      problems: [{ key: "PARDOT_TAG" }],
      exitCode: 7,
      error: { code: "warehouse.table-missing" },
    });
    setRows("PARDOT_VISITORACTIVITY", rowsOf("PARDOT_VISITORACTIVITY").slice(1));
    const { code, stdout } = await runCli(["verify", "--warehouse-only", "--json"], at.env, { cwd: at.root });
    expect(code).toBe(6);
    const { problems, error } = JSON.parse(stdout) as VerifyResult;
    expect(error).toBeUndefined();
    expect(problems.map(({ key, state = null }) => [key.split("/")[0], state])).toEqual([
      ["PARDOT_TAG", null],
      ["VisitorActivity", "differs"],
    ]);
    await expect(verified({ SNOWFLAKE_SCHEMA: "NONE" })).rejects.toMatchObject({ exitCode: 7 });
  });
});
