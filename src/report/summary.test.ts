import { expect, test } from "vitest";
import { checkLineText, checkSummary, planSummary } from "./summary.ts";

const WINDOW = { field: "updated_at", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" } as const;
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
