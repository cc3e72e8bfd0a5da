import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { SIMULATOR_BUSINESS_UNIT_ID, startSimulator } from "../../src/simulator/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";
import { fakeIo } from "../kit/fakes/io.ts";
import type { FakeIo } from "../kit/fakes/io.ts";

let simulator: Simulator;
let cwd: string;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  // Its time is ours, so that there is nothing to warn of.
  simulator = await startSimulator({ scale: "tiny", now: new Date().toISOString() });
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-commands-"));
  env = {
    ...simulatorAccess(simulator.url),
    PARDOT_ETL_DESTINATION: "data",
    PARDOT_ETL_OBJECTS: "Tag,Account",
  };
});
afterAll(async () => {
  await simulator.close();
  await rm(cwd, { recursive: true });
});

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const io = (overrides: Readonly<Record<string, string>> = {}): FakeIo =>
  fakeIo({ env: { ...env, ...overrides }, cwd, clock: systemClock });

async function cli(argv: readonly string[], world: FakeIo = io()): Promise<Outcome> {
  const code = await main(argv, world);
  expect(world.listeners()).toBe(0);
  return { code, stdout: world.stdout.text(), stderr: world.stderr.text() };
}

/** The lines of a log, without the other text for people. */
function logOf(stderr: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

describe("against a simulated account", () => {
  test("check, plan, run and status follow each other", async () => {
    const checked = await cli(["check"]);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toMatch(/^ok +credentials /m);
    expect(checked.stdout).toMatch(/^ok +destination /m);

    const planned = await cli(["plan", "--json", "--no-progress"]);
    expect(planned).toMatchObject({ code: 0, stderr: "" });
    const plan = JSON.parse(planned.stdout) as Readonly<Record<string, unknown>>;
    expect(plan).toMatchObject({ objects: [{ object: "Tag" }, { object: "Account" }] });
    expect(plan["expected_calls"]).toBeGreaterThan(0);
    expect((await cli(["plan", "Account"])).stdout).not.toContain("Tag");

    const callsBefore = simulator.stats().calls;
    const ran = await cli(["run", "--json"]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('"msg":"Tag: done, 50 rows in 1 file"}\n');
    const manifest = JSON.parse(ran.stdout) as Manifest;
    expect(manifest.status).toBe("complete");
    expect(manifest.api_calls.total).toBe(simulator.stats().calls - callsBefore);
    const stored = await readFile(join(cwd, "data", "_pardot_etl", "runs", manifest.run_id, "manifest.json"), "utf8");
    expect(manifest).toEqual(JSON.parse(stored));

    const again = await cli(["run", "Tag", "--no-progress"]);
    expect(again.code).toBe(0);
    expect(logOf(again.stderr).map(({ event }) => event)).toEqual(["run_ended"]);
    expect(again.stdout).toMatch(/^run \S+ complete: /);
    expect((await cli(["run", "Tag", "--full", "--json"])).stdout).toContain('"from": "1900-01-01T00:00:00Z"');
    for (const flag of ["-q", "--quiet"]) {
      expect(await cli(["run", "Tag", flag])).toEqual({ code: 0, stdout: "", stderr: "" });
    }
    const { code, stderr } = await cli(["run", "Tag", "-q", "--since", "tomorrow"]);
    expect(code).toBe(2);
    expect(logOf(stderr).at(-1)).toMatchObject({ event: "run_ended", exit_code: 2 });

    // No credentials: a look at the destination needs none.
    const looked = await cli(["status", "--json"], fakeIo({ env: { PARDOT_ETL_DESTINATION: "data" }, cwd }));
    expect(JSON.parse(looked.stdout)).toMatchObject({
      business_unit: SIMULATOR_BUSINESS_UNIT_ID,
      runs: [{ run_id: manifest.run_id, status: "complete" }, {}, {}, {}, {}],
    });
    expect((await cli(["status"])).stdout).toContain(manifest.run_id);
  });

  test.each(["run", "plan", "check"])("%s with a wrong secret exits 3 with a hint", async (name) => {
    const wrong = io({ PARDOT_CLIENT_SECRET: "wr0ng-s3cr3t", PARDOT_ETL_DESTINATION: `wrong-${name}` });
    const { code, stdout, stderr } = await cli([name, "--json"], wrong);
    expect(code).toBe(3);
    const { error } = JSON.parse(stdout) as { readonly error: { readonly code: string; readonly hint: string } };
    expect(error.code).toMatch(/^[a-z]+\.[a-z-]+$/);
    expect(error.hint).not.toBe("");
    expect(stdout + stderr).not.toContain("wr0ng-s3cr3t");
  });

  test("the log is JSON lines without a terminal, and the last one reports what the run did", async () => {
    const { code, stdout, stderr } = await cli(["run", "Account", "--log-level", "info", "--json"]);
    expect(code).toBe(0);
    const lines = logOf(stderr);
    const events = lines.map(({ event }) => event);
    expect(events[0]).toBe("run_started");
    expect(events).toContain("committed");
    const manifest = JSON.parse(stdout) as Manifest;
    const status = JSON.parse((await cli(["status", "--json"])).stdout) as {
      readonly quota: { readonly calls: number };
    };
    expect(status.quota.calls).toBeGreaterThan(manifest.api_calls.total);
    const key = `_pardot_etl/runs/${manifest.run_id}/manifest.json`;
    expect(lines.at(-1)).toMatchObject({
      event: "run_ended",
      exit_code: 0,
      meaning: "done",
      status: "complete",
      run_id: manifest.run_id,
      business_unit: SIMULATOR_BUSINESS_UNIT_ID,
      manifest: join(cwd, "data", key),
      rows: 1,
      files: 1,
      calls: manifest.api_calls.total,
      calls_today: status.quota.calls,
      objects: 1,
      objects_failed: 0,
      error: null,
    });
  });

  test("the log is lines for people on a terminal with --log-level", async () => {
    const world = io();
    const terminal = { ...world, stderr: { ...world.stderr, isTerminal: true } };
    const { stderr } = await cli(["run", "Account", "--log-level", "info"], terminal);
    expect(stderr).toMatch(/^\d\d:\d\d:\d\dZ info  Account: started$/m);
    expect(stderr).toMatch(/^\d\d:\d\d:\d\dZ info  exit 0: done\n$/m);
    expect(stderr).not.toContain("{");
  });

  test.each([
    [["run", "--ful"], {}],
    [["run", "--log-level", "loud"], {}],
    [["run"], { PARDOT_TIMEZONE: "Mars/Olympus" }],
    [["run", "--since", "last week"], {}],
  ])("%j that cannot begin logs a last line too", async (argv, wrong) => {
    const { code, stderr } = await cli(argv, io(wrong));
    expect(code).toBe(2);
    const last = stderr.trimEnd().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ event: "run_ended", exit_code: 2, status: "failed", manifest: null });
  });

  test.each([
    [["plan", "Account"], 0],
    [["run", "Account", "--dry-run"], 0],
    [["run", "--dry-run", "Nothing"], 2],
    [["plan", "run"], 2],
  ])("%j is not a run and logs no such line", async (argv, code) => {
    const outcome = await cli(argv);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).not.toContain("run_ended");
  });

  test("on a terminal, progress counts the calls the manifest counts", async () => {
    const world = io();
    const terminal = { ...world, stderr: { ...world.stderr, isTerminal: true } };
    const { stdout } = await cli(["run", "Tag", "--json"], terminal);
    const { api_calls: calls } = JSON.parse(stdout) as Manifest;
    const counts = world.stderr.text().match(/\d+ calls? /g) ?? [];
    expect(counts.at(-1)).toBe(`${calls.total} calls `);
  });

  test("SIGTERM commits what is finished and ends with 130", async () => {
    const world = io({ PARDOT_ETL_DESTINATION: "stopped" });
    const stopping = {
      ...world,
      stderr: {
        ...world.stderr,
        write: (text: string) => {
          world.stderr.write(text);
          if (text.includes('"msg":"Tag: started"')) world.send("SIGTERM");
        },
      },
    };
    const { code, stdout, stderr } = await cli(["run", "--json"], stopping);
    expect(code).toBe(130);
    expect(stderr).toContain("SIGTERM: stopping within 25s");
    expect(stderr).toContain("pardot-etl: stopped by SIGTERM\n");
    expect((JSON.parse(stdout) as Manifest).status).not.toBe("complete");
    expect(logOf(stderr).at(-1)).toMatchObject({ event: "run_ended", exit_code: 130, meaning: "cancelled" });
  });
});

