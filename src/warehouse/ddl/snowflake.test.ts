import { describe, expect, onTestFinished, test } from "vitest";
import { columns } from "../../catalog/entry.ts";
import { refusal, SnowflakeInDuckdb } from "../../../test/kit/snowflake-in-duckdb.ts";
import { fivetranDdl } from "./fivetran.ts";
import { snowflakeDdl } from "./snowflake.ts";
import type { SnowflakeDdl } from "./snowflake.ts";
import { addedColumns, table, view } from "./snowflake-tables.ts";
import { script } from "./statement.ts";
import type { DdlObject, Statement } from "./statement.ts";

// Holds G10 for Snowflake: the newest version by rule R1. The SQL is executed in DuckDB's words.

const TAG: DdlObject = {
  name: "Tag",
  table: "PARDOT_TAG",
  key: "id",
  watermark: "updated_at",
  columns: columns("id:integer name created_at:datetime updated_at:datetime"),
  core: 4,
  zone: "Europe/Berlin",
  api: "v4",
  isExported: false,
  deletes: null,
  formats: ["csv"],
};

const PROSPECT: DdlObject = {
  ...TAG,
  name: "Prospect",
  table: "PARDOT_PROSPECT",
  columns: columns("id:integer email score:integer opted_out:boolean updated_at:datetime Region order"),
  core: 5,
  isExported: true,
  deletes: { by: "table", table: "PARDOT_PROSPECTDELETED", key: "id" },
};
const CAMPAIGN: DdlObject = {
  ...TAG,
  name: "Campaign",
  table: "PARDOT_CAMPAIGN",
  watermark: null,
  columns: columns("id:integer cost:number"),
  core: 2,
  deletes: { by: "whole" },
};
const REDIRECT: DdlObject = {
  ...TAG,
  name: "CustomRedirect",
  table: "my redirects",
  watermark: null,
  columns: columns("id:integer is_deleted:boolean options:json"),
  core: 3,
  zone: "UTC",
  api: "v5",
  deletes: { by: "column" },
};
const GONE: DdlObject = {
  ...TAG,
  name: "ProspectDeleted",
  table: "PARDOT_PROSPECTDELETED",
  columns: columns("id:integer updated_at:datetime"),
  core: 2,
};

const INPUT: SnowflakeDdl = {
  objects: [TAG, PROSPECT, CAMPAIGN, REDIRECT],
  others: [GONE],
  destination: { kind: "s3", bucket: "acme-lake", prefix: "pardot" },
  format: "csv",
  load: "pipe",
  withAccount: true,
  schema: "lake.pardot",
};

/** One row of a raw table, without quotes. */
type Raw = readonly [id: number, name: string, updatedAt: string | null, landedAt: string | null, file: string];

/** The names that the view of tags shows for these versions, whatever order they were loaded in. */
async function shown(rows: readonly Raw[]): Promise<Set<string>> {
  const names = new Set<string>();
  for (const order of [rows, rows.toReversed()]) {
    const database = await SnowflakeInDuckdb.open();
    onTestFinished(() => database.close());
    await database.run([table(TAG), view(TAG)]);
    for (const [id, name, updatedAt, landedAt, file] of order) {
      const text = (value: string | null): string => (value === null ? "NULL" : `'${value}'`);
      await database.query(
        `INSERT INTO PARDOT_TAG VALUES (${id}, '${name}', NULL, ${text(updatedAt)}, '${file}', 2, ${text(landedAt)}, now())`,
      );
    }
    for (const row of await database.query("SELECT NAME FROM PARDOT_TAG_CURRENT")) names.add(String(row["NAME"]));
  }
  return names;
}

