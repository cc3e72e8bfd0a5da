import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN } from "../../src/simulator/index.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { mountSmallDisk } from "../kit/servers/small-disk.ts";
import { callCli, runCli } from "../kit/cli.ts";
import type { CliOptions, CliResult } from "../kit/cli.ts";
import { expectExactly, expectNothingWrong, filesBelow, OBJECTS, scenesUntil, wholeManifests } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Through the command line, as a separate process where the process itself matters. Holds G2 (a failed object is
// named) and G8 (canaries in all that a run prints or writes).

/** Prefix of the simulator's access tokens. */
const ACCESS_TOKEN = "00DSIM000000001!AQ";
const CANARIES = [SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, ACCESS_TOKEN, "canary-"];

const start = scenesUntil(afterAll);

interface Wish extends Pick<CliOptions, "uid"> {
  readonly env?: Environment;
  /** As a separate process. */
  readonly apart?: boolean;
}

/** Runs the command line; no secret is in its output or files. */
async function cli(at: Scene, args: readonly string[], wish: Wish = {}): Promise<CliResult> {
  const { env, apart = false, ...options } = wish;
  const result = await (apart ? runCli : callCli)(args, { ...at.env, ...env }, { cwd: at.root, ...options });
  const files = await filesBelow(at.root);
  const texts = await Promise.all(files.map((name) => readFile(join(at.root, name), "latin1")));
  for (const canary of CANARIES) {
    expect(result.stdout + result.stderr).not.toContain(canary);
    for (const text of texts) expect(text).not.toContain(canary);
  }
  return result;
}

interface ErrorJson {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

/** `run --json` fails with this code; the error is on stdout for machines and on stderr for people. */
async function expectFailure(at: Scene, code: number, args: readonly string[], wish: Wish = {}): Promise<ErrorJson> {
  const { code: found, stdout, stderr } = await cli(at, args, wish);
  expect({ code: found, stderr }).toEqual({ code, stderr: expect.any(String) as string });
  const parsed = JSON.parse(stdout) as ErrorJson;
  const { message, hint } = parsed.error;
  expect(stderr).toContain(`pardot-etl: ${message}`);
  expect(stderr).toContain(`hint: ${hint}`);
  return parsed;
}

describe.concurrent("wrong credentials", { timeout: 120_000 }, () => {
  it.each<readonly [string, Environment, SimulatorOptions, string, RegExp]>([
    ["wrong secret", { PARDOT_CLIENT_SECRET: "canary-1" }, {}, "auth.client-secret-wrong", /PARDOT_CLIENT_SECRET/],
    ["wrong client id", { PARDOT_CLIENT_ID: "3MVG9.other" }, {}, "auth.client-unknown", /PARDOT_CLIENT_ID/],
    ["dead refresh token", { PARDOT_REFRESH_TOKEN: "canary-2" }, {}, "auth.refresh-token-dead", /Authorize the app/],
    ["missing scope", {}, { knobs: { scopePardotApi: false } }, "auth.scope-missing", /Add the scope pardot_api/],
  ])("end a run with exit 3 before any call (%s)", async (_what, env, options, code, hint) => {
    const at = await start(options, env);
    const { error } = await expectFailure(at, 3, ["run", "--json"]);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
    expect(at.simulator.stats().calls).toBe(0);
    expect(await filesBelow(join(at.data, "Tag"))).toEqual([]);
  });

  it.each<readonly [string, Environment, SimulatorOptions]>([
    ["an unknown business unit", { PARDOT_BUSINESS_UNIT_ID: "0UvSIM0000000009ZZ" }, {}],
    ["mixed-up hosts", {}, { knobs: { wrongHost: true } }],
  ])("end a run with exit 3 after one call and name the pairs of hosts for %s (201)", async (_what, env, options) => {
    const at = await start(options, env);
    const { error } = await expectFailure(at, 3, ["run", "--json", "--log-level", "debug"]);
    expect(error.code).toBe("pardot.business-unit-unknown");
    const { host } = new URL(at.simulator.url);
    expect(error.message).toContain(`${at.env["PARDOT_BUSINESS_UNIT_ID"]} is unknown or inactive at ${host}`);
    for (const name of ["login.salesforce.com", "pi.pardot.com", "test.salesforce.com", "pi.demo.pardot.com"]) {
      expect(error.hint).toContain(name);
    }
    expect(at.simulator.stats().calls).toBe(1);
  });

  it("are reported by check, one line each", async () => {
    const at = await start({}, { PARDOT_CLIENT_SECRET: "canary-3" });
    const { code, stdout } = await cli(at, ["check"]);
    expect(code).toBe(3);
    expect(stdout).toContain("PARDOT_CLIENT_SECRET");
    expect(stdout).toMatch(/destination/);
  });
});

describe.concurrent("a wrong configuration or command", { timeout: 120_000 }, () => {
  it("with ten faults ends with exit 2 and lists all of them, without any call", async () => {
    const at = await start();
    const env = {
      PARDOT_BUSINESS_UNIT_ID: "0Uv1",
      PARDOT_API_URL: "http://pi.pardot.com",
      PARDOT_API_VERSION: "6",
      PARDOT_TIMEZONE: "Mars/Olympus",
      PARDOT_CLIENT_SECRET: undefined,
      PARDOT_MAX_CONCURRENCY: "9",
      PARDOT_EXPORT_POLL_INTERVAL: "often",
      PARDOT_ETL_OBJECTS: "VisitorActivity,Tagg",
      PARDOT_ETL_BYTES_PER_FILE: "16",
      PARDOT_ETL_ROWS_PER_FILE: "0",
      PARDOT_ETL_COLOUR: "canary-4",
    };
    const { error } = await expectFailure(at, 2, ["run", "--json"], { env });
    expect(error.code).toBe("config.invalid");
    const { problems } = error as unknown as { problems: { path: string; expected: string }[] };
    for (const name of Object.keys(env)) {
      expect(problems.filter(({ path, expected }) => path === name && expected !== "")).toHaveLength(1);
    }
    expect(problems).toHaveLength(Object.keys(env).length);
    expect(at.simulator.stats().requests).toEqual([]);
    expect(await filesBelow(at.data)).toEqual([]);
  });

  it.each([
    [["run", "Tagg", "--json"], "config.invalid", "Tag"],
    [["rnu", "--json"], "usage.invalid", "run"],
    [["run", "--json", "--ful"], "usage.invalid", "--full"],
  ])("in %j ends with exit 2 and suggests the right name", async (args, code, guess) => {
    const at = await start();
    const { error } = await expectFailure(at, 2, args);
    expect(error.code).toBe(code);
    expect(JSON.stringify(error)).toContain(`did you mean ${guess}?`);
    expect(at.simulator.stats().requests).toEqual([]);
  });

  it("is reported without --json too, and stdout stays empty", async () => {
    const at = await start({}, { PARDOT_BUSINESS_UNIT_ID: "0Uv1" });
    const { code, stdout, stderr } = await cli(at, ["run"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain('PARDOT_BUSINESS_UNIT_ID is "0Uv1": expected 18 letters and digits that start with 0Uv');
  });
});

describe.concurrent("an unusable destination", { timeout: 120_000 }, () => {
  it("that is a file instead of a folder ends with exit 7 before any call", async () => {
    const at = await start();
    await writeFile(at.data, "a file");
    const { error } = await expectFailure(at, 7, ["run", "--json"]);
    expect(error).toMatchObject({ code: "storage.not-a-folder", hint: expect.stringContaining("another") as string });
    expect(error.message).toContain(at.data);
    expect(at.simulator.stats().requests).toEqual([]);
  });

  it("that is not writable ends with exit 7 before any call", async () => {
    const at = await start();
    await mkdir(at.data);
    for (const folder of [at.root, at.tmp]) await chmod(folder, 0o777);
    await chmod(at.data, 0o555);
    // Root may write anywhere: it has to be nobody here.
    const user = { apart: true, ...(process.getuid?.() === 0 ? { uid: 65_534 } : {}) };
    const { error } = await expectFailure(at, 7, ["run", "--json"], user);
    expect(error).toMatchObject({
      code: "storage.no-permission",
      hint: expect.stringContaining("permission") as string,
    });
    expect(at.simulator.stats().requests).toEqual([]);
  });

  it("without its temporary folder ends with exit 7 and names the variable", async () => {
    // More files than slots for requests: each must release its slot.
    const at = await start({ knobs: { filesPerExport: 4 } });
    const env = { PARDOT_ETL_TMPDIR: join(at.root, "nowhere") };
    const { error } = await expectFailure(at, 7, ["run", "--json"], { env });
    expect(error).toMatchObject({ code: "storage.tmp-missing" });
    expect(error.hint).toContain("PARDOT_ETL_TMPDIR");
  });

  it("G2 with a full temporary disk ends with exit 7, commits files that fit, and the next run lands the rest", async (test) => {
    const disk = mountSmallDisk(64 * 1024);
    test.skip(typeof disk === "string", `mounting is not permitted here: ${disk as string}`);
    if (typeof disk === "string") return;
    const at = await start({ rows: { VisitorActivity: 4000 } });
    try {
      const { error } = await expectFailure(at, 7, ["run", "--json"], { env: { PARDOT_ETL_TMPDIR: disk.path } });
      expect(error).toMatchObject({ code: "storage.tmp-full" });
      expect(error.hint).toContain("PARDOT_ETL_TMPDIR");
      expect(await filesBelow(disk.path)).toEqual([]);
    } finally {
      disk.unmount();
    }
    const [manifest] = await wholeManifests(at.data);
    expect(manifest).toMatchObject({ status: "partial", api_calls: { total: at.simulator.stats().calls } });
    for (const name of OBJECTS) await expectNothingWrong(at, name);
    expect(await cli(at, ["run"])).toMatchObject({ code: 0 });
    for (const name of OBJECTS) await expectExactly(at, name);
  });
});

describe.concurrent("a run", { timeout: 120_000 }, () => {
  it("prints the destination's manifest to stdout and text for people to stderr", async () => {
    const at = await start();
    const { code, stdout, stderr } = await cli(at, ["run", "--json", "--log-level", "debug"], { apart: true });
    expect(code).toBe(0);
    const path = (await filesBelow(at.data)).find((name) => name.endsWith("manifest.json"));
    expect(JSON.parse(stdout)).toEqual(JSON.parse(await readFile(join(at.data, String(path)), "utf8")));
    const log = stderr
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(log).toEqual(
      expect.arrayContaining(["run_started", "export_polled", "page_read", "file_landed", "committed"]),
    );
    expect(log.at(-1)).toBe("run_ended");
    for (const name of OBJECTS) await expectExactly(at, name);
    expect(await filesBelow(at.tmp)).toEqual([]);
  });

  it("G2 with one failing object names it, commits the others, and the next run reads only the missing data", async () => {
    const at = await start();
    // More refusals than retries of one request; the code is a permanent one.
    at.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 100 }]);
    const { code, stdout, stderr } = await cli(at, ["run", "--json"]);
    expect(code).toBe(5);
    expect(stderr).toContain("Tag");
    const manifest = JSON.parse(stdout) as Manifest;
    const [written] = await wholeManifests(at.data);
    expect(manifest).toEqual(written);
    expect(manifest.status).toBe("partial");
    expect(manifest.objects.map(({ object, status, error }) => [object, status, error?.code])).toEqual([
      ["VisitorActivity", "complete", undefined],
      ["Tag", "failed", "pardot.sort-key-unknown"],
      ["Account", "complete", undefined],
    ]);
    expect(manifest.objects[1]?.open_windows).toHaveLength(1);
    expect(manifest.api_calls.total).toBe(at.simulator.stats().calls);
    at.simulator.faults([]);
    const { length: exports } = at.simulator.stats().exports;
    expect(await cli(at, ["run"])).toMatchObject({ code: 0 });
    const added = at.simulator.stats().exports.slice(exports);
    // The last day of activities, like every run, but all tags.
    expect(added.map(({ arguments: given }) => "updated_after" in given)).toEqual([true]);
    const queries = at.simulator.stats().requests.filter(({ kind, status }) => kind === "tag query" && status === 200);
    expect(queries.map(({ parameters }) => parameters["updated_after"] ?? "no bound")).toContain("no bound");
    for (const name of OBJECTS) await expectExactly(at, name);
  });

  it("G8 shows no secret when everything fails, even at the lowest log level", async () => {
    const at = await start();
    at.simulator.faults([
      { path: "/services/oauth2/token", garbage: true },
      { path: "/account/", code: 184, message: `access_token ${ACCESS_TOKEN}1.x is invalid`, count: 1 },
      { path: "/tag/", code: 49, message: `refresh_token=${SIMULATOR_REFRESH_TOKEN}`, count: 100 },
      { path: "/export/", code: 16, message: SIMULATOR_CLIENT_SECRET, count: 100 },
    ]);
    const { code } = await cli(at, ["run", "--json", "--log-level", "debug"], { apart: true });
    expect(code).toBe(5);
    const [manifest] = await wholeManifests(at.data);
    expect(manifest?.objects.map(({ status }) => status)).toEqual(["failed", "failed", "complete"]);
  });
});
