import { expect, test } from "vitest";
import type { Manifest } from "../manifest/manifest.ts";
import { checkLineText, checkSummary, planSummary, runSummary } from "./summary.ts";

const WINDOW = { field: "updated_at", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" } as const;
const FILE = {
  key: "Tag/a.csv",
  rows: 1200,
  bytes: 1,
  sha256: "00",
  min_watermark: null,
  max_watermark: null,
  export_id: null,
};
const MANIFEST: Manifest = {
  format_version: 1,
  run_id: "r1",
  business_unit: "0Uv000000000001AAA",
  started_at: "2026-02-01T00:00:00Z",
  finished_at: "2026-02-01T00:01:05Z",
  status: "partial",
  time_zone: "UTC",
  now: "2026-02-01T00:00:00Z",
  api_calls: { total: 9, by_kind: { "tag query": 9 } },
  objects: [
    {
      object: "Tag",
      table: "PARDOT_TAG",
      process: "segmented",
      api_version: "4",
      status: "complete",
      error: null,
      windows: [WINDOW],
      files: [FILE],
      open_windows: [],
      drift: { appeared: [], vanished: [] },
      refused_fields: [],
      incomplete_rows: 0,
    },
    {
      object: "Account",
      table: "PARDOT_ACCOUNT",
      process: "read",
      api_version: "4",
      status: "failed",
      error: { code: "remote.x", message: "read account: refused", hint: "ask again", exit_code: 5 },
      windows: [],
      files: [],
      open_windows: [WINDOW],
      drift: { appeared: [], vanished: [] },
      refused_fields: [],
      incomplete_rows: 0,
    },
  ],
  warnings: [{ code: "clock.own", object: null, message: "own clock" }],
};

test("a run's summary has totals, each object, failures and hints, and the manifest's location", () => {
  const result = { manifest: MANIFEST, manifestKey: "_pardot_etl/runs/r1/manifest.json", error: null, exitCode: 5 };
  const loaded = [{ object: "Tag", table: "PARDOT_TAG", rows: 3400 }];
  expect(runSummary({ ...result, loaded, notLoaded: [] }, "s3://acme/x")).toBe(
    [
      "run r1 partial: 1,200 rows, 1 file, 9 calls in 1 min 05 s",
      "OBJECT   STATUS    WINDOWS  FILES   ROWS  IN TABLE",
      "Tag      complete        1      1  1,200     3,400",
      "Account  failed          0      0      0         -",
      "Account failed: read account: refused",
      "  hint: ask again",
      "Account: 1 window left for the next run",
      "warning: own clock",
      "manifest: s3://acme/x/_pardot_etl/runs/r1/manifest.json",
      "",
    ].join("\n"),
  );
  expect(runSummary({ ...result, loaded: [], notLoaded: [] }, "data")).not.toContain("IN TABLE");
});

test("a run's summary names postponed objects once for each reason, and counts the records set aside", () => {
  const [tag, account] = MANIFEST.objects;
  if (tag === undefined || account === undefined) throw new Error("the manifest has two objects");
  const error = {
    code: "limit.call-budget",
    message: "call Pardot: 9 of 9 calls are used",
    hint: "Wait.",
    exit_code: 4,
  };
  const cut = (object: string): typeof tag => ({ ...account, object, status: "postponed", error });
  const objects = [{ ...tag, rejected_rows: 3 }, cut("Visitor"), cut("Prospect")];
  const result = { manifestKey: "k", loaded: [], notLoaded: [], error: null, exitCode: 4 };
  const lines = runSummary({ ...result, manifest: { ...MANIFEST, warnings: [], objects } }, "data").split("\n");
  expect(lines.slice(lines.findIndex((line) => line.startsWith("Prospect")) + 1)).toEqual([
    "Tag: 3 records set aside in data/_pardot_etl/rejects/r1/Tag.jsonl",
    "2 objects wait for the next run: Visitor, Prospect",
    "  call Pardot: 9 of 9 calls are used",
    "  hint: Wait.",
    "manifest: data/k",
    "",
  ]);
});

test("a plan's summary has windows, reasons, calls and their share", () => {
  const object = {
    object: "Tag",
    table: "PARDOT_TAG",
    process: "segmented",
    reason: "newest record less 1d",
    windows: [{ ...WINDOW, state: "new" }],
    records: null,
    expectedCalls: 25,
    unknownCalls: null,
    error: { code: "remote.x", message: "count tags: refused", hint: "ask again", exitCode: 5 },
  } as const;
  const plan = {
    now: "2026-02-01T00:00:00Z",
    timeZone: "UTC",
    objects: [object],
    expectedCalls: 25,
    exportsSeen: 0,
    callsSpent: 2,
    quota: { used: 1000, max: 50_000 },
    ownCallsToday: 7,
    callBudget: 100,
  };
  expect(planSummary(plan)).toBe(
    [
      "OBJECT  PROCESS    WINDOWS  FROM                  TO                    RECORDS  CALLS  WHY",
      "Tag     segmented  1        2026-01-01T00:00:00Z  2026-02-01T00:00:00Z  ?        25     newest record less 1d",
      "Tag cannot run: count tags: refused",
      "  hint: ask again",
      "expected: about 25 calls; 0.1 % of the day's 50,000, of which 1,000 are used; 25.0 % of the budget of 100",
      "this tool's calls today: 7, including 2 for this plan",
      "",
    ].join("\n"),
  );
  expect(planSummary({ ...plan, quota: null, callBudget: null })).toContain(
    "expected: about 25 calls; the API does not report the day's quota\n",
  );
  expect(planSummary({ ...plan, callBudget: 31 })).toContain("exceeds the rest of today's budget");
});

test("a plan's summary names what it cannot know: calls of emails, and files of exports before the first run", () => {
  const bulk = {
    object: "VisitorActivity",
    table: "PARDOT_VISITORACTIVITY",
    process: "bulk",
    reason: "no watermark yet",
    windows: [{ ...WINDOW, state: "new" }],
    records: 1000,
    expectedCalls: 12,
    unknownCalls: null,
    error: null,
  } as const;
  const email = { ...bulk, object: "Email", process: "email", records: null, expectedCalls: 0 } as const;
  const plan = {
    now: "2026-02-01T00:00:00Z",
    timeZone: "UTC",
    objects: [bulk, { ...email, unknownCalls: "one for each list email" }],
    expectedCalls: 13,
    exportsSeen: 0,
    callsSpent: 2,
    quota: null,
    ownCallsToday: 0,
    callBudget: null,
  };
  const text = planSummary(plan);
  expect(text).toMatch(/Email .* \?        0 \+ \?  no watermark yet\n/);
  expect(text).toContain("in addition, for Email: one for each list email\n");
  const both = [email, { ...email, object: "EmailStats" }].map((each) => ({ ...each, unknownCalls: "one each" }));
  expect(planSummary({ ...plan, objects: both })).toContain("in addition, for Email, EmailStats: one each\n");
  expect(text).toContain("until a run has committed exports, their duration");
  expect(planSummary({ ...plan, exportsSeen: 3 })).not.toContain("guess");
});

test("a check's summary has each line followed by what to do", () => {
  const lines = [
    { name: "credentials", status: "ok", message: "accepted", hint: null, exitCode: 0 },
    { name: "destination", status: "failed", message: "no such bucket", hint: "make it", exitCode: 7 },
  ] as const;
  expect(lines.map(checkLineText).join("")).toBe(
    "ok       credentials    accepted\nfailed   destination    no such bucket\n         hint: make it\n",
  );
  expect(checkSummary({ lines, exitCode: 7 })).toBe("1 ok, 1 failed: not ready to run\n");
  expect(checkSummary({ lines: lines.slice(0, 1), exitCode: 0 })).toBe("1 ok: ready to run\n");
});
