import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import { COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { SETTING_BY_NAME } from "../../src/config/settings.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";
import { blocksOf, pageText } from "./blocks.ts";

// The quick starts, typed exactly as on the pages.

const LAUNCHER = join(import.meta.dirname, "../../pardot-etl");
const PAGE = await pageText("docs/quickstart.md");

const BLOCKS = blocksOf(PAGE);

function blocks(section: string, language: string): string[] {
  return BLOCKS.filter((block) => block.section === section && block.language === language).map(({ text }) => text);
}

interface Typed {
  readonly code: number | null;
  readonly output: string;
}

/** Types commands into a shell in a folder with the launcher, like a checkout; stops at the first failure. */
async function typeIn(commands: string, cwd: string): Promise<Typed> {
  // Not every machine has curl; the pages only post and get with it.
  const curl = `node -e 'fetch(process.argv.at(-1),{method:process.argv.includes("POST")?"POST":"GET"}).then(async r=>process.stdout.write(await r.text()))' -- "$@"`;
  const prelude = `set -e\ncurl() { ${curl}; }\n`;
  const shell = spawn("bash", ["-c", prelude + commands], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(shell, "close")) as [number | null];
  return { code, output };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "pardot-etl-quickstart-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await symlink(LAUNCHER, join(path, "pardot-etl"));
  return path;
}

describe("the quick start with a simulated account", () => {
  test("works as written", { timeout: 300_000 }, async () => {
    const cwd = await folder();
    const typed = blocks("A simulated account", "sh");
    expect(typed.length).toBeGreaterThan(4);
    const last = "trap 'kill $SIMULATOR_PID 2> stray; echo \"$PARDOT_API_URL\" > address' EXIT\n";
    const { code, output } = await typeIn(last + typed.join("\n"), cwd);
    expect(output).not.toMatch(/^failed/m);
    expect({ code, output }).toEqual({ code: 0, output });
    // The output on the page, except for the files and the run, which depend on the moment.
    const [shown = ""] = blocks("A simulated account", "");
    const rows = shown.split("\n").filter((each) => /^[A-Z]\w+ +\d/.test(each));
    expect(rows.length).toBeGreaterThan(1);
    for (const row of rows) {
      const [object = "", read = "", added = "", changed = "", , inTable = ""] = row.split(/ {2,}/);
      const wanted = [object, read, added, changed, String.raw`\d+`, inTable].join(" +");
      expect(output).toMatch(new RegExp(`^${wanted}$`, "m"));
    }
    expect(output.match(/^run \S+ complete: /gm)).toHaveLength(3);
    expect(output).toMatch(/^verified \d+ files, .*: all as committed$/m);
    expect(output).toMatch(/^ +custom fields +\S+ string/m);
    const address = (await readFile(join(cwd, "address"), "utf8")).trim();
    expect(address).toMatch(/^http:/);
    await expect.poll(() => fetch(address).catch(() => null)).toBeNull();
  });
});

describe("every quick start", () => {
  const commands = BLOCKS.filter(({ language }) => language === "sh").flatMap(({ text }) => text.split("\n"));

  test("uses only existing commands and options", () => {
    const used = commands.flatMap((line) => [...line.matchAll(/(?:^|\$\()\.\/pardot-etl ([a-z]+)([^#|>]*)/g)]);
    expect(used.length).toBeGreaterThan(10);
    for (const [, name = "", rest = ""] of used) {
      const command = COMMANDS.find((each) => each.name === name);
      expect(command?.name).toBe(name);
      const flags = [...COMMON_OPTIONS, ...(command?.options ?? [])].map(({ flag }): string => flag);
      for (const flag of rest.match(/--[a-z-]+/g) ?? []) expect(flags).toContain(flag);
    }
  });

  test("sets only existing variables", () => {
    const variables = commands.flatMap((line) => line.match(/\b(?:PARDOT|SNOWFLAKE)_[A-Z_]+(?==)/g) ?? []);
    expect(variables.length).toBeGreaterThan(15);
    const known: readonly string[] = [...SETTING_BY_NAME.keys()];
    for (const variable of variables) expect(known).toContain(variable);
  });
});

describe("the tables in Snowflake", () => {
  test("are printed by the command on the page, with the custom fields of the account", async () => {
    const cwd = await folder();
    const simulator = await startSimulator({ scale: "tiny" });
    onTestFinished(() => simulator.close());
    const command =
      blocks("Your account into S3 and Snowflake", "sh").find((text) => text.includes("tables.sql")) ?? "";
    const env = {
      ...simulatorAccess(simulator.url),
      PARDOT_TIMEZONE: "Europe/Berlin",
      PARDOT_ETL_DESTINATION: "./data",
    };
    const variables = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
    const { code } = await typeIn([...variables, command].join("\n"), cwd);
    expect(code).toBe(0);
    const sql = await readFile(join(cwd, "tables.sql"), "utf8");
    for (const { core, table } of catalog)
      expect(sql.includes(`\nCREATE PIPE IF NOT EXISTS ${table}_PIPE `)).toBe(core);
    expect(sql).toMatch(/^ALTER TABLE PARDOT_PROSPECT ADD COLUMN IF NOT EXISTS "(?!_PARDOT)/m);
  });
});
