import { describe, expect, test } from "vitest";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { EXIT_CODES } from "../report/exit-codes.ts";
import { notificationOf } from "./notification.ts";

const MANIFEST = "s3://lake/pardot/_pardot_etl/runs/r1/manifest.json";
const DONE: RunOutcome = {
  runId: "r1",
  businessUnit: "0Uv000000000001AAA",
  unitName: null,
  history: null,
  died: [],
  isWhole: true,
  status: "complete",
  exitCode: 0,
  startedAt: 0,
  durationMs: 725_000,
  rows: 12_345,
  files: 40,
  bytes: 1_000_000,
  calls: 53,
  day: { callsToday: 153, callsBudget: 5000, quotaUsed: null, quotaMax: null, quotaShare: 0.0306 },
  objects: 14,
  failed: [],
  postponed: [],
  rejectedRows: 0,
  openWindows: 0,
  warnings: [],
  manifest: MANIFEST,
  error: null,
  cause: null,
  result: null,
};
const NOT_BEGUN: RunOutcome = {
  ...DONE,
  runId: null,
  status: "failed",
  rows: 0,
  files: 0,
  calls: 0,
  day: null,
  manifest: null,
};
const failure = (object: string): RunOutcome["failed"][number] => ({
  object,
  message: `read ${object} page 12: 503 after 6 attempts`,
  hint: "Run again.",
});

const linesOf = (outcome: RunOutcome): readonly string[] => notificationOf(outcome).text.trimEnd().split("\n");

describe("the text", () => {
  test("of a run that set records aside counts them", () => {
    expect(linesOf({ ...DONE, rejectedRows: 3 })[2]).toBe("12,345 rows, 40 files, 53 calls, 3 records set aside");
  });

  test("of a run that is done has numbers and the manifest", () => {
    expect(linesOf(DONE)).toEqual([
      "pardot-etl: finished (exit 0)",
      "business unit 0Uv000000000001AAA, run r1, 12 min 05 s",
      "12,345 rows, 40 files, 53 calls",
      "calls today: 153 of a budget of 5,000",
      `manifest: ${MANIFEST}`,
    ]);
  });

  test("G2 of a run that is done in part names each failed object, its reason, and what is left", () => {
    const error = { code: "pardot.x", message: failure("Tag").message, hint: "Run again tomorrow." };
    const failed = [failure("Tag"), failure("List")];
    expect(
      linesOf({ ...DONE, status: "partial", exitCode: 5, failed, error, openWindows: 2, warnings: ["slow"] }),
    ).toEqual([
      "pardot-etl: finished in part: failed at Pardot or on the network (exit 5)",
      "business unit 0Uv000000000001AAA, run r1, 12 min 05 s",
      "12,345 rows, 40 files, 53 calls",
      "calls today: 153 of a budget of 5,000",
      "Tag failed: read Tag page 12: 503 after 6 attempts",
      "List failed: read List page 12: 503 after 6 attempts",
      "2 windows left for the next run",
      "warning: slow",
      "What to do: Run again tomorrow.",
      `manifest: ${MANIFEST}`,
    ]);
  });

  test("of a run that spent its quota reports that, and the use of the account's quota", () => {
    const error = {
      code: "limit.call-budget",
      message: "call Pardot: 4000 of 5000 calls are used",
      hint: "Run again after T.",
    };
    const postponed = [
      { objects: ["Tag", "List"], message: error.message, hint: error.hint },
      { objects: ["Email"], message: "read Email: VisitorActivity is failed", hint: null },
    ];
    const day = { callsToday: 900, callsBudget: null, quotaUsed: 4000, quotaMax: 5000, quotaShare: 1 };
    expect(linesOf({ ...DONE, status: "failed", exitCode: 4, postponed, error, day })).toEqual([
      "pardot-etl: quota reached (exit 4)",
      "business unit 0Uv000000000001AAA, run r1, 12 min 05 s",
      "12,345 rows, 40 files, 53 calls",
      "calls today: 900; 4,000 of the account's 5,000, by all integrations together",
      "reason: call Pardot: 4000 of 5000 calls are used",
      "2 objects wait for the next run: Tag, List",
      "1 object waits for the next run: Email: read Email: VisitorActivity is failed",
      "What to do: Run again after T.",
      `manifest: ${MANIFEST}`,
    ]);
  });

  test("of a run that was stopped has the reason next to the objects", () => {
    const error = { code: "run.cancelled", message: "stopped by SIGTERM", hint: null };
    const lines = linesOf({ ...DONE, status: "partial", exitCode: 130, failed: [failure("Tag")], error });
    expect(lines[0]).toBe("pardot-etl: finished in part: stopped (exit 130)");
    expect(lines).toContain("reason: stopped by SIGTERM");
    expect(lines).toContain("Tag failed: read Tag page 12: 503 after 6 attempts");
  });

  test("of a run that could not begin has its reason and no run", () => {
    const error = { code: "lease.held", message: "take the lease:\n  another run holds it", hint: null };
    expect(linesOf({ ...NOT_BEGUN, exitCode: 8, error, durationMs: 900 })).toEqual([
      "pardot-etl: did not start: another run is in progress (exit 8)",
      "business unit 0Uv000000000001AAA, 0 s",
      "0 rows, 0 files, 0 calls",
      "reason: take the lease: another run holds it",
      "What to do: Wait for the other run. If this happens daily, runs take longer than the interval between them.",
    ]);
  });

  test("is short whatever failed", () => {
    const failed = Array.from({ length: 30 }, (_, i) => ({ ...failure(`Object${i}`), message: "x".repeat(5000) }));
    const warnings = Array.from({ length: 30 }, () => "y".repeat(5000));
    const { text } = notificationOf({ ...DONE, status: "failed", exitCode: 5, failed, warnings });
    expect(text.length).toBeLessThan(6000);
    expect(text).toContain("and 25 more: Object5, Object6");
    expect(text).toContain("and 25 more warnings");
  });
});

