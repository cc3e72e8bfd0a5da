import { expect, test } from "vitest";
import type { VerifyResult } from "../operations/api.ts";
import { verifySummary } from "./summary.ts";

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
  problems: [],
  exitCode: 0,
};
const MISSING = { key: "Tag/a.csv", problem: "it is missing", hint: "Restore it." };

test("shows the proven files, and those that no longer count", () => {
  const line = "verified 73 files, 36,393 rows and 4,809,124 bytes of 5 runs in s3://acme/x";
  expect(verifySummary(RESULT)).toBe(`${line}: all as committed\n`);
  expect(verifySummary({ ...RESULT, expired: 1, superseded: 2, accepted: 3 })).toBe(
    `${line} (not counted: 1 expired (PARDOT_ETL_RETENTION), 2 superseded by --full, 3 written off (--accept)): all as committed\n`,
  );
});

test("shows what to do about each problem, and uses the singular for one", () => {
  const text = verifySummary({ ...RESULT, files: 1, runs: 1, problems: [MISSING], exitCode: 6 });
  expect(text).toBe(
    "verified 1 file, 36,393 rows and 4,809,124 bytes of 1 run in s3://acme/x: 1 problem\n  Tag/a.csv: it is missing\n    hint: Restore it.\n",
  );
  const many = Array.from({ length: 60 }, (_n, i) => ({ ...MISSING, key: `Tag/${i}.csv` }));
  const lines = verifySummary({ ...RESULT, problems: many }).split("\n");
  expect(lines[0]).toMatch(/: 60 problems$/);
  expect(lines.at(-2)).toBe("  and 10 more (--json has all)");
});

test("lists exactly what was compared in the warehouse", () => {
  const warehouse = { name: "duckdb:x", compared: ["42 files and 1,204 rows of PARDOT_TAG"] };
  expect(verifySummary({ ...RESULT, filesRead: false, warehouse })).toBe(
    "compared with duckdb:x:\n  42 files and 1,204 rows of PARDOT_TAG\nno problems\n",
  );
  expect(verifySummary({ ...RESULT, warehouse: { name: "snowflake", compared: [] } })).toContain(
    "nothing to compare in snowflake\n",
  );
});
