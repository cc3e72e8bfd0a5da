import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { manifestKey } from "../../src/manifest/manifest.ts";
import { callCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import { layOutMorning, openMorning } from "../kit/mornings.ts";
import type { MorningName } from "../kit/mornings.ts";

const RUN = "20260320T060000Z-abc000";
const DEFAULT_NAME = `pardot-etl-report-${RUN}.html`;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-report-"));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

async function layOut(name: MorningName): Promise<void> {
  await layOutMorning(await openMorning(name), join(cwd, "data"));
}

/** No credentials: the command makes no call. */
function report(...args: readonly string[]): Promise<CliResult> {
  return callCli(["report", ...args], { PARDOT_ETL_DESTINATION: "data" }, { cwd });
}

interface ErrorJson {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

describe("report", () => {
  test("writes the page about the newest run into the working folder, and prints where", async () => {
    await layOut("partial");
    const { code, stdout } = await report();
    expect([code, stdout]).toEqual([0, `wrote the report of run ${RUN}: ${join(cwd, DEFAULT_NAME)}\n`]);
    expect(await readdir(cwd)).toEqual(["data", DEFAULT_NAME]);
    const page = await readFile(join(cwd, DEFAULT_NAME), "utf8");
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(page).toContain("2 of 14 objects failed (VisitorActivity and Opportunity)");
  });

  test("changes nothing in the destination", async () => {
    await layOut("died");
    const before = await readdir(join(cwd, "data"), { recursive: true });
    expect((await report()).code).toBe(0);
    expect(await readdir(join(cwd, "data"), { recursive: true })).toEqual(before);
  });

  test("takes the id of an earlier run, and --output for the file", async () => {
    await layOut("well");
    await mkdir(join(cwd, "pages"));
    const { code } = await report("20260315T060000Z-abbffb", "--output", "pages/one.html");
    expect(code).toBe(0);
    const page = await readFile(join(cwd, "pages/one.html"), "utf8");
    expect(page).toContain("<h1>pardot-etl run 20260315T060000Z-abbffb</h1>");
    expect(page).toContain("5 later runs followed, and the destination is healthy now.");
  });

  test("works for a run without a manifest, with a damaged one, and for one that the state has forgotten", async () => {
    await layOut("died");
    expect((await report(RUN, "--output", "a.html")).code).toBe(0);
    expect(await readFile(join(cwd, "a.html"), "utf8")).toContain("The run died before it could commit");

    const earlier = "20260319T060000Z-abbfff";
    await writeFile(join(cwd, "data", manifestKey(earlier)), "{");
    expect((await report(earlier, "--output", "b.html")).code).toBe(0);
    expect(await readFile(join(cwd, "b.html"), "utf8")).toContain("The manifest of this run cannot be used");

    await rm(join(cwd, "data", manifestKey(earlier)));
    expect((await report(earlier, "--output", "d.html")).code).toBe(0);
    expect(await readFile(join(cwd, "d.html"), "utf8")).toContain("The manifest of this run is gone");

    const first = "20260306T060000Z-abbff2";
    await rm(join(cwd, "data/_pardot_etl/state"), { recursive: true });
    expect((await report(first, "--output", "c.html")).code).toBe(0);
    expect(await readFile(join(cwd, "c.html"), "utf8")).toContain("pardot-etl run --full");
  });

  test("with --output - writes the page to stdout, and no file", async () => {
    await layOut("well");
    const { code, stdout } = await report("--output", "-");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/);
    expect(await readdir(cwd)).toEqual(["data"]);
  });

  test("with --json prints the id and the file", async () => {
    await layOut("well");
    const { code, stdout } = await report("--json", "--output", "x.html");
    expect([code, JSON.parse(stdout)]).toEqual([0, { run_id: RUN, output: join(cwd, "x.html") }]);
  });

  test("with --quiet prints nothing", async () => {
    await layOut("well");
    expect(await report("-q")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test.each([
    ["no run", null, [], "usage.no-run", "there is none in"],
    [
      "an unknown run",
      "well",
      ["20200101T000000Z-000000"],
      "usage.run-unknown",
      "there is no run 20200101T000000Z-000000",
    ],
    ["an id that is a path", "well", ["../../x"], "usage.run-unknown", "there is no run ../../x"],
    ["an empty id", "well", [""], "usage.run-unknown", "there is no run  in"],
    ["two ids", "well", ["a", "b"], "usage.invalid", "too many arguments"],
    ["--json with stdout", "well", ["--output", "-"], "usage.no-effect", "both write to stdout"],
  ] as const)("is exit 2 for %s, writes no file and has a hint", async (_what, name, args, code, message) => {
    if (name !== null) await layOut(name);
    const result = await report(...args, "--json");
    const { error } = JSON.parse(result.stdout) as ErrorJson;
    expect([result.code, error.code]).toEqual([2, code]);
    expect(error.message).toContain(message);
    expect(error.hint).not.toBe("");
    expect((await readdir(cwd)).filter((file) => file !== "data")).toEqual([]);
  });

  test.each([
    ["in a folder that does not exist", "nowhere/x.html", "the folder does not exist (ENOENT)"],
    ["that is a folder", "data", "it is a folder (EISDIR)"],
    ["below a file", "file/x.html", "part of the path is a file (ENOTDIR)"],
  ])("is exit 7 for a file %s, and leaves nothing behind", async (_what, output, reason) => {
    await layOut("well");
    await writeFile(join(cwd, "file"), "");
    const result = await report("--output", output, "--json");
    const { error } = JSON.parse(result.stdout) as ErrorJson;
    expect([result.code, error.code]).toEqual([7, "storage.output-not-written"]);
    expect(error.message).toContain(reason);
    expect((await readdir(cwd)).toSorted()).toEqual(["data", "file"]);
  });

  test("replaces an existing file in one step, and the target of a symbolic link", async () => {
    await layOut("well");
    await mkdir(join(cwd, "real"));
    await writeFile(join(cwd, "real/page.html"), "old");
    await symlink("real/page.html", join(cwd, "link.html"));
    expect((await report("--output", "link.html")).code).toBe(0);
    expect(await readlink(join(cwd, "link.html"))).toBe("real/page.html");
    expect(await readFile(join(cwd, "real/page.html"), "utf8")).toMatch(/^<!doctype html>/);
    expect(await readdir(join(cwd, "real"))).toEqual(["page.html"]);
  });

  test("writes to a pipe without replacing it", async () => {
    await layOut("well");
    execFileSync("mkfifo", [join(cwd, "pipe")]);
    const read = readFile(join(cwd, "pipe"), "utf8");
    expect((await report("--output", "pipe")).code).toBe(0);
    expect(await read).toMatch(/^<!doctype html>/);
    expect((await stat(join(cwd, "pipe"))).isFIFO()).toBe(true);
  });

  test("holds no secret of the environment", async () => {
    await layOut("partial");
    const env = { PARDOT_ETL_DESTINATION: "data", PARDOT_CLIENT_SECRET: "Service Unavailable" };
    expect((await callCli(["report", "--output", "x.html"], env, { cwd })).code).toBe(0);
    const page = await readFile(join(cwd, "x.html"), "utf8");
    expect(page).toContain("refused 6 attempts with 503 ***");
    expect(page).not.toContain("Service Unavailable");
  });
});
