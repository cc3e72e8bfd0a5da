import { afterEach, describe, expect, it } from "vitest";
import type { PlanResult, RunOptions } from "../../src/operations/api.ts";
import { plan } from "../../src/operations/plan/plan.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { callCli } from "../kit/cli.ts";
import { filesBelow, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Compares a plan's estimate with the calls of the run, for all core objects.

const opened = scenesUntil(afterEach);

async function start(...[options, env]: Parameters<typeof opened>): Promise<Scene> {
  return opened(options, { PARDOT_ETL_OBJECTS: "core", ...env });
}

async function planOf(at: Scene, options: RunOptions = {}, env: Environment = {}): Promise<PlanResult> {
  const config = await at.config(env);
  const signal = new AbortController().signal;
  return withRuntime({ signal, onEvent: () => undefined, pardot: config.pardot }, (surroundings) =>
    plan(config, options, { ...surroundings, clock: fakeClock(at.simulator.now().getTime()) }),
  );
}

interface Compared {
  readonly planned: PlanResult;
  /** Calls of the run that the plan could predict. */
  readonly spent: number;
  readonly emails: number;
}

/** Plans, runs, and omits the emails that the plan reports as unknown. */
async function compare(at: Scene, options: RunOptions = {}): Promise<Compared> {
  const before = at.simulator.stats().calls;
  const planned = await planOf(at, options);
  expect(planned.callsSpent).toBe(at.simulator.stats().calls - before);
  const { manifest, error } = await at.run({ options });
  expect(error).toBeNull();
  const { total, by_kind: kinds } = manifest.api_calls;
  const emails = kinds["email read"] ?? 0;
  const isUnknown = planned.objects.some(({ unknownCalls }) => unknownCalls !== null);
  return { planned, spent: isUnknown ? total - emails : total, emails };
}

/** Within 20 %; in an account of a few calls, within two. */
function expectClose({ planned, spent }: Compared): void {
  expect(Math.abs(planned.expectedCalls - spent)).toBeLessThanOrEqual(Math.max(2, spent * 0.2));
}

describe.each([
  ["small", 2],
  ["medium", 1],
] as const)("a plan at scale %s", (scale, days) => {
  it(
    "predicts the calls that the run then makes, on the first load and day by day",
    async () => {
      const at = await start({ scale });
      const first = await compare(at);
      expectClose(first);
      // One call per object, and two more for the fields of prospects.
      expect(first.planned.callsSpent).toBeLessThanOrEqual(first.planned.objects.length + 2);
      const email = first.planned.objects.find(({ object }) => object === "Email");
      expect(email).toMatchObject({ records: null, expectedCalls: 0 });
      expect(email?.unknownCalls).toContain("one call for each list email");
      expect(first.emails).toBeGreaterThan(0);
      expect(first.planned.exportsSeen).toBe(0);
      for (let day = 1; day <= days; day += 1) {
        at.simulator.advance(1);
        const next = await compare(at);
        expectClose(next);
        // The fields of prospects and of their accounts are known by now.
        expect(next.planned.callsSpent).toBe(first.planned.callsSpent - 3);
        expect(next.planned.exportsSeen).toBeGreaterThan(0);
        // From the first day on, the plan knows the number of emails for each activity.
        expect(next.planned.objects.every(({ unknownCalls }) => unknownCalls === null)).toBe(true);
      }
    },
    scale === "medium" ? 240_000 : 60_000,
  );
});

describe("a plan", () => {
  it("counts the visitors whose ids v4 needs to list visits", async () => {
    const at = await start({ scale: "tiny" }, { PARDOT_API_VERSION: "4", PARDOT_ETL_OBJECTS: "Visit" });
    const compared = await compare(at);
    expect(compared.planned.objects).toMatchObject([
      { records: null, unknownCalls: "the calls where 200 visitors have more than a page of records" },
    ]);
    expectClose(compared);
  });

  it("expects every call of API v5 where the records fit a page, the account's included", async () => {
    const at = await start(
      { scale: "tiny" },
      { PARDOT_API_VERSION: "5", PARDOT_ETL_OBJECTS: "Account,Campaign,Visit" },
    );
    const before = at.simulator.stats().calls;
    const planned = await planOf(at);
    const spent = planned.callsSpent;
    expect(spent).toBe(at.simulator.stats().calls - before);
    const { manifest } = await at.run();
    expect(planned.expectedCalls).toBe(manifest.api_calls.total);
  });

  it("counts the records of every object that the run then lands", async () => {
    const at = await start({ scale: "tiny", knobs: { clock: "frozen" } });
    const { objects } = await planOf(at);
    const { manifest } = await at.run();
    const landed = manifest.objects.map(({ object, files }) => [
      object,
      files.reduce((sum, { rows }) => sum + rows, 0),
    ]);
    const wanted = Object.fromEntries(landed) as Record<string, number>;
    const counted = Object.fromEntries(objects.map(({ object, records }) => [object, records ?? wanted[object]]));
    expect(counted).toEqual(wanted);
  });

  it("expects every single call of a first load where an export has one file, lookups included", async () => {
    const rows = { VisitorActivity: 90, ListMembership: 80, Visitor: 70, Prospect: 60, ProspectAccount: 0, Tag: 200 };
    const at = await start({ rows, knobs: { filesPerExport: 1 } });
    const first = await compare(at);
    expect(first.planned.expectedCalls).toBe(first.spent);
    at.simulator.advance(1);
    expectClose(await compare(at));
  });

  it("learns from the waits of earlier runs: polls of incomplete exports", async () => {
    const at = await start({ knobs: { exportPolls: 2 } }, { PARDOT_ETL_OBJECTS: "VisitorActivity,Visitor" });
    await at.run();
    for (let day = 0; day < 2; day += 1) {
      at.simulator.advance(1);
      const { planned, spent } = await compare(at);
      if (day === 0) continue;
      expect(planned.expectedCalls).toBe(spent);
    }
  });

  it("expects only the remaining reads and downloads of an export that a killed run left", async () => {
    const at = await start({ knobs: { clock: "frozen" } }, { PARDOT_ETL_OBJECTS: "VisitorActivity" });
    const killing = new AbortController();
    const killed = at.run({
      env: { PARDOT_ETL_STOP_GRACE: "0s" },
      signal: killing.signal,
      onEvent: (event) => {
        if (event.type === "export-polled") killing.abort(new Error("killed"));
      },
    });
    await killed.catch((error: unknown) => error);
    const created = at.simulator.stats().byKind["export create"] ?? 0;
    expect(created).toBeGreaterThan(0);
    const { planned, spent } = await compare(at);
    expect(planned.objects[0]?.windows.map(({ state }) => state)).toContain("open");
    expect(at.simulator.stats().byKind["export create"]).toBeLessThanOrEqual(created + 1);
    expectClose({ planned, spent, emails: 0 });
  });

  it("of a full load covers all history", async () => {
    const at = await start({ scale: "tiny" });
    await at.run();
    const compared = await compare(at, { full: true });
    expect(compared.planned.expectedCalls).toBeGreaterThan(40);
    // Emails are read again, which the plan knows.
    expect(compared.emails).toBeGreaterThan(0);
    expectClose(compared);
  });

  it("writes only a note of its calls", async () => {
    const at = await start({ scale: "tiny" });
    await planOf(at);
    expect(await filesBelow(at.data)).toEqual([
      expect.stringMatching(/^_pardot_etl\/state\/calls\/[^/]+\/[^/]+\.json$/),
    ]);
  });

  it("ends with exit 4 when the budget is used up", async () => {
    const at = await start({ scale: "tiny" });
    const result = await callCli(["plan", "--json"], { ...at.env, PARDOT_DAILY_CALL_BUDGET: "10" }, { cwd: at.root });
    expect(result.code).toBe(4);
    expect(at.simulator.stats().calls).toBe(10);
  });
});

describe("the command line", () => {
  it("plans and runs with the same total, and shows the shares of quota and budget", async () => {
    const at = await start({ scale: "tiny" }, { PARDOT_DAILY_CALL_BUDGET: "500" });
    const cli = { cwd: at.root };
    const planned = await callCli(["plan", "--json"], at.env, cli);
    expect(planned.code).toBe(0);
    const result = JSON.parse(planned.stdout) as Readonly<Record<string, unknown>>;
    const text = await callCli(["plan"], at.env, cli);
    expect(text.stdout).toMatch(
      /expected: at least \d+ calls, 1\d\.\d % of the budget of 500, 0\.\d % of the day's 50,000 \(used so far by all integrations: \d+\)\n/,
    );
    expect(text.stdout).toContain("in addition, for Email: one call for each list email");
    const ran = await callCli(["run", "--json", "--no-progress"], at.env, cli);
    expect(ran.code).toBe(0);
    const { api_calls: calls } = JSON.parse(ran.stdout) as {
      readonly api_calls: { readonly total: number; readonly by_kind: Readonly<Record<string, number>> };
    };
    const early = (calls.by_kind["export read"] ?? 0) - (calls.by_kind["export create"] ?? 0);
    const spent = calls.total - (calls.by_kind["email read"] ?? 0) - early;
    expect(Math.abs(Number(result["expected_calls"]) - spent)).toBeLessThanOrEqual(Math.max(2, spent * 0.05));
    expect(result).toMatchObject({ call_budget: 500, exports_seen: 0 });
  });
});
