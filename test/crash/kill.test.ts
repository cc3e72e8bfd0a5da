import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { VerifyResult } from "../../src/operations/api.ts";
import { callCli, runCli, startCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import {
  expectExactly,
  expectNothingWrong,
  filesBelow,
  expectTable,
  landedText,
  OBJECTS,
  scenesUntil,
  wholeManifests,
} from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { readStrictly } from "../kit/records.ts";

// Holds G1, G2 and G3: the command line is killed with SIGKILL at chosen points, then run again.

const DIE = join(import.meta.dirname, "die.ts");

const start = scenesUntil(afterAll);

/** Where the process dies: before or after it names the `at`-th file whose path contains `on`. */
interface Death {
  readonly on: string;
  readonly at?: number;
  readonly when: "before" | "after";
}

async function runUntilDeath(at: Scene, { on, at: count = 1, when }: Death): Promise<void> {
  const env = { ...at.env, NODE_OPTIONS: `--import=${DIE}`, DIE_ON: on, DIE_AT: String(count), DIE_WHEN: when };
  const result = await runCli(["run"], env, { cwd: at.root });
  expect(result).toMatchObject({ code: null, signal: "SIGKILL" });
}

/** The last line of a run's log. */
function lastLine({ stderr }: CliResult): Readonly<Record<string, unknown>> {
  return JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as Readonly<Record<string, unknown>>;
}

/** Runs again: the result is that of an undisturbed run, and no file is left over. */
async function expectWholeAfterRerun(at: Scene, env: Environment = {}): Promise<CliResult> {
  for (const name of OBJECTS) await expectNothingWrong(at, name);
  await wholeManifests(at.data);
  const before = at.simulator.stats().calls;
  const result = await callCli(["run", "--log-level", "debug"], { ...at.env, ...env }, { cwd: at.root });
  expect({ code: result.code, log: result.code === 0 ? "" : result.stderr }).toEqual({ code: 0, log: "" });
  for (const name of OBJECTS) await expectExactly(at, name);
  // By name: the manifest written for the dead run may be of the same second.
  const { run_id: runId } = lastLine(result);
  const manifest = (await wholeManifests(at.data)).find(({ run_id: id }) => id === runId);
  expect(manifest?.status).toBe("complete");
  expect(manifest?.objects.flatMap((object) => object.open_windows)).toEqual([]);
  expect(manifest?.api_calls.total).toBe(at.simulator.stats().calls - before);
  expect(await filesBelow(at.tmp)).toEqual([]);
  expect(await filesBelow(join(at.data, "_pardot_etl/tmp"))).toEqual([]);
  return result;
}

/**
 * Every file in the objects' folders is in a committed manifest. An object that is read in one call may leave a file
 * landed just before each death: the next run's file replaces it.
 */
async function expectAllCommitted(at: Scene, deaths = 1): Promise<void> {
  const manifests = await wholeManifests(at.data);
  const named = new Set(
    manifests.flatMap(({ objects }) => objects.flatMap(({ files }) => files.map(({ key }) => key))),
  );
  const files = await filesBelow(at.data);
  const unnamed = files.filter((name) => !name.startsWith("_pardot_etl/") && !named.has(name));
  expect(unnamed.filter((name) => !name.startsWith("Account/"))).toEqual([]);
  expect(unnamed.length).toBeLessThanOrEqual(deaths);
}

/** Exports of the history requested so far. */
function historyExports(at: Scene): number {
  return at.simulator.stats().exports.filter(({ arguments: given }) => "created_after" in given).length;
}

const STATE = "_pardot_etl/state/";
/** Exports that the account's history takes: one a year. */
const WINDOWS = 3;

describe.concurrent("G1 G2 G3 a run that is killed", { timeout: 120_000 }, () => {
  it.each<readonly [string, Death, number]>([
    ["before its first state entry", { on: STATE, when: "before" }, WINDOWS],
    ["after its first state entry", { on: STATE, when: "after" }, WINDOWS],
    ["after its fifth state entry", { on: STATE, at: 5, when: "after" }, WINDOWS + 1],
    ["before its eighth state entry", { on: STATE, at: 8, when: "before" }, WINDOWS + 1],
    ["before the first file of an export", { on: "/VisitorActivity/", when: "before" }, WINDOWS],
    ["between a file and its state entry", { on: "/VisitorActivity/", when: "after" }, WINDOWS],
    ["before the third file of its exports", { on: "/VisitorActivity/", at: 3, when: "before" }, WINDOWS],
    ["after the file of tags", { on: "/Tag/", when: "after" }, WINDOWS + 1],
    ["before the manifest", { on: "manifest.json", when: "before" }, WINDOWS],
    ["between manifest and state", { on: "manifest.json", when: "after" }, WINDOWS],
  ])("%s", async (_where, death, exportsMax) => {
    const at = await start();
    await runUntilDeath(at, death);
    await expectWholeAfterRerun(at);
    await expectAllCommitted(at);
    // No export is requested twice, except one whose creation was in flight when the process died.
    expect(historyExports(at)).toBeLessThanOrEqual(exportsMax);
  });

  it.each<readonly [string, string, Death]>([
    ["jsonl", "before the third file of its exports", { on: "/VisitorActivity/", at: 3, when: "before" }],
    ["jsonl", "between a file and its state entry", { on: "/VisitorActivity/", when: "after" }],
    ["parquet", "while its first file is converted", { on: "writeParquet", when: "after" }],
    ["parquet", "while its third file is converted", { on: "writeParquet", at: 3, when: "after" }],
    ["parquet", "between a file and its state entry", { on: "/VisitorActivity/", when: "after" }],
  ])("with files in %s, %s", async (format, _where, death) => {
    const at = await start({}, { PARDOT_ETL_FORMAT: format });
    await runUntilDeath(at, death);
    await expectWholeAfterRerun(at);
    await expectAllCommitted(at);
  });

  it("between two files of tags continues after the last one in the state", async () => {
    const at = await start({ rows: { Tag: 3000 } });
    await runUntilDeath(at, { on: "/Tag/", at: 2, when: "after" });
    const [first = ""] = await filesBelow(join(at.data, "Tag"));
    const landed = readStrictly(await landedText(at.data, `Tag/${first}`)).records.map((record) =>
      Number(record["id"]),
    );
    const died = at.simulator.stats().requests.length;
    await expectWholeAfterRerun(at);
    await expectAllCommitted(at);
    const again = at.simulator
      .stats()
      .requests.slice(died)
      .filter(({ kind, parameters }) => kind === "tag query" && parameters["updated_after"] === undefined);
    const files = (await wholeManifests(at.data)).at(-1)?.objects.find(({ object }) => object === "Tag")?.files ?? [];
    expect(files.filter(({ rows }) => rows === 1000)).toHaveLength(3);
    expect(landed).toHaveLength(1000);
    // Fifteen pages and two empty ones after them; ten are left, and those of the unfinished file.
    expect(Number(again[0]?.parameters["id_greater_than"])).toBeGreaterThanOrEqual(Math.min(...landed));
    expect(again.length).toBeLessThanOrEqual(12);
  });

  it("in every attempt lands a part each time, and finally the whole account", async () => {
    const at = await start({ rows: { Tag: 3000 } });
    // Any files: their order depends on timing.
    await runUntilDeath(at, { on: at.data, at: 9, when: "after" });
    await runUntilDeath(at, { on: at.data, at: 7, when: "before" });
    await runUntilDeath(at, { on: at.data, at: 6, when: "after" });
    await runUntilDeath(at, { on: "manifest.json", when: "before" });
    await expectWholeAfterRerun(at);
    await expectAllCommitted(at, 4);
    // A creation in flight at a death may have happened: one for each of the first three.
    expect(historyExports(at)).toBeLessThanOrEqual(WINDOWS + 3);
  });

  it("halfway in a wrong time zone is not continued in another; --full reads everything again", async () => {
    const right = { PARDOT_TIMEZONE: "America/New_York" };
    const at = await start({ rows: { Tag: 3000 }, timezone: right.PARDOT_TIMEZONE }, { PARDOT_TIMEZONE: "UTC" });
    await runUntilDeath(at, { on: "/Tag/", at: 2, when: "after" });
    const { calls } = at.simulator.stats();
    const refused = await callCli(["run", "--json"], { ...at.env, ...right }, { cwd: at.root });
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: {
        problems: expect.arrayContaining([
          expect.objectContaining({
            path: "PARDOT_TIMEZONE",
            expected: expect.stringContaining("of Tag were") as string,
          }),
        ]) as object[],
      },
    });
    expect(at.simulator.stats().calls).toBe(calls);
    const whole = await callCli(["run", "--full", "--json"], { ...at.env, ...right }, { cwd: at.root });
    expect(whole.code).toBe(0);
    const manifest = JSON.parse(whole.stdout) as Manifest;
    // Files landed in the wrong time zone are in a manifest, and not part of the data, unless both runs began within one
    // second of Pardot's clock: then the window is the same, and so are the files.
    const own = manifest.objects.find(({ object }) => object === "Tag")?.files ?? [];
    const left = (manifest.left_files ?? []).filter(({ key }) => key.startsWith("Tag/"));
    const landed = (await filesBelow(at.data)).filter((key) => key.startsWith("Tag/"));
    expect([...own, ...left].map(({ key }) => key).toSorted()).toEqual(landed.toSorted());
    const isSameSecond = own.length === landed.length;
    expect({
      left: left.map(({ rows }) => rows),
      warnings: manifest.warnings.filter(({ code }) => code.startsWith("run.left")),
    }).toEqual({
      left: isSameSecond ? [] : [1000, 1000],
      warnings: [],
    });
    expect(manifest.objects.find(({ object }) => object === "Tag")?.windows).toHaveLength(1);
    for (const name of OBJECTS) await expectExactly(at, name);
    const verified = await callCli(["verify"], { ...at.env, ...right }, { cwd: at.root });
    expect(verified.code).toBe(0);
  });

  it("is recovered from even with foreign files and a manifest damaged by a disk", async () => {
    const at = await start();
    await at.run();
    const name = (await filesBelow(at.data)).find((key) => key.endsWith("manifest.json")) ?? "";
    const kept = await readFile(join(at.data, name));
    await runUntilDeath(at, { on: "/Tag/", when: "after" });
    await writeFile(join(at.data, name), kept.subarray(0, 100));
    await writeFile(join(at.data, "Tag", ".DS_Store"), 'no csv "at all');
    const result = await callCli(["run", "--json"], at.env, { cwd: at.root });
    expect(result.code).toBe(0);
    // The damaged manifest is older than the killed run's window, so the run does not need it. The kill may have come
    // in the middle of the reading of accounts.
    const { warnings } = JSON.parse(result.stdout) as Manifest;
    expect(warnings.filter(({ code }) => code !== "clock.off" && code !== "object.read-over-runs")).toEqual([]);
    await rm(join(at.data, "Tag", ".DS_Store"));
    const verified = await callCli(["verify", "--json"], at.env, { cwd: at.root });
    expect(verified.code).toBe(6);
    const { problems } = JSON.parse(verified.stdout) as VerifyResult;
    expect(problems.find(({ key }) => key === name)?.problem).toContain("it is damaged");
    // Its own files are in no other manifest.
    const named = (JSON.parse(kept.toString("utf8")) as Manifest).objects.flatMap(({ files }) => files);
    const others = problems.filter(({ key }) => key !== name);
    expect(others.map(({ key }) => key)).toEqual(named.map(({ key }) => key).toSorted());
    await writeFile(join(at.data, name), kept);
    expect((await callCli(["verify"], at.env, { cwd: at.root })).code).toBe(0);
  });

  it("while it loads leaves the table to the next run", async () => {
    const at = await start();
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    const cli = startCli(["run"], { ...at.env, ...env }, { cwd: at.root });
    await cli.said("committed ");
    cli.kill("SIGKILL");
    expect(await cli.ended).toMatchObject({ signal: "SIGKILL" });
    await expectWholeAfterRerun(at, env);
    for (const name of OBJECTS) await expectTable(at, name);
  });
});