describe("G10 the view of the newest versions shows", () => {
  const cases: readonly (readonly [string, readonly Raw[]])[] = [
    [
      "the version that landed later, of two in the hour that the end of summer time repeats",
      [
        [1, "old", "2026-10-25 02:50:00", "2026-10-25 01:00:00", "a.csv"],
        [1, "new", "2026-10-25 02:10:00", "2026-10-25 02:00:00", "b.csv"],
      ],
    ],
    [
      "the newer version, although an export that was taken over landed the older one later",
      [
        [1, "new", "2026-03-20 10:00:00", "2026-03-20 11:00:00", "b.csv"],
        [1, "old", "2026-03-18 10:00:00", "2026-03-21 11:00:00", "a.csv"],
      ],
    ],
    [
      "a version with a time rather than one without",
      [
        [1, "old", null, "2026-03-20 11:00:00", "b.csv"],
        [1, "new", "2026-03-18 10:00:00", "2026-03-19 11:00:00", "a.csv"],
      ],
    ],
    [
      "the version that landed later, of two with the same time",
      [
        [1, "new", "2026-03-18 10:00:00", "2026-03-19 12:00:00", "a.csv"],
        [1, "old", "2026-03-18 10:00:00", "2026-03-19 11:00:00", "b.csv"],
        [1, "older", "2026-03-18 10:00:00", null, "c.csv"],
      ],
    ],
  ];
  test.each(cases)("%s", async (_title, rows) => {
    expect(await shown(rows)).toEqual(new Set(["new"]));
  });

  test("a restored record as not deleted, and one that was deleted in the hour of its last change as deleted", async () => {
    const database = await SnowflakeInDuckdb.open();
    onTestFinished(() => database.close());
    await database.run([table(PROSPECT), table(GONE), view(PROSPECT)]);
    const row = (id: number, updatedAt: string, landedAt: string): string =>
      `(${id}, NULL, NULL, NULL, '${updatedAt}', NULL, NULL, 'p.csv', 2, '${landedAt}', now())`;
    const rows = [
      row(1, "2026-03-18 10:00:00", "2026-03-18 11:00:00"),
      row(2, "2026-03-18 10:00:00", "2026-03-18 11:00:00"),
      row(2, "2026-03-20 10:00:00", "2026-03-20 11:00:00"),
      row(3, "2026-03-18 10:00:00", "2026-03-18 11:00:00"),
    ];
    await database.query(`INSERT INTO PARDOT_PROSPECT VALUES ${rows.join(", ")}`);
    await database.query(
      "INSERT INTO PARDOT_PROSPECTDELETED VALUES (1, '2026-03-18 10:30:00', 'g.csv', 2, '2026-03-19 11:00:00', now()), (2, '2026-03-19 10:00:00', 'g.csv', 3, '2026-03-19 11:00:00', now())",
    );
    const shownRows = await database.query(
      "SELECT ID::INTEGER AS id, _PARDOT_ETL_DELETED AS gone FROM PARDOT_PROSPECT_CURRENT ORDER BY 1",
    );
    expect(shownRows).toEqual([
      { id: 1, gone: true },
      { id: 2, gone: false },
      { id: 3, gone: false },
    ]);
  });
});

