import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { runCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Holds G2: no run ends because of its log.

// A run commits and releases its lease whatever happens to its output, and reports a lost result.

let at: Scene;
beforeAll(async () => {
  at = await scene();
});
afterAll(() => at.close());

/** Runs `run Tag` with redirected streams, like a shell, into a separate destination. */
async function run(name: string, redirection: string, args: readonly string[] = []): Promise<CliResult> {
  const env = { ...at.env, PARDOT_ETL_DESTINATION: `data-${name}` };
  return runCli(["run", "Tag", ...args], env, { cwd: at.root, shell: `exec ${redirection}` });
}

async function stateOf(name: string): Promise<{ manifests: number; isReleased: boolean; rows: number }> {
  const folder = join(at.root, `data-${name}`);
  const keys = await filesBelow(folder);
  const manifests = keys.filter((key) => key.endsWith("manifest.json"));
  const whole = await Promise.all(
    manifests.map(async (key) => JSON.parse(await readFile(join(folder, key), "utf8")) as Manifest),
  );
  const files = whole.flatMap(({ objects }) => objects.flatMap((object) => object.files));
  return {
    manifests: manifests.length,
    isReleased: keys.some((key) => key.endsWith(".released.json")),
    rows: files.reduce((sum, file) => sum + file.rows, 0),
  };
}

const DONE = { manifests: 1, isReleased: true, rows: 50 };

test.runIf(process.platform === "linux").each([
  ["full", "2>/dev/full"],
  ["closed", "2>&-"],
  ["read-only", "2</dev/null"],
])("a run that cannot write its log ends like any other (%s)", async (name, redirection) => {
  const { code, stdout } = await run(`log-${name}`, redirection, ["--json", "--log-level", "debug"]);
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as Manifest).status).toBe("complete");
  expect(await stateOf(`log-${name}`)).toEqual(DONE);
});

test.runIf(process.platform === "linux")(
  "a command whose result is lost on a full disk exits with 7, and its run is committed",
  async () => {
    for (const args of [["--json"], []]) {
      const name = `result-${args.length}`;
      const { code, stderr } = await run(name, ">/dev/full", args);
      expect(code).toBe(7);
      expect(stderr).toMatch(/write the result to stdout: .*\(ENOSPC\)/);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(await stateOf(name)).toEqual(DONE);
    }
  },
);

test("a command whose result is cut in the middle exits with 7", async () => {
  // Files end at one kilobyte: the manifest is longer, the small files of the destination are not.
  const result = await runCli(["objects", "--json"], at.env, {
    cwd: at.root,
    shell: "ulimit -f 1; exec >cut.json",
  });
  expect({ code: result.code, stderr: result.stderr }).toEqual({
    code: 7,
    stderr: expect.stringContaining("(EFBIG)") as string,
  });
});

test("a result is not lost if its reader stops reading", async () => {
  const { code, stderr } = await runCli(["objects", "--json"], at.env, { cwd: at.root, shell: "exec > >(head -c 1)" });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
