import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { areAllRequired, missingShells, shells } from "./shells.ts";

const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));
const scripts = readdirSync(DEPLOY).filter((name) => name.endsWith(".sh"));
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("the scripts", () => {
  const missing = missingShells.join(", ");
  test.skipIf(missing !== "" && !areAllRequired)(
    `are run by every shell${missing === "" ? "" : `; not installed: ${missing}`}`,
    () => {
      expect(missing).toBe("");
    },
  );

  test.each(shells)("are valid for $name", ({ path }) => {
    const [program = "", ...options] = path.split(" ");
    expect(scripts.length).toBeGreaterThan(4);
    for (const name of scripts) execFileSync(program, [...options, "-n", join(DEPLOY, name)]);
  });

  test.skipIf(!hasShellcheck && !areAllRequired)("pass shellcheck (skipped if it is not installed)", () => {
    const { stdout, error } = spawnSync(
      "shellcheck",
      ["--external-sources", "--shell=sh", ...scripts.map((name) => `deploy/${name}`)],
      {
        cwd: join(DEPLOY, ".."),
        encoding: "utf8",
      },
    );
    expect({ stdout, error }).toEqual({ stdout: "", error: undefined });
  });

  test("are executable if users run them, and not if only other scripts read them", () => {
    const executable = scripts.filter((name) => (statSync(join(DEPLOY, name)).mode & 0o111) !== 0);
    expect(executable).toEqual(scripts.filter((name) => !["checkout.sh", "environment.sh"].includes(name)));
    for (const name of executable) expect(readFileSync(join(DEPLOY, name), "utf8")).toMatch(/^#!\/bin\/sh\n/);
  });
});

describe("the example environment", () => {
  const example = readFileSync(join(DEPLOY, "environment.env.example"), "utf8");
  const names = (text: string): string[] => [...text.matchAll(/^\s*(?:# )?([A-Z_]+)=/gm)].map(([, name = ""]) => name);

  test("has the lines that Terraform writes and the scripts read", () => {
    const [, written = ""] =
      /output "deploy_env" \{(.*?)^}/ms.exec(readFileSync(join(DEPLOY, "terraform/outputs.tf"), "utf8")) ?? [];
    const read = readFileSync(join(DEPLOY, "environment.sh"), "utf8");
    const known = [...read.matchAll(/^ {4}([A-Z_]+)\) \1=\$2 ;;$/gm)].map(([, name = ""]) => name);
    expect(known.length).toBeGreaterThan(8);
    expect(names(example).toSorted()).toEqual(known.toSorted());
    // Terraform knows no other base image.
    expect(names(written).toSorted()).toEqual(known.filter((name) => name !== "NODE_IMAGE").toSorted());
  });

  test("contains no values", () => {
    const given = example.split("\n").filter((line) => /^[A-Z]/.test(line));
    expect(given.length).toBeGreaterThan(8);
    for (const line of given) expect(line).toMatch(/^[A-Z_]+=<.*>$/);
  });
});

describe("files that the pages tell users to create in a checkout", () => {
  const AT_HAND = [
    "pardot-etl.key",
    "pardot-etl.crt",
    "pardot_etl.p8",
    "pardot_etl.pub",
    "pardot.json",
    "tfplan",
    "pardot-etl.env",
    "deploy/terraform/examples/daily/pardot-etl.key",
  ];

  test("are ignored by git if they are keys or variables, so they neither block a deployment nor get committed", () => {
    // A separate repository, because a test may run in a tree without one.
    const repository = mkdtempSync(join(tmpdir(), "pardot-etl-ignore-"));
    onTestFinished(() => rmSync(repository, { recursive: true, force: true }));
    copyFileSync(join(DEPLOY, "../.gitignore"), join(repository, ".gitignore"));
    const git = (...words: readonly string[]): string =>
      spawnSync("git", words, { cwd: repository, encoding: "utf8" }).stdout;
    git("init", "--quiet");
    expect(
      git("check-ignore", ...AT_HAND)
        .trim()
        .split("\n"),
    ).toEqual(AT_HAND);
    expect(git("check-ignore", "deploy/prod.env", "deploy/environment.env.example")).toBe("");
  });
});
