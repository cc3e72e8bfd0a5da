import { expect, test } from "vitest";
import type { VerifiedTable, VerifyResult } from "../operations/api.ts";
import { verifySummary } from "./verify-summary.ts";
import { UNSTYLED } from "./text-table.ts";

const RESULT: VerifyResult = {
  destination: "s3://acme/x",
  runs: 5,
  files: 73,
  rows: 36_393,
  bytes: 4_809_124,
  expired: 0,
  superseded: 0,
  accepted: 0,
  filesRead: true,
  warehouse: null,
  objects: [],
  problems: [],
  exitCode: 0,
};
const MISSING = { key: "Tag/a.csv", problem: "it is missing", hint: "Restore it." };

test("shows the proven files, and those that no longer count", () => {
  const line = "verified 73 files, 36,393 rows and 4,809,124 bytes of 5 runs in s3://acme/x";
  expect(verifySummary(RESULT, UNSTYLED)).toBe(`${line}: all as committed\n`);
  expect(verifySummary({ ...RESULT, expired: 1, superseded: 2, accepted: 3 }, UNSTYLED)).toBe(
    `${line} (not counted: 1 expired (PARDOT_ETL_RETENTION), 2 superseded by --full, 3 written off (--accept)): all as committed\n`,
  );
});

test("shows what to do about each problem, and uses the singular for one", () => {
  const text = verifySummary({ ...RESULT, files: 1, runs: 1, problems: [MISSING], exitCode: 6 }, UNSTYLED);
  expect(text).toBe(
    "verified 1 file, 36,393 rows and 4,809,124 bytes of 1 run in s3://acme/x: 1 problem\n  Tag/a.csv: it is missing\n    hint: Restore it.\n",
  );
  const many = Array.from({ length: 60 }, (_n, i) => ({ ...MISSING, key: `Tag/${i}.csv` }));
  const lines = verifySummary({ ...RESULT, problems: many }, UNSTYLED).split("\n");
  expect(lines[0]).toMatch(/: 60 problems$/);
  expect(lines.at(-2)).toBe("  and 10 more (--json has all)");
});

const TABLE: VerifiedTable = {
  object: "Tag",
  table: "PARDOT_TAG",
  compared: "42 files and 1,204 rows of PARDOT_TAG",
  loadedOnce: 42,
  missing: 0,
  loadedAgain: 0,
  differs: 0,
  others: 0,
};
const tag = { object: "Tag", files: 42, rows: 1204, bytes: 9, problems: 0 };

test("lists what is proven of each object's files and of their loading", () => {
  const tables = [
    TABLE,
    { ...TABLE, object: "List", loadedOnce: 3, missing: 1, loadedAgain: 2, differs: 1, others: 1 },
    { ...TABLE, object: "Form", compared: "only the newest updated_at of PARDOT_FORM", loadedOnce: null },
  ];
  const warehouse = { name: "duckdb:x", compared: tables.map(({ compared }) => compared), tables };
  const objects = [tag, { ...tag, object: "List", files: 7, problems: 1 }, { ...tag, object: "Visitor" }];
  expect(
    verifySummary({ ...RESULT, objects, warehouse }, UNSTYLED)
      .split("\n")
      .slice(1),
  ).toEqual([
    "compared with duckdb:x",
    "OBJECT   FILES   ROWS  PROBLEMS  IN THE WAREHOUSE",
    "Tag         42  1,204         0  42 loaded exactly once",
    "List         7  1,204         1  3 loaded exactly once, 1 missing, 2 loaded again, 1 incomplete or different, 1 other problem",
    "Visitor     42  1,204         0  not compared",
    "",
  ]);
  expect(verifySummary({ ...RESULT, filesRead: false, warehouse }, UNSTYLED)).toMatch(
    /^compared with duckdb:x\nno problems\nOBJECT +IN THE WAREHOUSE\nTag +42 loaded exactly once\n(.*\n)Form +only the newest updated_at of PARDOT_FORM\n$/,
  );
  const nothing = { name: "snowflake", compared: [], tables: [] };
  expect(verifySummary({ ...RESULT, warehouse: nothing }, UNSTYLED)).toContain(
    "compared with snowflake: nothing to compare\n",
  );
});
