import { appendFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { StatusResult, VerifyResult } from "../../src/operations/api.ts";
import { callCli } from "../kit/cli.ts";
import { expectTruth, filesBelow, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G2: a lost state is never read as "no history".

// A lost state with existing manifests is never read as "no history", and a damaged one is named.

async function start(env: Environment = {}): Promise<Scene> {
  const at = await scene({}, { PARDOT_ETL_OBJECTS: "Tag", ...env });
  onTestFinished(() => at.close());
  await at.run();
  return at;
}

function cli(at: Scene, ...argv: string[]): ReturnType<typeof callCli> {
  return callCli(argv, at.env, { cwd: at.root });
}

describe("a destination without its state", () => {
  it("is refused by run and plan without a call to Pardot, and named by check, which goes on to call it", async () => {
    const at = await start();
    await rm(join(at.data, "_pardot_etl/state"), { recursive: true });
    const before = await filesBelow(at.data);
    const { calls } = at.simulator.stats();
    for (const command of ["run", "plan"]) {
      const { code, stdout } = await cli(at, command, "--json");
      expect([command, code]).toEqual([command, 6]);
      expect(JSON.parse(stdout)).toMatchObject({
        error: {
          code: "state.missing",
          hint: expect.stringMatching(/Pardot was not called.*Restore.*_pardot_etl\/state.*--full/s) as string,
        },
      });
    }
    expect(at.simulator.stats().calls).toBe(calls);
    expect(await filesBelow(at.data)).toEqual(before);
    const checked = await cli(at, "check");
    expect(checked.code).toBe(6);
    expect(checked.stdout).toContain("Nothing was changed. Restore");
    expect(checked.stdout + checked.stderr).not.toContain("not called");
  });

  it("is reported by status and verify, which continue", async () => {
    const at = await start();
    await rm(join(at.data, "_pardot_etl/state"), { recursive: true });
    const told = await cli(at, "status", "--json");
    expect((JSON.parse(told.stdout) as StatusResult).runs).toEqual([]);
    expect(told.stderr).toContain("there are manifests of 1 earlier run");
    const { code, stdout } = await cli(at, "verify", "--json");
    expect(code).toBe(6);
    const { files, problems } = JSON.parse(stdout) as VerifyResult;
    expect(files).toBeGreaterThan(0);
    expect(problems.map(({ key }) => key)).toEqual(["_pardot_etl/state/"]);
  });

  it("is read again by --full, which reports it", async () => {
    const at = await start();
    await rm(join(at.data, "_pardot_etl/state"), { recursive: true });
    expect((await cli(at, "plan", "--full")).code).toBe(0);
    const { code, stdout } = await cli(at, "run", "--full", "--json");
    expect(code).toBe(0);
    const codes = (JSON.parse(stdout) as Manifest).warnings.map((warning) => warning.code);
    expect(codes.filter((warning) => warning !== "clock.off")).toEqual(["state.missing"]);
    expect((await cli(at, "run")).code).toBe(0);
    await expectTruth(at, "Tag");
  });

  it("is refused to another business unit with any options", async () => {
    const at = await start();
    await rename(join(at.data, "_pardot_etl/state"), join(at.root, "state"));
    const env = { ...at.env, PARDOT_BUSINESS_UNIT_ID: "0UvSIM0000000002AB" };
    for (const argv of [["run"], ["run", "--full"], ["plan", "--full"]]) {
      const { code, stdout } = await callCli([...argv, "--json"], env, { cwd: at.root });
      expect([argv, code]).toEqual([argv, 2]);
      expect(stdout).toContain(String(at.env["PARDOT_BUSINESS_UNIT_ID"]));
    }
    await rename(join(at.root, "state"), join(at.data, "_pardot_etl/state"));
    expect((await cli(at, "run")).code).toBe(0);
  });
});

describe("a state with a damaged newest entry", () => {
  it.each([
    ["has no base", (entry: Entry) => ({ ...entry, base: undefined })],
    ["has a snapshot of null", (entry: Entry) => ({ ...entry, snapshot: null, changes: undefined })],
    ["is empty", () => ({})],
  ])("is refused by every command if it %s", async (_, damage) => {
    const at = await start();
    const names = (await filesBelow(join(at.data, "_pardot_etl/state"))).filter((name) => /^\d+\.json$/.test(name));
    const path = join(at.data, "_pardot_etl/state", names.toSorted().at(-1) ?? "");
    await writeFile(path, JSON.stringify(damage(JSON.parse(await readFile(path, "utf8")) as Entry)));
    const { calls } = at.simulator.stats();
    for (const command of ["run", "plan", "status", "verify"]) {
      const { code, stderr } = await cli(at, command);
      expect([command, code]).toEqual([command, 6]);
      expect(stderr).toContain("it is damaged");
    }
    expect(at.simulator.stats().calls).toBe(calls);
  });
});

type Entry = Record<string, unknown>;

describe("a damaged manifest", () => {
  it.each([
    ["leads out of the destination", "../../etc/passwd"],
    ["is absolute", "/etc/passwd"],
    ["has control characters", "Tag/\u001B[2J\u0000.csv"],
    ["is too long", `Tag/${"x".repeat(900)}`],
    ["is a number", 7],
  ])("with a key that %s is named by verify, which proves the rest, and stops nothing else", async (_, key) => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Tag,Form", PARDOT_ETL_RETENTION: "90d" });
    const name = (await filesBelow(at.data)).find((file) => file.endsWith("manifest.json")) ?? "";
    const manifest = JSON.parse(await readFile(join(at.data, name), "utf8")) as {
      objects: { files: { key: unknown }[] }[];
    };
    const [file] = manifest.objects[0]?.files ?? [];
    const lost = String(file?.key);
    if (file !== undefined) file.key = key;
    await writeFile(join(at.data, name), JSON.stringify(manifest));
    const other = manifest.objects[1]?.files[0]?.key as string;
    await appendFile(join(at.data, other), "x");
    const { code, stdout, stderr } = await cli(at, "verify", "--json");
    expect(code).toBe(6);
    expect((JSON.parse(stdout) as VerifyResult).problems.map((problem) => problem.key).toSorted()).toEqual(
      [lost, other, name].toSorted(),
    );
    expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    for (const command of ["status", "plan", "run"])
      expect([command, (await cli(at, command)).code]).toEqual([command, 0]);
  });
});
