import { describe, expect, test } from "vitest";
import { columns } from "../../catalog/entry.ts";
import type { Schema } from "../warehouse.ts";
import { snowflakeDdl } from "./snowflake.ts";
import type { SnowflakeDdl } from "./snowflake.ts";
import { recordsFiles, snowflakeDiff } from "./snowflake-diff.ts";
import type { CarryingFiles } from "./snowflake-diff.ts";
import { PROOF_VIEWS } from "./snowflake-proof.ts";
import { tableColumns, viewColumns } from "./snowflake-tables.ts";
import type { DdlObject } from "./statement.ts";

const TAG: DdlObject = {
  name: "Tag",
  table: "PARDOT_TAG",
  key: "id",
  watermark: "updated_at",
  columns: columns("id:integer name updated_at:datetime Region"),
  core: 3,
  zone: "UTC",
  api: "v4",
  isExported: false,
  deletes: null,
  formats: ["csv"],
};
const LIST: DdlObject = { ...TAG, name: "List", table: "PARDOT_LIST" };
const INPUT: SnowflakeDdl = {
  objects: [TAG],
  others: [LIST],
  destination: { kind: "s3", bucket: "acme-lake", prefix: "pardot" },
  format: "csv",
  load: "pipe",
  withAccount: false,
  schema: "lake.pardot",
};

/** A schema that lacks nothing, but for the changes: null removes a table or view. */
function schema(changes: Readonly<Record<string, readonly string[] | null>> = {}): Schema {
  const whole: Record<string, readonly string[] | null> = {
    PARDOT_ETL_MANIFESTS: ["MANIFEST"],
    ...Object.fromEntries(PROOF_VIEWS.map((name) => [name, ["FILE_NAME"]])),
    ...Object.fromEntries([TAG, LIST].map((object) => [object.table, tableColumns(object)])),
    ...Object.fromEntries([TAG, LIST].map((object) => [`${object.table}_CURRENT`, viewColumns(object)])),
    ...changes,
  };
  return new Map(Object.entries(whole).flatMap(([name, names]) => (names === null ? [] : [[name, new Set(names)]])));
}

function diff(found: Schema, files?: CarryingFiles) {
  const carrying = new Map(files === undefined ? [] : [["Tag", files]]);
  return snowflakeDiff({ ...INPUT, found, carrying });
}

const short = (found: Schema, files?: CarryingFiles) => diff(found, files).map(({ kind, name }) => `${kind} ${name}`);
const without = (names: readonly string[], ...gone: readonly string[]) => names.filter((name) => !gone.includes(name));

