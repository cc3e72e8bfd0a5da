import { expect, test } from "vitest";
import { LimitError } from "../errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { RunResult } from "../operations/api.ts";
import { formatBytes } from "./progress-lines.ts";
import { runSummary } from "./run-summary.ts";
import type { SummaryOptions } from "./run-summary.ts";
import { styleFor, withoutColors } from "./style.ts";
import { UNSTYLED } from "./text-table.ts";

const WINDOW = { field: "updated_at", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" } as const;
const FILE = {
  key: "Tag/a.csv",
  rows: 1200,
  bytes: 3_400_000,
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

const RESULT: RunResult = {
  manifest: MANIFEST,
  manifestKey: "_pardot_etl/runs/r1/manifest.json",
  loaded: [],
  notLoaded: [],
  error: null,
  exitCode: 5,
};
const SHOWN: SummaryOptions = { destination: "s3://acme/x", durationMs: 65_000, warningsShown: false, look: UNSTYLED };

const summaryOf = (result: Partial<RunResult>, options: Partial<SummaryOptions> = {}): string =>
  runSummary({ ...RESULT, ...result }, { ...SHOWN, ...options });

test("a run's summary has what needs attention first, then each object, and the manifest's location last", () => {
  const loaded = [{ object: "Tag", table: "PARDOT_TAG", rows: 3400, added: 1150, changed: 20 }];
  expect(summaryOf({ loaded })).toBe(
    [
      "run r1 partial (exit 5: Pardot or network failed): 1,200 rows, 1 file (3.4 MB), 9 calls in 1 min 05 s",
      "Account failed: read account: refused",
      "  hint: ask again",
      "Account: 1 window left for the next run",
      "warning: own clock",
      "OBJECT   RESULT     READ    NEW  CHANGED  FILES  TABLE NOW",
      "Tag      complete  1,200  1,150       20      1      3,400",
      "Account  failed        0      -        -      0          -",
      "total              1,200  1,150       20      1      3,400",
      "manifest: s3://acme/x/_pardot_etl/runs/r1/manifest.json",
      "",
    ].join("\n"),
  );
});

test("columns that say nothing are left out, and warnings that are on the screen already", () => {
  const objects = MANIFEST.objects.slice(0, 1);
  const manifest = { ...MANIFEST, status: "complete", objects } as const;
  expect(summaryOf({ manifest, exitCode: 0 }, { warningsShown: true })).toBe(
    [
      "run r1 complete: 1,200 rows, 1 file (3.4 MB), 9 calls in 1 min 05 s",
      "OBJECT   READ  FILES",
      "Tag     1,200      1",
      "manifest: s3://acme/x/_pardot_etl/runs/r1/manifest.json",
      "",
    ].join("\n"),
  );
});

test("a run whose files could not be loaded is partial, and each reason appears once", () => {
  const error = new Error("load PARDOT_TAG: no disk");
  const objects = MANIFEST.objects.slice(0, 1);
  const manifest = { ...MANIFEST, status: "complete", objects } as const;
  const text = summaryOf({ manifest, exitCode: 7, error, notLoaded: [{ object: "Tag", error }] });
  expect(text).toMatch(/^run r1 partial \(exit 7: storage or warehouse failed\)/);
  expect(text.split("no disk")).toHaveLength(2);
});

test("postponed objects are named once for each reason, also if it is the run's own, and rejected records are counted", () => {
  const [tag, account] = MANIFEST.objects;
  if (tag === undefined || account === undefined) throw new Error("the manifest has two objects");
  const message = "call Pardot: 9 of 9 calls are used";
  const error = { code: "limit.call-budget", message, hint: "Wait.", exit_code: 4 };
  const cut = (object: string): typeof tag => ({ ...account, object, status: "postponed", error });
  const objects = [{ ...tag, rejected_rows: 3 }, cut("Visitor"), cut("Prospect")];
  const own = new LimitError(message, { code: "limit.call-budget", hint: "Wait." });
  const lines = summaryOf({ manifest: { ...MANIFEST, warnings: [], objects }, error: own, exitCode: 4 }).split("\n");
  expect(lines.slice(1, 5)).toEqual([
    "Tag: 3 records set aside in s3://acme/x/_pardot_etl/rejects/r1/Tag.jsonl",
    "2 objects wait for the next run: Visitor, Prospect",
    "  call Pardot: 9 of 9 calls are used",
    "  hint: Wait.",
  ]);
  expect(lines[5]).toMatch(/^OBJECT/);
});

test.each([
  [356_001, "357 kB"],
  [3_400_000, "3.4 MB"],
  [41_200_000, "41 MB"],
  [2_340_000_000, "2.3 GB"],
])("%i bytes are shown as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("many warnings are cut, because the manifest has them", () => {
  const warnings = Array.from({ length: 14 }, (_, i) => ({ code: "x", object: "Tag", message: `number ${i}` }));
  const text = summaryOf({ manifest: { ...MANIFEST, warnings } });
  expect(text).toContain("warning, Tag: number 9\nand 4 more warnings (the manifest has all)\n");
  expect(text).not.toContain("number 10");
});

test("on a terminal lines are wrapped at words and colored, and control characters are visible", () => {
  const [, account] = MANIFEST.objects;
  if (account === undefined) throw new Error("the manifest has two objects");
  const error = { code: "remote.x", message: `refused \u001B[2J ${"word ".repeat(30)}`, hint: null, exit_code: 5 };
  const objects = [{ ...account, error }];
  const look = { columns: 58, style: styleFor({ hasColors: true }) };
  const text = summaryOf({ manifest: { ...MANIFEST, objects } }, { look });
  const plain = withoutColors(text);
  expect(text).not.toBe(plain);
  expect(plain).toContain(String.raw`refused \u001b[2J word`);
  const wrapped = plain.split("\n").slice(0, -2);
  expect(wrapped.filter((line) => line.length >= 58)).toEqual([]);
  expect(plain).toContain("\n  word word");
});