describe("the subject", () => {
  test.each(EXIT_CODES.map(({ code }) => code))(
    "of exit code %d is ASCII of at most 100 characters with the code at its end",
    (exitCode) => {
      for (const status of ["complete", "partial", "failed"] as const) {
        const { subject } = notificationOf({ ...DONE, exitCode, status });
        expect(subject).toMatch(/^pardot-etl: [ -~]{1,88}$/);
        expect(subject).toMatch(new RegExp(`exit ${exitCode}$`));
      }
    },
  );

  test("has the name of the business unit if it can be read there, else its id", () => {
    const subjectFor = (unitName: string): string => notificationOf({ ...DONE, unitName }).subject;
    expect(subjectFor("Müller & Söhne")).toBe("pardot-etl: finished [Muller & Sohne], exit 0");
    expect(subjectFor("株式会社アクメ")).toBe("pardot-etl: finished [0Uv000000000001AAA], exit 0");
    expect(subjectFor("A".repeat(300))).toHaveLength(100);
    const failed = { ...DONE, exitCode: 6, status: "partial" as const, unitName: "A".repeat(300) };
    expect(notificationOf(failed).subject).toMatch(/ \[A{10,}\], exit 6$/);
  });

  test("counts the warnings of a run that is done, and only of such a run", () => {
    const warnings = ["slow", "new"];
    expect(notificationOf({ ...DONE, warnings }).subject).toMatch(/AAA\], 2 warnings, exit 0$/);
    expect(notificationOf({ ...DONE, exitCode: 5, warnings }).subject).toMatch(/AAA\], exit 5$/);
  });

  test("holds nothing that SNS refuses, wherever it came from", () => {
    const { subject } = notificationOf({ ...DONE, businessUnit: "0Uv\nü" });
    expect(subject).toBe("pardot-etl: finished [0Uv??], exit 0");
  });
});