describe("the script for Snowflake", () => {
  test("is the one in the fixture", async () => {
    await expect(script(["A test."], snowflakeDdl(INPUT))).toMatchFileSnapshot(
      "../../../test/fixtures/ddl/snowflake.sql",
    );
  });

  test("loads by a task as in the fixture", async () => {
    const statements = snowflakeDdl({ ...INPUT, load: "task" }).filter(
      ({ kind }) => kind === "task" || kind === "procedure",
    );
    await expect(script([], statements)).toMatchFileSnapshot("../../../test/fixtures/ddl/snowflake-task.sql");
  });

  test.each(["csv", "jsonl", "parquet"] as const)("has a format, a pattern and pipes for %s files", (format) => {
    const inFormat = (each: DdlObject): DdlObject => ({ ...each, formats: [format] });
    const [objects, others] = [INPUT.objects.map(inFormat), INPUT.others.map(inFormat)];
    const statements = snowflakeDdl({ ...INPUT, objects, others, format });
    expect(statements.flatMap((statement) => refusal(statement) ?? [])).toEqual([]);
    const formats = statements.filter(({ kind }) => kind === "file format").map(({ name }) => name);
    const pipes = statements.filter(({ kind }) => kind === "pipe");
    expect(pipes).toHaveLength(5);
    for (const { name, sql } of pipes) {
      const isOfFiles = name !== "PARDOT_ETL_MANIFESTS_PIPE";
      expect(formats).toContain(/FORMAT_NAME = '(\w+)'/.exec(sql)?.[1]);
      if (isOfFiles) expect(sql).toContain(`[.]${format}`);
    }
    // A pipe that is there stays as it is: another format needs another name.
    const fresh = INPUT.objects.map((each) => ({ ...each, formats: [] }));
    const changed = snowflakeDdl({ ...INPUT, objects: fresh, format: format === "csv" ? "parquet" : "csv" });
    expect(changed.filter(({ kind, name }) => kind === "pipe" && name === pipes[0]?.name)).toEqual([]);
  });

  test("loads what is left of an earlier format too, by pipes and by the task", () => {
    const objects = [{ ...TAG, formats: ["csv", "jsonl"] as const }, PROSPECT];
    const others = [{ ...GONE, formats: [] }];
    const printed = (load: SnowflakeDdl["load"]): readonly Statement[] =>
      snowflakeDdl({ ...INPUT, objects, others, format: "parquet", load });
    const named = (kind: string, load: SnowflakeDdl["load"]): readonly string[] =>
      printed(load).flatMap((statement) => (statement.kind === kind ? [statement.name] : []));
    expect(named("pipe", "pipe")).toEqual([
      "PARDOT_TAG_PARQUET_PIPE",
      "PARDOT_TAG_PIPE",
      "PARDOT_TAG_JSONL_PIPE",
      "PARDOT_PROSPECT_PARQUET_PIPE",
      "PARDOT_PROSPECT_PIPE",
      "PARDOT_ETL_MANIFESTS_PIPE",
    ]);
    expect(named("file format", "task")).toEqual([
      "PARDOT_ETL_PARQUET",
      "PARDOT_ETL_CSV",
      "PARDOT_ETL_EXPORT_CSV",
      "PARDOT_ETL_JSONL",
      "PARDOT_ETL_JSON",
    ]);
    const procedure = printed("task").find(({ kind }) => kind === "procedure")?.sql ?? "";
    const copies = [...procedure.matchAll(/COPY INTO (\w+)[^;]*?FORMAT_NAME = '(\w+)'/g)].map(([, ...found]) => found);
    expect(copies).toEqual([
      ["PARDOT_TAG", "PARDOT_ETL_PARQUET"],
      ["PARDOT_TAG", "PARDOT_ETL_CSV"],
      ["PARDOT_TAG", "PARDOT_ETL_JSONL"],
      ["PARDOT_PROSPECT", "PARDOT_ETL_PARQUET"],
      ["PARDOT_PROSPECT", "PARDOT_ETL_EXPORT_CSV"],
      ["PARDOT_PROSPECTDELETED", "PARDOT_ETL_PARQUET"],
      ["PARDOT_ETL_MANIFESTS", "PARDOT_ETL_JSON"],
    ]);
  });

  test("takes each landed file by the pattern of exactly one format", () => {
    const objects = [{ ...TAG, formats: ["csv", "jsonl", "parquet"] as const }];
    const pipes = snowflakeDdl({ ...INPUT, objects, others: [] }).filter(({ name }) => name.startsWith("PARDOT_TAG"));
    const patterns = pipes.flatMap(({ sql }) => /PATTERN = '([^']*)'/.exec(sql)?.[1] ?? []);
    expect(patterns).toHaveLength(3);
    const stem = "Tag/Tag_api_20260101T000000Z_20260201T000000Z_0123456789ab";
    for (const suffix of [".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"]) {
      const matching = patterns.filter((pattern) => new RegExp(`^${pattern}$`).test(`${stem}${suffix}`));
      expect(matching, suffix).toHaveLength(1);
    }
  });

  test("can be run again: what is there stays, and only views and the procedure are replaced", () => {
    for (const load of ["pipe", "task", "none"] as const) {
      for (const { kind, sql } of snowflakeDdl({ ...INPUT, load })) {
        const name = String.raw`(?:\w+|"[^"]+")(?:\(\))?`;
        const again =
          kind === "view" || kind === "procedure"
            ? `CREATE OR REPLACE [A-Z]+ ${name} COPY GRANTS `
            : `(?:CREATE [A-Z ]+ IF NOT EXISTS |ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS |USE SCHEMA |DESC |ALTER TASK ${name} RESUME$)`;
        expect(sql).toMatch(new RegExp(`^${again}`));
      }
    }
  });

  test("marks the address that a folder as destination cannot give", () => {
    const statements = snowflakeDdl({ ...INPUT, destination: { kind: "folder", path: "/data" } });
    const stages = statements.filter(({ kind }) => kind === "stage");
    expect(stages).toEqual([
      expect.objectContaining({
        sql: expect.stringContaining("s3://REPLACE-WITH-YOUR-BUCKET/PREFIX/") as string,
        note: expect.stringMatching(/^Replace the address/) as string,
      }),
    ]);
  });

  test("quotes names of custom fields, whatever is in them", async () => {
    const names = [`a"b`, "order", "x; DROP TABLE y", "d-e", "it's", "straße", "back\\slash"];
    const custom = names.map((name) => ({ name, type: "string" as const }));
    const object = { ...TAG, columns: [...TAG.columns, ...custom] };
    const statements = [table(object), ...addedColumns(object), view(object)];
    expect(statements.flatMap((statement) => refusal(statement) ?? [])).toEqual([]);
    const database = await SnowflakeInDuckdb.open();
    onTestFinished(() => database.close());
    await database.run(statements);
    const found = await database.query("SELECT column_name FROM (DESCRIBE PARDOT_TAG_CURRENT)");
    expect(found.slice(4, 4 + names.length).map((row) => row["column_name"])).toEqual([
      `A"B`,
      "ORDER",
      "X; DROP TABLE Y",
      "D-E",
      "IT'S",
      "STRAßE",
      "BACK\\SLASH",
    ]);
  });
});

test("the profile for dbt_pardot has no view of an opportunity's prospects when their column was dropped", () => {
  const whole = {
    ...TAG,
    name: "Opportunity",
    table: "PARDOT_OPPORTUNITY",
    columns: columns("id:integer prospects:json"),
  };
  const names = (object: DdlObject): readonly string[] => fivetranDdl([object], null).map(({ name }) => name);
  expect(names(whole)).toEqual(["PARDOT_FIVETRAN", "OPPORTUNITY", "OPPORTUNITY_PROSPECT"]);
  expect(names({ ...whole, columns: columns("id:integer") })).toEqual(["PARDOT_FIVETRAN", "OPPORTUNITY"]);
});
