import { describe, expect, test } from "vitest";
import { columns } from "../../catalog/entry.ts";
import { duckdbDdl } from "./duckdb.ts";
import { script } from "./statement.ts";
import type { DdlObject } from "./statement.ts";

const PROSPECT: DdlObject = {
  name: "Prospect",
  table: "PARDOT_PROSPECT",
  key: "id",
  watermark: "updated_at",
  columns: columns("id:integer score:number opted_out:boolean updated_at:datetime payload:json"),
  core: 5,
  zone: "UTC",
  api: "v4",
  isExported: true,
  deletes: { by: "table", table: "PARDOT_PROSPECTDELETED", key: "id" },
  formats: ["csv"],
};
const GONE: DdlObject = {
  ...PROSPECT,
  name: "ProspectDeleted",
  table: "PARDOT_PROSPECTDELETED",
  columns: columns("id:integer updated_at:datetime"),
  core: 2,
  deletes: null,
};
const S3 = { kind: "s3", bucket: "acme-lake", prefix: "pardot" } as const;

const INSTANTS = "????????T??????Z_????????T??????Z";

describe("the script for DuckDB", () => {
  test("is the one in the fixture: for a bucket with its extensions, and deleted records first", async () => {
    const statements = duckdbDdl({ objects: [PROSPECT], others: [GONE], destination: S3 });
    await expect(script([], statements)).toMatchFileSnapshot("../../../test/fixtures/ddl/duckdb.sql");
  });

  test("marks nothing as deleted while no deleted record has landed", () => {
    const others = [{ ...GONE, formats: [] }];
    const statements = duckdbDdl({ objects: [PROSPECT], others, destination: S3 });
    expect(statements.at(-1)?.sql).toContain("false AS _pardot_etl_deleted");
    expect(statements.filter(({ name }) => name.startsWith(GONE.table))).toEqual([]);
  });

  test.each([
    ["csv", `read_csv('s3://acme-lake/pardot/Prospect/Prospect_*_${INSTANTS}_*.csv*'`],
    ["jsonl", `read_json('s3://acme-lake/pardot/Prospect/Prospect_*_${INSTANTS}_*.jsonl*'`],
    ["parquet", `read_parquet('s3://acme-lake/pardot/Prospect/Prospect_*_${INSTANTS}_*.parquet'`],
  ] as const)("reads %s files only if there are some, because DuckDB fails without", (format, reader) => {
    const printed = (formats: DdlObject["formats"]): string | undefined =>
      duckdbDdl({ objects: [{ ...PROSPECT, formats }], others: [], destination: S3 }).find(
        ({ name }) => name === "PARDOT_PROSPECT_RAW",
      )?.sql;
    const all = ["csv", "jsonl", "parquet"] as const;
    expect(printed([format])).toContain(reader);
    expect(printed(all)).toContain(reader);
    expect(printed(all.filter((other) => other !== format))).not.toContain(reader);
  });
});