describe.concurrent("a run with nothing left to wait for", { timeout: 120_000 }, () => {
  it("G2 fails instead of being complete", async () => {
    const at = await start();
    const env = { ...at.env, NODE_OPTIONS: `--import=${DIE}`, DIE_ON: "manifest.json", DIE_WHEN: "never" };
    const result = await runCli(["run"], env, { cwd: at.root });
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain("stopped early");
    expect(lastLine(result)).toMatchObject({ event: "run_ended", exit_code: 1, meaning: "bug" });
    await expectWholeAfterRerun(at);
  });
});

describe.concurrent("a run with an unhandled error", { timeout: 120_000 }, () => {
  it("G2 ends with the exit code of a bug, and reports it in its last line", async () => {
    const at = await start();
    at.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 1 }]);
    const script = 'process.on("SIGUSR2", () => { throw new Error("astray"); })';
    const env = { ...at.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
    const cli = startCli(["run"], env, { cwd: at.root });
    await cli.said("Tag: started");
    cli.kill("SIGUSR2");
    const result = await cli.ended;
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("Error: astray");
    const lines = result.stderr.split("\n").filter((line) => line.startsWith('{"level"'));
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "run_ended", exit_code: 1, error_code: "bug" });
    at.simulator.faults([]);
    await expectWholeAfterRerun(at);
  });
});

