import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MEANINGS } from "../../scripts/column-meanings.ts";
import { PAGES } from "../../scripts/docs.ts";
import { entries } from "../../src/catalog/index.ts";
import { COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { filePath, SETTINGS } from "../../src/config/settings.ts";

const ROOT = join(import.meta.dirname, "../..");
const readPage = async (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the reference pages", () => {
  test.each(Object.entries(PAGES))("have a current %s (or run `npm run docs`)", async (path, page) => {
    expect(await readPage(path)).toBe(page());
  });

  test.each(SETTINGS.map((setting) => setting.env))("have %s and its key in configuration.md", async (env) => {
    const page = await readPage("docs/configuration.md");
    expect(page).toContain(`| \`${env}\``);
    expect(page).toContain(`| \`${filePath(env)}\``);
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "have %s with its arguments and options in commands.md",
    async (name, command) => {
      const page = await readPage("docs/commands.md");
      const section = page.split(/^## /m).find((part) => part.startsWith(`${name}\n`));
      for (const option of command.options) expect(section).toContain(`| \`${option.flag}`);
      if (command.objects !== null) expect(section).toContain(`| \`object\``);
      expect(section).toContain(command.summary);
    },
  );

  test("have every object with its table, ways and columns in objects.md", async () => {
    const sections = (await readPage("docs/objects.md")).split(/^## /m);
    for (const { name, table, columns } of entries) {
      const section = sections.find((part) => part.startsWith(`${name}\n`));
      expect(section).toContain(`\`${table}\``);
      expect(section).toMatch(/^\| `(?:auto|5)` +\| v[45] +\| \w+/m);
      for (const column of columns)
        expect(section).toMatch(new RegExp(`^\\| \`${column.name}\` +\\| ${column.type} `, "m"));
    }
    expect(sections.at(-1)).toMatch(/^\| 38 +\| Opportunity unlinked/m);
  });

  test("explain only columns that exist", () => {
    const names = new Set(
      entries.flatMap(({ name, columns }) => columns.flatMap((it) => [it.name, `${name}.${it.name}`])),
    );
    expect(Object.keys(MEANINGS).filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(COMMON_OPTIONS.map((option) => option.flag))("have %s in commands.md", async (flag) => {
    expect((await readPage("docs/commands.md")).split(/^## /m)[0]).toContain(`| \`${flag}`);
  });
});

describe("the tables", () => {
  test("name each command, option and setting once", () => {
    const names = COMMANDS.map((command) => command.name);
    expect(new Set(names).size).toBe(names.length);
    for (const command of COMMANDS) {
      const flags = [...COMMON_OPTIONS, ...command.options].map((option) => option.flag);
      expect(new Set(flags).size).toBe(flags.length);
    }
    expect(new Set(SETTINGS.map((setting) => setting.env)).size).toBe(SETTINGS.length);
  });

  test("have lower snake case keys below a section for all settings", () => {
    for (const setting of SETTINGS) expect(filePath(setting.env)).toMatch(/^(pardot|etl|snowflake)\.[a-z][a-z0-9_]*$/);
  });
});

test("docs/troubleshooting.md names only codes that errors and warnings have", async () => {
  const page = await readPage("docs/troubleshooting.md");
  const named = [...page.matchAll(/`([a-z]+\.[a-z-]+)`/g)].map(([, code = ""]) => code);
  expect(named.length).toBeGreaterThan(20);
  const sources: string[] = [];
  for await (const file of glob("src/**/*.ts", { cwd: ROOT })) {
    if (!file.endsWith(".test.ts")) sources.push(await readFile(join(ROOT, file), "utf8"));
  }
  const all = sources.join("\n");
  // Some are composed of the kind of failure.
  const isKnown = (code: string): boolean =>
    all.includes(`"${code}"`) || (code.startsWith("storage.") && all.includes(`"${code.slice("storage.".length)}"`));
  expect(named.filter((code) => !isKnown(code))).toEqual([]);
});
