import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { LimitError } from "../../src/errors.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { callCli } from "../kit/cli.ts";
import { expectNothingWrong, filesBelow, expectTruth, OBJECTS, scenesUntil, wholeManifests } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Holds G4 (quota is respected) and G2 (work that a limit left undone stays in the state).

const start = scenesUntil(afterEach);

/** Calls of every committed run, by the manifests. */
async function callsInManifests(at: Scene): Promise<number> {
  return (await wholeManifests(at.data)).reduce((sum, manifest) => sum + manifest.api_calls.total, 0);
}

function refused(simulator: Simulator): number {
  return simulator.stats().requests.filter(({ status }) => status === 429).length;
}

describe("code 122 during a run", () => {
  it.each([1, 4])(
    "G4 G2 ends the calls of %i lanes, keeps finished work, and the next day's run reads the rest",
    async (lanes) => {
      // No header reports the quota here, so only the limit stops the run.
      const at = await start({ rows: { Tag: 2000 }, dailyLimit: 11, knobs: { usageHeader: false } });
      const env = { PARDOT_MAX_CONCURRENCY: String(lanes) };
      const first = await at.run({ env });
      expect(first).toMatchObject({
        exitCode: 4,
        error: { code: "pardot.daily-limit" },
        manifest: { status: "partial" },
      });
      const { calls } = at.simulator.stats();
      expect(refused(at.simulator)).toBeGreaterThanOrEqual(1);
      // Only calls in flight at the first refusal may follow it.
      expect(calls).toBeLessThanOrEqual(11 + lanes);
      expect(await callsInManifests(at)).toBe(calls);
      expect(first.manifest.objects.find(({ object }) => object === "Account")?.status).toBe("complete");
      for (const name of OBJECTS) await expectNothingWrong(at, name);

      const again = at.run({ env });
      await expect(again).rejects.toMatchObject({ exitCode: 4, code: "pardot.daily-limit" });
      expect(at.simulator.stats().calls).toBe(calls + 1);

      // Eleven calls a day: each day continues where the previous one stopped.
      let result = first;
      for (let day = 0; day < 9 && result.exitCode === 4; day += 1) {
        at.simulator.advance(1);
        result = await at.run({ env });
      }
      expect(result.error).toBeNull();
      for (const name of OBJECTS) await expectTruth(at, name);
    },
  );
});

describe("PARDOT_DAILY_CALL_BUDGET", () => {
  it("G4 counts the calls of plan and check together with those of runs", async () => {
    const at = await start();
    const env = { ...at.env, PARDOT_DAILY_CALL_BUDGET: "15" };
    const calls = (): number => at.simulator.stats().calls;
    for (const command of ["plan", "check"]) {
      const before = calls();
      expect((await callCli([command], env, { cwd: at.root })).code).toBe(0);
      expect(calls()).toBeGreaterThan(before);
    }
    expect((await callCli(["run"], env, { cwd: at.root })).code).toBe(4);
    expect(calls()).toBe(15);
    for (const command of ["plan", "run"]) expect((await callCli([command], env, { cwd: at.root })).code).toBe(4);
    const line = await callCli(["check"], env, { cwd: at.root });
    expect([line.code, line.stdout + line.stderr]).toEqual([
      4,
      expect.stringContaining("of 15 calls of the daily budget"),
    ]);
    expect(calls()).toBe(15);
    const status = JSON.parse((await callCli(["status", "--json"], env, { cwd: at.root })).stdout) as {
      readonly quota: { readonly calls: number };
    };
    expect(status.quota.calls).toBe(15);
  });

  it.each([1, 4])("G4 is never exceeded by a single call, with %i lanes and over several runs", async (lanes) => {
    const at = await start({ rows: { Tag: 2000 } });
    const env = { PARDOT_MAX_CONCURRENCY: String(lanes), PARDOT_DAILY_CALL_BUDGET: "9" };
    const first = await at.run({ env });
    expect(first).toMatchObject({ exitCode: 4, error: { code: "limit.call-budget" } });
    expect(at.simulator.stats().calls).toBe(9);
    expect(await callsInManifests(at)).toBe(9);
    await expect(at.run({ env })).rejects.toMatchObject({ exitCode: 4, code: "limit.call-budget" });
    expect(at.simulator.stats().calls).toBe(9);
    const more = await at.run({ env: { ...env, PARDOT_DAILY_CALL_BUDGET: "12" } });
    expect(more.exitCode).toBe(4);
    expect(at.simulator.stats().calls).toBe(12);
    for (const name of OBJECTS) await expectNothingWrong(at, name);
    at.simulator.advance(1);
    expect(await at.run()).toMatchObject({ exitCode: 0 });
    for (const name of OBJECTS) await expectTruth(at, name);
  });
});

