import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { followCli } from "../kit/cli.ts";
import type { Cli } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Every documented way of starting the program ends it gracefully on a signal.

const ROOT = join(import.meta.dirname, "../..");
const LAUNCHER = join(ROOT, "pardot-etl");

type Way = (args: readonly string[]) => readonly [command: string, args: readonly string[], cwd: string | null];
const NPM: Way = (args) => ["npm", ["run", "--silent", "cli", "--", ...args], ROOT];
const DIRECT: Way = (args) => [LAUNCHER, args, null];

/** Starts a program in a separate process group, like a shell's job. */
function start(way: Way, args: readonly string[], at: Scene): { readonly cli: Cli; readonly pid: number } {
  const [command, words, cwd] = way(args);
  const child = spawn(command, words, {
    cwd: cwd ?? at.root,
    // The paths of the scene are absolute, because npm runs everything in the checkout.
    // Without its notifier, npm asks no registry whether a newer npm exists.
    env: { PATH: process.env["PATH"], HOME: at.root, npm_config_update_notifier: "false", ...at.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const pid = child.pid ?? 0;
  return { cli: followCli(child, args.join(" "), (signal) => void child.kill(signal), -pid), pid };
}

/**
 * npm is not ours: once on a CI machine a signal sent to it had no effect, and 950 starts under load could not show it
 * again. The second try shows in the report; a fault of ours fails both.
 */
const THROUGH_NPM = { timeout: 240_000, retry: 1 };

/** The remaining processes of a group. */
function leftOf(group: number): string[] {
  const list = execFileSync("ps", ["-e", "-o", "pgid=,pid=,stat=,args="], { encoding: "utf8" });
  return list.split("\n").filter((line) => line.trim().startsWith(`${group} `) && !/^\s*\d+\s+\d+\s+Z/.test(line));
}

/** A run that takes as long as a test needs: one lane, slow pages. */
async function slowScene(): Promise<Scene> {
  const at = await scene({ rows: { Tag: 2000 }, latencyMs: 150 }, { PARDOT_ETL_ROWS_PER_FILE: "200" });
  onTestFinished(() => at.close());
  return at;
}

test.each([
  ["npm run cli, SIGTERM to npm", NPM, "SIGTERM", "process"],
  ["npm run cli, SIGINT to npm", NPM, "SIGINT", "process"],
  ["npm run cli, Ctrl-C in a terminal", NPM, "SIGINT", "group"],
  ["./pardot-etl, SIGTERM", DIRECT, "SIGTERM", "process"],
  ["./pardot-etl, Ctrl-C in a terminal", DIRECT, "SIGINT", "group"],
] as const)(
  "a stopped run commits finished work, exits with 130 and leaves no process (%s)",
  THROUGH_NPM,
  async (_name, way, signal, target) => {
    const at = await slowScene();
    const { cli, pid } = start(way, ["run", "Tag", "Account", "--log-level", "debug"], at);
    await cli.said('"event":"file_landed"');
    process.kill(target === "group" ? -pid : pid, signal);
    const { code, stderr } = await cli.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining("stopping within 25s") as string });
    expect(stderr).toContain('"event":"run_ended"');
    const keys = await filesBelow(at.data);
    expect(keys.filter((key) => key.endsWith("manifest.json"))).toHaveLength(1);
    expect(keys.filter((key) => key.endsWith(".released.json"))).toHaveLength(1);
    expect(leftOf(pid)).toEqual([]);
  },
);

test("a second signal to npm ends the program at once", THROUGH_NPM, async () => {
  const at = await slowScene();
  const { cli, pid } = start(NPM, ["run", "Tag", "--log-level", "debug"], at);
  await cli.said('"event":"file_landed"');
  cli.kill("SIGTERM");
  await cli.said("stopping within");
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  cli.kill("SIGTERM");
  expect((await cli.ended).code).toBe(130);
  expect(leftOf(pid)).toEqual([]);
});

test("simulate stops on request, started by npm and by the launcher", THROUGH_NPM, async () => {
  const at = await slowScene();
  for (const way of [NPM, DIRECT]) {
    const { cli, pid } = start(way, ["simulate", "--port", "0", "--scale", "tiny"], at);
    await cli.said('"url"');
    cli.kill("SIGTERM");
    expect((await cli.ended).code).toBe(0);
    expect(leftOf(pid)).toEqual([]);
  }
});

test("the launcher starts the pinned Node from any folder, also through a link", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-launch-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(LAUNCHER, join(folder, "absolute"));
  await symlink("absolute", join(folder, "relative"));
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  for (const name of ["absolute", "relative"]) {
    // An old Node, or none, is first in the path.
    const env = { PATH: "/usr/bin:/bin" };
    expect(execFileSync(join(folder, name), ["--version"], { cwd: folder, env, encoding: "utf8" })).toBe(
      `${version}\n`,
    );
  }
});

test("the launcher asks in one line to run npm ci", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-launch-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile(LAUNCHER, join(folder, "pardot-etl"));
  const child = spawn(join(folder, "pardot-etl"), ["run"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [code] = (await once(child, "close")) as [number];
  expect({ code, said }).toEqual({
    code: 2,
    said: `pardot-etl: start from ${folder}: node_modules is missing or incomplete; run npm ci there\n`,
  });
});