describe.concurrent("a run whose output reader disconnects", { timeout: 120_000 }, () => {
  it("G2 continues and ends with its own exit code", async () => {
    const at = await start();
    const cli = startCli(["run", "--log-level", "debug"], at.env, { cwd: at.root });
    await cli.said('"event":"run_started"');
    cli.deafen();
    expect(await cli.ended).toMatchObject({ code: 0, signal: null });
    expect((await wholeManifests(at.data)).map(({ status }) => status)).toEqual(["complete"]);
    for (const name of OBJECTS) await expectExactly(at, name);
  });
});

describe.concurrent("a run with a stop request", { timeout: 120_000 }, () => {
  const HANGING = [{ path: "/tag/version/4/do/query", hang: true, count: 99 }];

  it("G2 commits finished work at the end of the grace, and ends with 130", async () => {
    const at = await start();
    at.simulator.faults(HANGING);
    const env = { ...at.env, PARDOT_ETL_STOP_GRACE: "1s" };
    const cli = startCli(["run", "--log-level", "debug", "--json"], env, { cwd: at.root });
    await cli.said("Account: window done");
    cli.kill("SIGTERM");
    const { code, stdout, stderr } = await cli.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("SIGTERM: stopping within 1s");
    const [manifest] = await wholeManifests(at.data);
    expect(JSON.parse(stdout)).toEqual(manifest);
    expect(manifest?.objects.find(({ object }) => object === "Tag")?.error?.code).toBe("run.cancelled");
    expect(manifest?.objects.find(({ object }) => object === "Account")?.status).toBe("complete");
    expect(manifest?.api_calls.total).toBe(at.simulator.stats().calls);
    expect(await filesBelow(at.tmp)).toEqual([]);
    at.simulator.faults([]);
    await expectWholeAfterRerun(at);
  });

  it("ends at once on the second signal", async () => {
    const at = await start();
    at.simulator.faults(HANGING);
    const cli = startCli(["run"], { ...at.env, PARDOT_ETL_STOP_GRACE: "1h" }, { cwd: at.root });
    await cli.said("Tag: started");
    cli.kill("SIGINT");
    await cli.said("SIGINT: stopping within 1h");
    // Signals close together count as one: repeat it until it counts as another.
    const again = setInterval(() => cli.kill("SIGTERM"), 50);
    const result = await cli.ended;
    clearInterval(again);
    expect(result.code).toBe(130);
    expect(lastLine(result)).toMatchObject({ event: "run_ended", exit_code: 130, status: "failed" });
    at.simulator.faults([]);
    await expectWholeAfterRerun(at);
  });
});
