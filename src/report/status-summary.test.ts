import { expect, test } from "vitest";
import type { StatusObject, StatusResult, StatusRun } from "../operations/api.ts";
import { styleFor, withoutColors } from "./style.ts";
import { statusSummary } from "./status-summary.ts";

const NOW = Date.parse("2026-03-20T09:30:00Z");

const RUN: StatusRun = {
  runId: "20260320T053252Z-f1173f",
  startedAt: "2026-03-20T05:32:52.000Z",
  finishedAt: "2026-03-20T05:45:00.000Z",
  status: "complete",
  exitCode: 0,
  code: null,
  reason: null,
  hint: null,
  rows: 20_123_594,
  files: 1234,
  calls: 49_203,
};
const DIED: StatusRun = {
  ...RUN,
  runId: "20260320T073252Z-f1173f",
  startedAt: "2026-03-20T07:32:52.000Z",
  finishedAt: null,
  status: "died",
  exitCode: null,
  code: "run.died",
  reason:
    "the run's process ended before it could commit, without reporting an error: it was killed, or ran out of memory",
  hint: "Run again: the next run takes over and continues from there.",
};
const WINDOW = { field: "updated_at", from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" } as const;
const OBJECT: StatusObject = {
  object: "ListMembershipDeleted",
  watermark: "2026-03-20 05:29:59",
  zone: "America/New_York",
  files: 2,
  rows: 20_000_000,
  coverage: [{ from: "1900-01-01T00:00:00Z", to: "2026-03-20T09:30:22Z" }],
  gaps: [],
  openWindows: [],
  notLoaded: 0,
  expired: 0,
};
const STATUS: StatusResult = {
  destination: "s3://acme-lake/pardot",
  businessUnitName: null,
  businessUnit: "0Uv000000000001AAA",
  pardotNow: "2026-03-20T11:30:00Z",
  healthy: true,
  problems: [],
  lastSuccess: { runId: RUN.runId, at: "2026-03-20T05:45:00.000Z", ageSeconds: 13_500 },
  runs: [RUN],
  objects: [OBJECT],
  gaps: [],
  warnings: [],
  exports: [],
  callsToday: 231,
  quota: {
    day: "2026-03-20",
    timeZone: "America/New_York",
    calls: 231,
    budget: null,
    share: 0.8,
    used: null,
    max: null,
  },
  exitCode: 0,
};

test("a healthy destination has its last success and age first, and fits 80 columns", () => {
  const text = statusSummary(STATUS, 10, NOW);
  expect(text).toBe(
    [
      "HEALTHY",
      "last success   2026-03-20 05:45Z (3 h ago), run 20260320T053252Z-f1173f",
      "business unit  0Uv000000000001AAA",
      "destination    s3://acme-lake/pardot",
      "calls today    231 on 2026-03-20 (America/New_York)",
      "",
      "RUN                      STARTED (UTC)  RESULT          ROWS   CALLS    TOOK",
      "20260320T053252Z-f1173f  today 05:32    complete  20,123,594  49,203  12 min",
      "",
      "OBJECT                 WATERMARK         READ TO (UTC)     AGE   ROWS READ",
      "ListMembershipDeleted  2026-03-20 05:29  2026-03-20 09:30  1 h  20,000,000",
      "WATERMARK is local time of America/New_York.",
      "",
    ].join("\n"),
  );
});

test("an unhealthy destination shows why, each run's error, what to do, and the open windows", () => {
  const text = statusSummary(
    {
      ...STATUS,
      healthy: false,
      problems: [`the last run died: ${String(DIED.reason)}`],
      lastSuccess: null,
      runs: [{ ...RUN, runId: "20260101T000000Z-000000" }, RUN, DIED],
      objects: [
        {
          ...OBJECT,
          object: "Tag",
          coverage: [
            { from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z" },
            { from: "2026-01-03T00:00:00Z", to: "2026-01-04T00:00:00Z" },
          ],
          gaps: [{ from: "2026-01-02T00:00:00Z", to: "2026-01-03T00:00:00Z" }],
          openWindows: [
            { ...WINDOW, exportId: "77", exportExpired: false, filesLanded: 1 },
            { ...WINDOW, exportId: null, exportExpired: false, filesLanded: 2 },
          ],
          notLoaded: 1,
          expired: 2,
        },
      ],
      exports: [
        {
          object: "Visitor",
          exportId: "77",
          requestedAt: "2026-03-20T09:00:00Z",
          ageSeconds: 1800,
          state: "in progress",
          ...WINDOW,
        },
      ],
      quota: { ...STATUS.quota, budget: 1000, used: 40_000, max: 50_000 },
    },
    2,
    NOW,
  );
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
  expect(text.startsWith("NOT HEALTHY\n  - the last run died: the run's process ended")).toBe(true);
  expect(text).not.toContain("20260101T000000Z");
  const flat = text.replaceAll(/\s+/g, " ");
  for (const part of [
    "last success none yet",
    "20260320T073252Z-f1173f: the run's process ended before it could commit, without reporting an error",
    "hint: Run again: the next run takes over",
    "231 of a budget of 1,000 (23.1 %) on 2026-03-20 (America/New_York); by all integrations 40,000 of the account's 50,000 (80 %) when last seen, runs stop at 80 %",
    "Tag: covered from 2026-01-01 00:00Z on, not from the beginning",
    "Tag: gap from 2026-01-02 00:00Z to 2026-01-03 00:00Z",
    "Tag: 2 windows left for the next run, 2025-01-01 00:00Z to 2026-01-01 00:00Z, 3 files landed",
    "Tag: 1 committed file not loaded into the warehouse",
    "Tag: 2 files expired, older than PARDOT_ETL_RETENTION",
    "Visitor: export 77 in progress at Pardot, requested 2026-03-20 09:00Z, 30 min ago",
  ]) {
    expect(flat).toContain(part);
  }
});

test("a run's hint follows its reason, for the newest run only", () => {
  const old: StatusRun = { ...DIED, runId: "20260319T073252Z-f1173f", reason: "the disk is full", hint: "Free some." };
  const flat = (runs: readonly StatusRun[]): string =>
    statusSummary({ ...STATUS, runs }, 10, NOW).replaceAll(/\s+/g, " ");
  expect(flat([old, DIED])).toContain("continues from there. 20260319T073252Z-f1173f: the disk is full");
  expect(flat([old, DIED])).not.toContain("Free some.");
  expect(flat([old, RUN])).toContain("the disk is full");
  expect(flat([old, RUN])).not.toContain("hint");
});

test("status shows the warnings of the newest ended run, even if it is healthy", () => {
  const warnings = [
    { code: "export.columns-missing", objects: ["Visitor", "Prospect"], message: "export 7 lacks x", count: 3 },
    { code: "clock.off", objects: [], message: "this machine's clock is ahead", count: 1 },
  ];
  const text = statusSummary({ ...STATUS, warnings }, 10, NOW);
  expect(text.startsWith("HEALTHY\n")).toBe(true);
  expect(text).toContain(
    [
      "",
      "Warnings of the last ended run",
      "  - Visitor, Prospect: export 7 lacks x (export.columns-missing, and 2 more",
      "    warnings of this code)",
      "  - this machine's clock is ahead (clock.off)",
      "",
      "OBJECT",
    ].join("\n"),
  );
});

test("a destination without any run is reported as such", () => {
  const nothing = {
    ...STATUS,
    healthy: false,
    problems: ["no run yet"],
    businessUnit: null,
    lastSuccess: null,
  };
  expect(statusSummary({ ...nothing, runs: [], objects: [] }, 10, NOW)).toContain("NOT HEALTHY\n  - no run yet\n");
});

test("a run is named by the day it started on, and its exit code follows its reason", () => {
  const yesterday = { ...RUN, startedAt: "2026-03-19T23:59:00.000Z" };
  const older = { ...RUN, startedAt: "2026-03-18T05:00:00.000Z", exitCode: 5, code: "remote.x", reason: "refused" };
  const text = statusSummary({ ...STATUS, runs: [older, yesterday] }, 10, NOW);
  expect(text).toMatch(/f1173f {2}yesterday 23:59 .*\n.*f1173f {2}2026-03-18 05:00 /);
  expect(text).toContain("refused (remote.x, exit 5)");
});

test("colors change nothing in the text of status", () => {
  const runs = [RUN, DIED];
  const colored = statusSummary({ ...STATUS, runs }, 10, NOW, styleFor({ hasColors: true }));
  expect(withoutColors(colored)).toBe(statusSummary({ ...STATUS, runs }, 10, NOW));
  expect(colored).toContain("\u001B[31mdied\u001B[39m");
});