describe("simulate", () => {
  test("prints one JSON line when it listens, serves, and exits 0 when it is stopped", async () => {
    const world = io();
    let line = "";
    const listening = new Promise<void>((resolve) => {
      const stdout = { ...world.stdout, write: (text: string) => ((line += text), resolve()) };
      void cli(["simulate", "--scale", "tiny", "--rows", "Tag=3", "--rows", "Account=1"], { ...world, stdout }).then(
        ({ code }) => (line += `ended ${code}`),
      );
    });
    await listening;
    const { url } = JSON.parse(line) as { readonly url: string };
    const rows = await (await fetch(`${url}/__sim/rows/Tag`)).text();
    expect(rows.trimEnd().split("\n")).toHaveLength(3);
    world.send("SIGTERM");
    await expect.poll(() => line).toMatch(/\nended 0$/);
    await expect(fetch(url)).rejects.toThrow();
  });

  test("--env serves in the background, and prints variables with which every command works, also a second time", async () => {
    const script = [
      "set -e",
      'eval "$("$0" "$1" simulate --env --scale tiny --timezone America/New_York 2> said)"',
      'first=$SIMULATOR_PID; trap "kill $first 2> /dev/null" EXIT',
      '"$0" "$1" check --no-progress',
      '"$0" "$1" simulate --env --scale tiny > again.sh 2> /dev/null',
      '. ./again.sh; kill $SIMULATOR_PID; cat again.sh said; echo "first $first"',
    ].join("\n");
    const folder = await mkdtemp(join(cwd, "background-"));
    const bin = join(import.meta.dirname, "../../src/bin.js");
    const shell = { cwd: folder, env: { PATH: process.env["PATH"] }, encoding: "utf8" } as const;
    const text = execFileSync("bash", ["--norc", "-c", script, process.execPath, bin], shell);
    expect(text).toMatch(/^ok +credentials +accepted by the flow refresh_token/m);
    expect(text).toMatch(/^ok +time zone +America\/New_York/m);
    expect(text).toMatch(/^export PARDOT_TIMEZONE=UTC$/m);
    // Printed although it is a secret of the environment by then.
    expect(text).toMatch(/^export PARDOT_CLIENT_SECRET=simulator-client-secret$/m);
    const exported = [...text.matchAll(/^export (\w+)=/gm)].map(([, name]) => name);
    expect(exported.at(-1)).toBe("SIMULATOR_PID");
    const { code } = await cli(["simulate", "--env", "--scale", "tiny", "--port", new URL(simulator.url).port]);
    expect(code).toBe(2);
    const [, url, pid, again] =
      /^A simulated Pardot listens at (http:\S+) as process (\d+); kill (\d+) stops it\.$/m.exec(text) ?? [];
    expect({ pid, again }).toEqual({ pid: /first (\d+)/.exec(text)?.[1], again: pid });
    await expect.poll(() => fetch(url ?? "").catch(() => null)).toBeNull();
  });

  test("--certificate lets the key of the quick start log in by the flow jwt", async () => {
    const folder = await mkdtemp(join(cwd, "jwt-"));
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await writeFile(join(folder, "app.pub"), publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(join(folder, "app.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const world = fakeIo({ cwd: folder, clock: systemClock });
    const words = ["simulate", "--env", "--json", "--scale", "tiny", "--certificate", "app.pub"];
    const { code, stdout, stderr } = await cli(words, world);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("PARDOT_PRIVATE_KEY_FILE") as string });
    const { variables, pid } = JSON.parse(stdout) as {
      readonly variables: Readonly<Record<string, string>>;
      readonly pid: number;
    };
    onTestFinished(() => void process.kill(pid));
    expect(variables).not.toHaveProperty("PARDOT_CLIENT_SECRET");
    const settings = { ...variables, PARDOT_PRIVATE_KEY_FILE: "app.key", PARDOT_ETL_WAREHOUSE: "none" };
    const checked = await cli(["check"], fakeIo({ cwd: folder, env: settings, clock: systemClock }));
    expect(checked.stdout).toMatch(/^ok +credentials +accepted by the flow jwt/m);
  });

  test.each([
    [["--certificate", "nope.crt"], /--certificate \S*nope.crt: ENOENT/],
    [["--certificate", join(import.meta.dirname, "commands.test.ts"), "--env"], /expected a certificate or an RSA/],
    [["--scale", "huge", "--port", "x"], /scale.*huge/],
    [["--knob", "nope=1"], /knob.*nope/],
  ])("refuses %j", async (argv, fault) => {
    const { code, stderr } = await cli(["simulate", ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(fault);
  });

  test("reports that its port is in use", async () => {
    const { code, stderr } = await cli(["simulate", "--scale", "tiny", "--port", new URL(simulator.url).port]);
    expect(code).toBe(2);
    expect(stderr).toContain("EADDRINUSE");
  });
});

describe("demo", () => {
  test("loads twice, finds the tables equal to the truth, and ignores the working folder's configuration", async () => {
    const world = fakeIo({ env: { PARDOT_TYPO: "1", PARDOT_API_URL: "nonsense" }, cwd, clock: systemClock });
    const { code, stdout, stderr } = await cli(["demo", "--json"], world);
    expect({ code, stderr: stderr.includes("NOT EQUAL") }).toEqual({ code: 0, stderr: false });
    const { folder, runs, tables } = JSON.parse(stdout) as {
      readonly folder: string;
      readonly runs: readonly Manifest[];
      readonly tables: readonly { readonly rows: number; readonly truth: number }[];
    };
    expect(runs.map((run) => run.status)).toEqual(["complete", "complete"]);
    expect(tables).toHaveLength(3);
    for (const { rows, truth } of tables) expect(rows).toBe(truth);
    expect(await readdir(join(folder, "data"))).toContain("VisitorActivity");
    expect(stderr).toContain("Where to look");
  });
});