describe("what Snowflake lacks", () => {
  test("is nothing when all is there, also where names are in lower case", () => {
    expect(diff(schema())).toEqual([]);
    const lower = tableColumns(TAG).map((name) => (name === "REGION" ? "region" : name));
    expect(diff(schema({ PARDOT_TAG: lower }))).toEqual([]);
  });

  test("is everything in an empty schema, as ddl prints it", () => {
    const printed = new Set(snowflakeDdl(INPUT).map(({ sql }) => sql));
    const all = diff(new Map());
    for (const { kind, sql } of all) expect([kind, printed.has(sql)]).toEqual([kind, true]);
    const left = snowflakeDdl(INPUT).filter(({ sql }) => !all.some((each) => each.sql === sql));
    // Columns that the table gets when it is created.
    expect(new Set(left.map(({ kind }) => kind))).toEqual(new Set(["column"]));
  });

  test("is a missing table with its pipe and view, and the views over all tables, and not the table of another object", () => {
    const found = short(schema({ PARDOT_TAG: null, PARDOT_TAG_CURRENT: null }));
    expect(found).toContain("table PARDOT_TAG");
    expect(found).toContain("pipe PARDOT_TAG_PIPE");
    expect(found).toContain("view PARDOT_ETL_LOADED");
    expect(found).toContain("view PARDOT_TAG_CURRENT");
    expect(found.filter((each) => /LIST|MANIFESTS/.test(each))).toEqual([]);
    expect(short(schema({ PARDOT_LIST: null }))).toEqual([]);
  });

  test("is a view that has other columns than its table, whatever those are", () => {
    for (const names of [without(viewColumns(TAG), "REGION"), [...viewColumns(TAG), "GONE"], null])
      expect(short(schema({ PARDOT_TAG_CURRENT: names }))).toEqual(["use lake.pardot", "view PARDOT_TAG_CURRENT"]);
  });

  test("is a missing view with a note on the load of its table, which ddl of another object may have created", () => {
    const found = schema({ PARDOT_TAG_CURRENT: null });
    expect(diff(found)[1]?.note).toMatch(/If nothing does, run what `pardot-etl ddl Tag` prints\.$/);
    const byOthers = snowflakeDiff({ ...INPUT, load: "none", found, carrying: new Map() });
    expect(byOthers.map(({ kind, note }) => [kind, note])).toEqual([
      ["use", undefined],
      ["view", undefined],
    ]);
    const stale = schema({ PARDOT_TAG_CURRENT: ["ID"] });
    expect(diff(stale)[1]?.note).toBeUndefined();
  });

  test("is each column of a table made by hand, whose files cannot be loaded again one by one", () => {
    const statements = diff(schema({ PARDOT_TAG: ["ID", "NAME"], PARDOT_TAG_CURRENT: null }));
    expect(statements.map(({ name }) => name)).toEqual([
      "lake.pardot",
      "PARDOT_TAG.UPDATED_AT",
      "PARDOT_TAG.REGION",
      "PARDOT_TAG._PARDOT_ETL_FILE",
      "PARDOT_TAG._PARDOT_ETL_ROW",
      "PARDOT_TAG._PARDOT_ETL_LANDED_AT",
      "PARDOT_TAG._PARDOT_ETL_LOADED_AT",
      // It cannot have counted the rows of this table before.
      "PARDOT_ETL_LOADED",
      "PARDOT_TAG_CURRENT",
    ]);
    expect(statements[1]?.note).toMatch(/do not name their files/);
  });

  test("is what the views over all tables need of a table of another object that was made by hand", () => {
    const found = short(schema({ PARDOT_TAG: null, PARDOT_LIST: ["ID", "_PARDOT_ETL_FILE"] }));
    expect(found.filter((each) => each.includes("LIST"))).toEqual([
      "column PARDOT_LIST._PARDOT_ETL_ROW",
      "column PARDOT_LIST._PARDOT_ETL_LANDED_AT",
      "column PARDOT_LIST._PARDOT_ETL_LOADED_AT",
    ]);
    expect(found.indexOf("column PARDOT_LIST._PARDOT_ETL_LOADED_AT")).toBeLessThan(
      found.indexOf("view PARDOT_ETL_LOADED"),
    );
    expect(short(schema({ PARDOT_LIST: ["ID"] }))).toEqual([]);
  });

  test("is the table of deleted records that a new view of an object needs", () => {
    const gone: DdlObject = { ...LIST, name: "TagDeleted", table: "PARDOT_TAGDELETED" };
    const tag: DdlObject = { ...TAG, deletes: { by: "table", table: gone.table, key: gone.key } };
    const input = { ...INPUT, objects: [tag], others: [LIST, gone], carrying: new Map() };
    const found = snowflakeDiff({ ...input, found: schema({ PARDOT_LIST: null }) });
    expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "use lake.pardot",
      "table PARDOT_TAGDELETED",
      "view PARDOT_TAG_CURRENT",
    ]);
  });

  test("is each column of a table that names its files but not when they were loaded, with how to load them again", () => {
    const found = schema({ PARDOT_TAG: without(tableColumns(TAG), "REGION", "_PARDOT_ETL_LOADED_AT") });
    expect(recordsFiles(TAG, found)).toBe(false);
    const [, first, second] = diff(found);
    expect([first?.name, second?.name]).toEqual(["PARDOT_TAG.REGION", "PARDOT_TAG._PARDOT_ETL_LOADED_AT"]);
    expect(first?.note).toMatch(/^Run the statement for _PARDOT_ETL_LOADED_AT alone, and then ddl --diff again/);
  });

  test("has the load of files in statements of at most 1,000 names and one format, within one transaction", () => {
    const loaded = [...Array.from({ length: 1001 }, (_, at) => `Tag_${at}.csv`), "Tag_z.jsonl.gz"];
    const names = without(tableColumns(TAG), "REGION");
    const statements = diff(schema({ PARDOT_TAG: names }), { loaded, gone: 2 });
    expect(statements.map(({ kind }) => kind)).toEqual([
      "use",
      "column",
      "begin",
      "delete",
      "load",
      "delete",
      "load",
      "delete",
      "load",
      "commit",
    ]);
    const loads = statements.filter(({ kind }) => kind === "load").map(({ sql }) => sql);
    expect(loads.map((sql) => (sql.match(/'Tag_[^']+'/g) ?? []).length)).toEqual([1000, 1, 1]);
    expect(loads[2]).toContain("PARDOT_ETL_JSONL");
    expect(statements[2]?.note).toMatch(/1,002 files .* 2 more files keep null/);
    expect(short(schema({ PARDOT_TAG: names }), { loaded: [], gone: 0 })).not.toContain("begin PARDOT_TAG");
  });
});