describe("the account's own limit", () => {
  it.each([1, 4])("G4 is used up to four fifths and no further, with %i lanes", async (lanes) => {
    const at = await start({ rows: { Tag: 2000 }, dailyLimit: 15 });
    const first = await at.run({ env: { PARDOT_MAX_CONCURRENCY: String(lanes) } });
    expect(first).toMatchObject({ exitCode: 4, error: { code: "limit.call-budget" } });
    expect(at.simulator.stats().calls).toBe(12);
  });

  it("G4 is used up to PARDOT_QUOTA_SHARE, which the hint names, and postpones all objects with the same message", async () => {
    const env = { PARDOT_ETL_OBJECTS: "VisitorActivity,Tag,Email", PARDOT_MAX_CONCURRENCY: "1" };
    const at = await start({ rows: { Tag: 2000 }, dailyLimit: 20 }, { ...env, PARDOT_QUOTA_SHARE: "50%" });
    const { manifest, exitCode, error, events } = await at.run();
    expect(at.simulator.stats().calls).toBe(10);
    expect([exitCode, error?.message]).toEqual([
      4,
      "call Pardot: 10 of the account's 20 calls are used today by all integrations together; this tool stops at 50 % (PARDOT_QUOTA_SHARE)",
    ]);
    expect((error as LimitError).hint).toMatch(/or raise PARDOT_QUOTA_SHARE\.$/);
    const statuses = manifest.objects.map(({ object, status }) => [object, status]);
    const cut = manifest.objects.filter(({ status }) => status === "postponed").map(({ object }) => object);
    expect(cut).toContain("Tag");
    expect(statuses.map(([, status]) => status)).not.toContain("failed");
    expect(events.filter(({ type }) => type === "object-failed")).toEqual([]);
    const told = events.flatMap((event) => (event.type === "postponed" ? [[event.code, event.objects]] : []));
    expect(told).toContainEqual(["limit.call-budget", cut]);
  });
});

describe("an object read from the activities", () => {
  const env = { PARDOT_ETL_OBJECTS: "VisitorActivity,Email,EmailStats" };
  const statusOf = (manifest: Manifest): unknown => manifest.objects.map(({ object, status }) => [object, status]);

  it.each([
    ["fail", { path: "/export/version/4/do/create", status: 400, code: 71, count: 9 }, "failed", 5],
    ["are postponed", { path: "/export/version/4/do/create", status: 429, code: 122, count: 9 }, "postponed", 4],
  ] as const)("waits without reading if they %s, and is not covered", async (_what, fault, status, exitCode) => {
    const at = await start({}, env);
    at.simulator.faults([fault]);
    const first = await at.run();
    expect(first.exitCode).toBe(exitCode);
    expect(statusOf(first.manifest)).toEqual([
      ["VisitorActivity", status],
      ["Email", "waiting"],
      ["EmailStats", "waiting"],
    ]);
    for (const { object, files, windows, error } of first.manifest.objects.slice(1)) {
      expect([object, files, windows]).toEqual([object, [], []]);
      expect(error).toMatchObject({ code: "object.waiting", exit_code: exitCode });
    }
    const { objects } = JSON.parse((await callCli(["status", "--json"], at.env, { cwd: at.root })).stdout) as {
      readonly objects: readonly { readonly coverage: readonly unknown[] }[];
    };
    expect(objects.map(({ coverage }) => coverage)).toEqual([[], [], []]);
    at.simulator.faults([]);
    expect(await at.run()).toMatchObject({ exitCode: 0, manifest: { status: "complete" } });
    expect(await filesBelow(join(at.data, "Email"))).not.toEqual([]);
  });

  it("is read from known activities if the activities are not among the chosen objects", async () => {
    const at = await start({}, env);
    await at.run({ env: { PARDOT_ETL_OBJECTS: "VisitorActivity" } });
    const { manifest } = await at.run({ env: { PARDOT_ETL_OBJECTS: "Email" } });
    expect(statusOf(manifest)).toEqual([["Email", "complete"]]);
    expect(await filesBelow(join(at.data, "Email"))).not.toEqual([]);
  });
});

describe("the command line", () => {
  it("names the time to run again", async () => {
    const at = await start({ rows: { Tag: 2000 } }, { PARDOT_DAILY_CALL_BUDGET: "5", PARDOT_ETL_OBJECTS: "Tag" });
    for (let n = 0; n < 2; n += 1) {
      const { code, stderr } = await callCli(["run"], at.env, { cwd: at.root });
      expect(code).toBe(4);
      expect(stderr).toContain("5 of 5 calls of the daily budget (PARDOT_DAILY_CALL_BUDGET) are used");
      expect(stderr).toContain(
        "Run again after 2026-03-21 00:00 UTC (2026-03-21T00:00:00Z), when the account's next day starts, or raise PARDOT_DAILY_CALL_BUDGET.",
      );
      expect(at.simulator.stats().calls).toBe(5);
    }
  });
});
