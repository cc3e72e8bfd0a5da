import { glob, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { GROUPS, GUIDES } from "../../src/cli/guide.ts";
import { main } from "../../src/cli/main.ts";
import { pageNames } from "../../src/cli/manual.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { fakeIo } from "../kit/fakes/io.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function help(...words: readonly string[]): Promise<Outcome> {
  const io = fakeIo();
  const code = await main(["help", ...words], io);
  return { code, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

describe("the manual", () => {
  test("has every page of docs/", async () => {
    const pages = (await readdir(join(ROOT, "docs"))).filter((name) => name.endsWith(".md"));
    expect(pages.length).toBeGreaterThan(15);
    for (const page of pages) {
      const { code, stdout, stderr } = await help(page);
      expect({ page, code, stderr }).toEqual({ page, code: 0, stderr: "" });
      // Comments are for those who edit the page.
      expect(stdout).not.toContain("<!--");
      expect(stdout).toMatch(/^# .*\n\n\S/);
    }
  });

  test.each([
    ["authentication"],
    ["Authentication"],
    ["authentication.md"],
    ["docs/authentication.md"],
    ["./docs/authentication.md"],
  ])("prints a page, named as %s", async (word) => {
    const text = await readFile(join(ROOT, "docs/authentication.md"), "utf8");
    expect(await help(word)).toEqual({ code: 0, stdout: text, stderr: "" });
  });

  test("prints one section with those below it, up to the next of its level", async () => {
    const { stdout } = await help("authentication#2-scopes");
    expect(stdout).toMatch(/^### 2\. Scopes\n/);
    expect(stdout).not.toMatch(/^### (1|3)\./m);
    const whole = (await help("authentication#secrets-in-aws")).stdout;
    expect(whole).toMatch(/^## Secrets in AWS\n/);
    expect(whole).toMatch(/^### /m);
    expect(whole.match(/^## /gm)).toHaveLength(1);
  });

  test("prints the command where a page has its name, and the page with .md", async () => {
    expect((await help("probe")).stdout).toContain("Usage: pardot-etl probe\n");
    expect((await help("probe")).stdout).toContain("`pardot-etl help probe.md`");
    expect((await help("probe.md")).stdout).toMatch(/^# /);
  });

  test.each([
    ["authentification", "did you mean authentication?"],
    ["rnu", "did you mean run?"],
    ["../package.json", "The pages are authentication, "],
    ["licenses/../../package", "The pages are authentication, "],
    ["authentication#nowhere", "`pardot-etl help authentication.md` prints the whole page."],
  ])("has no %s", async (word, hint) => {
    const { code, stdout, stderr } = await help(word);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(hint);
  });

  test("has everything that messages and pages refer to", async () => {
    const files = ["README.md"];
    for await (const file of glob(["src/**/*.ts", "docs/*.md"], { cwd: ROOT })) files.push(file);
    const named = new Set<string>();
    for (const file of files.filter((name) => !name.endsWith(".test.ts"))) {
      const text = await readFile(join(ROOT, file), "utf8");
      for (const [, topic = ""] of text.matchAll(/pardot-etl help ([\w.#-]+\w)/g)) named.add(topic);
    }
    expect(named.size).toBeGreaterThan(5);
    for (const topic of named) expect({ topic, ...(await help(topic)) }).toMatchObject({ topic, code: 0 });
  });

  test("is the only place that messages refer to: files of a checkout are not in every installation", async () => {
    const wrong: string[] = [];
    for await (const file of glob("src/**/*.ts", { cwd: ROOT })) {
      if (file.endsWith(".test.ts") || file === "src/cli/commands/help.ts") continue;
      const lines = (await readFile(join(ROOT, file), "utf8")).split("\n");
      wrong.push(...lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line) && /docs\/[\w-]+\.md/.test(line)));
    }
    // What is behind code is a comment.
    expect(wrong.filter((line) => !/\/\/.*docs\//.test(line))).toEqual([]);
  });
});

test("the help of each command refers to pages that there are", () => {
  for (const { pages } of Object.values(GUIDES)) expect(pageNames()).toEqual(expect.arrayContaining([...pages]));
});

describe("the help of the program", () => {
  test("fits 80 columns and names every command in a group, every common option and every page", async () => {
    const { stdout } = await help();
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    for (const { title, commands } of GROUPS) {
      if (COMMANDS.some(({ name }) => commands.includes(name))) expect(stdout).toContain(`\n${title}:\n`);
    }
    expect(stdout).not.toContain("\nOther:\n");
    for (const { flag } of COMMON_OPTIONS) expect(stdout.split(flag)).toHaveLength(2);
    for (const topic of pageNames()) expect(stdout).toMatch(new RegExp(`\\b${topic}[,.]`));
    expect(stdout).toContain("\nExamples:\n");
  });
});

describe.each(COMMANDS.map((command) => [command.name, command] as const))("the help of %s", (name, command) => {
  test("fits 80 columns, has examples, and leaves the common options to the help of the program", async () => {
    const { code, stdout } = await help(name);
    expect(code).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^Usage: pardot-etl /m);
    expect(stdout).toContain("\nExamples:\n");
    for (const { meaning } of COMMON_OPTIONS) expect(stdout).not.toContain(meaning);
    expect(stdout).toContain("`pardot-etl --help`");
    for (const option of command.options) expect(stdout).toMatch(new RegExp(`^  (-\\w, )?${option.flag}\\b`, "m"));
  });

  test("has only examples that can be typed", async () => {
    const { examples = [] } = GUIDES[name] ?? {};
    expect(examples.length).toBeGreaterThan(0);
    for (const [words] of examples) {
      const typed = words.replace(/ >.*/, "").replaceAll("'", "").split(" ");
      const request = await parseCommandLine(typed, COMMANDS, "0");
      expect({ words, name: request.kind === "command" ? request.command.name : "help" }).toEqual({ words, name });
    }
  });
});
