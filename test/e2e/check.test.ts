import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { CheckLine, CheckResult } from "../../src/operations/api.ts";
import { check } from "../../src/operations/check/check.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { callCli } from "../kit/cli.ts";
import { scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G2: check names its findings.

const start = scenesUntil(afterEach);

async function checked(
  at: Scene,
  env: Environment = {},
  onLine: (line: CheckLine) => void = () => undefined,
): Promise<CheckResult> {
  const config = await at.config(env);
  const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: config.pardot };
  return withRuntime(wishes, (surroundings) => check(config, surroundings, onLine));
}

const lineOf = (lines: readonly CheckLine[], name: CheckLine["name"]): CheckLine | undefined =>
  lines.find((line) => line.name === name);

/** An address without a server. */
async function deadAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe("check", () => {
  it("names a conflict with landed data, without claiming that Pardot was not called", async () => {
    const at = await start({}, { PARDOT_ETL_OBJECTS: "Tag" });
    await at.run();
    const { lines, exitCode } = await checked(at, { PARDOT_TIMEZONE: "Europe/Berlin" });
    const line = lineOf(lines, "destination");
    expect([exitCode, line?.status]).toEqual([2, "failed"]);
    expect(line?.message).toContain('PARDOT_TIMEZONE is "Europe/Berlin": expected UTC');
    expect(`${String(line?.message)}${String(line?.hint)}`).not.toContain("not called");
    const other = await checked(at, { PARDOT_BUSINESS_UNIT_ID: "0UvSIM0000000009ZZ" });
    expect(lineOf(other.lines, "destination")?.message).toContain('PARDOT_BUSINESS_UNIT_ID is "0UvSIM0000000009ZZ"');
  });

  it("takes another name of the zone of landed data, and the same in another case", async () => {
    const at = await start({ timezone: "America/New_York" }, { PARDOT_ETL_OBJECTS: "Tag" });
    await at.run();
    for (const PARDOT_TIMEZONE of ["america/new_york", "US/Eastern"]) {
      const { lines } = await checked(at, { PARDOT_TIMEZONE });
      expect(lineOf(lines, "destination")?.status).toBe("ok");
    }
  });

  it("reports each line as soon as it is known, always in the same order", async () => {
    const at = await start();
    const known: string[] = [];
    let callsAtFirst = -1;
    const good = await checked(at, {}, ({ name }) => {
      if (known.length === 0) callsAtFirst = at.simulator.stats().calls;
      known.push(name);
    });
    expect(callsAtFirst).toBe(0);
    expect(known).toEqual(good.lines.map(({ name }) => name));
    const bad = await checked(at, { PARDOT_BUSINESS_UNIT_ID: "0UvSIM0000000009ZZ" });
    expect(bad.lines.map(({ name }) => name)).toEqual(known);
    expect(lineOf(bad.lines, "credentials")).toMatchObject({ status: "ok" });
    expect(lineOf(bad.lines, "business unit")).toMatchObject({ status: "failed", exitCode: 3 });
  });

  it("reports what the first call shows before it makes the second one", async () => {
    const at = await start();
    const calls: Record<string, number> = {};
    await checked(at, {}, ({ name }) => {
      calls[name] = at.simulator.stats().calls;
    });
    expect(calls).toMatchObject({ credentials: 1, "business unit": 1, quota: 1, clock: 1, "time zone": 2 });
  });

  it("gives up on a Pardot that is out of order after two tries", async () => {
    const at = await start();
    at.simulator.faults([{ path: "/account/version/4/do/read", status: 503, count: 100 }]);
    const begin = performance.now();
    const { lines, exitCode } = await checked(at);
    const { host } = new URL(at.simulator.url);
    expect([exitCode, lineOf(lines, "credentials")]).toMatchObject([
      5,
      { message: `call ${host}: HTTP 503 after 2 tries` },
    ]);
    expect(performance.now() - begin).toBeLessThan(15_000);
  });

  it.each(["PARDOT_LOGIN_URL", "PARDOT_API_URL"])("gives up on an unreachable %s after two tries", async (setting) => {
    const at = await start();
    const address = await deadAddress();
    const begin = performance.now();
    const { lines, exitCode } = await checked(at, { [setting]: address });
    const line = lineOf(lines, "credentials");
    expect([exitCode, line?.status]).toEqual([5, "failed"]);
    expect(line?.message).toContain("ECONNREFUSED) after 2 tries");
    expect(line?.hint).toContain(`Nothing accepts connections at ${new URL(address).host}: correct ${setting}`);
    expect(performance.now() - begin).toBeLessThan(15_000);
  });

  it("reports in words how far this machine's clock is off", async () => {
    const at = await start();
    const { lines } = await checked(at);
    expect(lineOf(lines, "clock")?.message).toMatch(/this machine is \d+ (months|days|years) (ahead|behind)$/);
  });

  it("counts its calls among the day's calls, also without a budget, like plan and objects --live", async () => {
    const at = await start();
    for (const command of [["check"], ["plan"], ["objects", "Prospect", "--live"]]) {
      expect((await callCli(command, at.env, { cwd: at.root })).code).toBe(0);
      const { calls_today: calls } = JSON.parse(
        (await callCli(["status", "--json"], at.env, { cwd: at.root })).stdout,
      ) as {
        readonly calls_today: number;
      };
      expect(calls).toBe(at.simulator.stats().calls);
    }
    const { stdout } = await callCli(["check"], at.env, { cwd: at.root });
    expect(stdout).toMatch(/: ready to run\n$/);
  });
});
