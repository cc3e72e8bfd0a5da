import { expect, test } from "vitest";
import { planSummary } from "./plan-summary.ts";
import { UNSTYLED } from "./text-table.ts";

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
    expectedDurationMs: 45_000,
    exportsSeen: 0,
    callsSpent: 2,
    quota: { used: 1000, max: 50_000 },
    ownCallsToday: 7,
    callBudget: 100,
  };
  expect(planSummary(plan, UNSTYLED)).toBe(
    [
      "A run would read up to 2026-02-01 00:00 UTC.",
      "OBJECT  PROCESS    WINDOWS  RECORDS  CALLS  FROM (UTC)",
      "Tag     segmented        1        ?     25  2026-01-01 00:00",
      "Tag cannot run: count tags: refused",
      "  hint: ask again",
      "expected: about 25 calls, 25.0 % of the budget of 100, 0.1 % of the day's 50,000 (used so far by all integrations: 1,000)",
      "duration: about 45 s, by the calls and the time of the last complete run",
      "this tool's calls today: 7, including 2 for this plan",
      "",
    ].join("\n"),
  );
  expect(planSummary({ ...plan, quota: null, callBudget: null }, UNSTYLED)).toContain(
    "expected: about 25 calls; the API does not report the day's quota\n",
  );
  expect(planSummary({ ...plan, callBudget: 31 }, UNSTYLED)).toContain("exceeds the rest of today's budget");
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
    expectedDurationMs: null,
    exportsSeen: 0,
    callsSpent: 2,
    quota: null,
    ownCallsToday: 0,
    callBudget: null,
  };
  const text = planSummary(plan, UNSTYLED);
  expect(text).toMatch(/Email +email +1 +\? +0 \+ \? +2026-01-01 00:00\n/);
  expect(text).toContain("in addition, for Email: one for each list email\n");
  const both = [email, { ...email, object: "EmailStats" }].map((each) => ({ ...each, unknownCalls: "one each" }));
  expect(planSummary({ ...plan, objects: both }, UNSTYLED)).toContain("in addition, for Email, EmailStats: one each\n");
  expect(text).toContain("until a run has committed exports, their duration");
  expect(planSummary({ ...plan, exportsSeen: 3 }, UNSTYLED)).not.toContain("guess");
});

test("common bounds and reasons appear once, and a plan of all core objects fits 80 columns", () => {
  const objects = ["VisitorActivity", "ListMembership", "ProspectAccount"].map((object, index) => ({
    object,
    table: `PARDOT_${object.toUpperCase()}`,
    process: "bulk" as const,
    reason: `MAX(updated_at) of PARDOT_${object.toUpperCase()} 2026-01-01 09:29:5${index} minus the overlap`,
    windows: [{ ...WINDOW, state: "new" as const }],
    records: 1000,
    expectedCalls: 12,
    unknownCalls: null,
    error: null,
  }));
  const campaign = {
    ...(objects[0] as (typeof objects)[number]),
    object: "Campaign",
    reason: "no watermark: read in full",
    windows: [{ ...WINDOW, field: null, from: "1900-01-01T00:00:00Z", state: "new" as const }],
  };
  const plan = {
    now: "2026-02-01T00:00:00Z",
    timeZone: "UTC",
    objects: [...objects, campaign],
    expectedCalls: 36,
    expectedDurationMs: 200,
    exportsSeen: 3,
    callsSpent: 2,
    quota: { used: 1000, max: 50_000 },
    ownCallsToday: 7,
    callBudget: null,
  };
  const text = planSummary(plan, { ...UNSTYLED, columns: 80 });
  expect(text.split("\n").filter((line) => line.length >= 80)).toEqual([]);
  expect(text.split("up to 2026-02-01 00:00 UTC")).toHaveLength(2);
  expect(text).toMatch(/^Campaign .* the beginning$/m);
  expect(text.replaceAll(/\s+/g, " ")).toContain(
    "start of VisitorActivity, ListMembership, ProspectAccount: MAX(updated_at) of the table minus the overlap",
  );
  expect(text).toContain("duration: about 1 s");
  const later = { ...campaign, windows: [{ ...WINDOW, to: "2026-01-15T00:00:00Z", state: "new" as const }] };
  expect(planSummary({ ...plan, objects: [...objects, later] }, UNSTYLED)).toMatch(/TO \(UTC\)\n.*2026-02-01 00:00\n/);
});
