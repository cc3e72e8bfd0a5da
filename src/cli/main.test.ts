import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fakeIo } from "../../test/kit/fakes/io.ts";
import type { FakeIo } from "../../test/kit/fakes/io.ts";
import { catalog } from "../catalog/index.ts";
import { COMMON_OPTIONS } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { main } from "./main.ts";
import { packageVersion } from "./version.ts";

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(argv: readonly string[], io: FakeIo = fakeIo()): Promise<Outcome> {
  const code = await main(argv, io);
  return { code, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

interface ErrorJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly problems?: unknown;
  };
}

describe("help", () => {
  test("lists every command and common option on stdout", async () => {
    const { code, stdout, stderr } = await cli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command.name}\\b`, "m"));
    for (const option of COMMON_OPTIONS) expect(stdout).toContain(option.flag);
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "of %s lists its arguments and options",
    async (name, command) => {
      const { code, stdout } = await cli([name, "--help"]);
      expect(code).toBe(0);
      for (const option of [...COMMON_OPTIONS, ...command.options]) expect(stdout).toContain(option.flag);
      const words = (text: string): string => text.replaceAll(/\s+/g, " ");
      for (const text of [command.objects, command.argument?.meaning])
        expect(words(stdout)).toContain(words(text ?? ""));
    },
  );

  test("-h is --help, of the program and of a command", async () => {
    for (const words of [[], ["run"], ["run", "Tag", "--full"], ["--json", "run"]]) {
      const outcome = await cli([...words, "--help"]);
      expect(outcome).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("Usage: ") as string });
      expect(await cli([...words, "-h"])).toEqual(outcome);
      expect(await cli(words.length === 0 ? ["help"] : ["help", "run"])).toEqual(outcome);
    }
  });

  test("without any words is printed, with exit 2, so that a script that has lost its command does not succeed", async () => {
    const { stdout } = await cli(["--help"]);
    for (const words of [[], ["--config", "x.yaml"]]) {
      const outcome = await cli(words);
      expect(outcome).toMatchObject({ code: 2, stdout: `${stdout}\n` });
      expect(outcome.stderr).toContain("no command given");
    }
  });

  test("--version is the package's", async () => {
    for (const flag of ["--version", "-V"]) {
      expect(await cli([flag])).toEqual({ code: 0, stdout: `${packageVersion()}\n`, stderr: "" });
    }
  });
});

describe("a wrong command line", () => {
  test.each([
    [["objcts"], "unknown command 'objcts'", "did you mean objects?"],
    [["rnu"], "unknown command 'rnu'", "did you mean run?"],
    [["rnu", "--help"], "unknown command 'rnu'", "did you mean run?"],
    [["objects", "--jsno"], "unknown option '--jsno'", "did you mean --json?"],
    [["objects", "--conifg", "x"], "unknown option '--conifg'", "did you mean --config?"],
    [["run", "--fulll"], "unknown option '--fulll'", "did you mean --full?"],
    [["check", "Tag"], "too many arguments for 'check'", "`pardot-etl check --help`"],
    [["objects", "--config"], "option '--config <FILE>' argument missing", "`pardot-etl objects --help`"],
    [[], "no command given", "`pardot-etl --help`"],
    [["run", "core", "-Tag"], "unknown option '-Tag'", "exclude objects in a list, such as core,-Tag."],
  ])("%j ends with 2, the fault and what to do", async (argv, fault, hint) => {
    const { code, stdout, stderr } = await cli(argv);
    expect({ code, stdout: argv.length === 0 ? "" : stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(fault);
    expect(stderr).toContain(hint);
    const asJson = await cli([...argv, "--json"].toSorted((a) => (a === "--json" ? -1 : 0)));
    expect(asJson.code).toBe(2);
    const { error } = JSON.parse(asJson.stdout) as ErrorJson;
    expect(error.code).toMatch(/^usage\./);
    expect(error.message).toContain(fault);
    expect(error.hint).toContain(hint);
    expect(asJson.stderr).toContain(fault);
  });

  test("--log-level accepts only its levels", async () => {
    const env = { PARDOT_ETL_DESTINATION: "/nowhere/data" };
    const { code, stderr } = await cli(["status", "--log-level", "loud"], fakeIo({ env }));
    expect(code).toBe(2);
    expect(stderr).toContain("debug, info, warn, error");
  });
});

describe("a bad configuration", () => {
  test.each(["run", "plan", "check"])("%s ends with 2 and every problem, on both streams", async (name) => {
    const env = {
      PARDOT_CLIENT_ID: "3MVG9.key",
      PARDOT_CLIENT_SECRET: "s3cr3t-client",
      PARDOT_REFRESH_TOKEN: "s3cr3t-refresh",
      PARDOT_TIMEZONE: "Mars/Olympus",
      PARDOT_ETL_OVERLAP: "0s",
      PARDOT_ETL_DESTINATON: "./data",
    };
    const { code, stdout, stderr } = await cli([name, "--business-unit", "0Uv", "--json"], fakeIo({ env }));
    expect(code).toBe(2);
    const { error } = JSON.parse(stdout) as ErrorJson;
    expect(error.code).toBe("config.invalid");
    expect(error.problems).toMatchObject([
      { path: "PARDOT_ETL_DESTINATON", expected: expect.stringContaining("PARDOT_ETL_DESTINATION") as string },
      { path: "--business-unit", value: "0Uv" },
      { path: "PARDOT_TIMEZONE", value: "Mars/Olympus" },
      { path: "PARDOT_ETL_OVERLAP", value: "0s" },
      { path: "PARDOT_ETL_DESTINATION", value: null },
    ]);
    for (const { path } of error.problems as readonly { readonly path: string }[])
      expect(stderr).toContain(`  ${path} is `);
    expect(stdout + stderr).not.toContain("s3cr3t");
  });

  test("names of objects given as arguments are checked with everything else", async () => {
    const { code, stderr } = await cli(["run", "Tag", "Acount"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/object \(argument\) is "Tag,Acount": expected .*did you mean Account\?/);
    expect(stderr).toContain("PARDOT_CLIENT_ID is missing");
  });
});

describe("objects", () => {
  test("lists the catalog without any configuration", async () => {
    const { code, stdout, stderr } = await cli(["objects"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = (stdout.split("\n\n")[0] ?? "").split("\n");
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(["OBJECT", ...catalog.map((object) => object.name)]);
    expect(lines).toContainEqual(expect.stringMatching(/^Tag +core +v4 +segmented +updated_at +4 +not seen$/));
    expect(lines).toContainEqual(expect.stringMatching(/^User +- +v5 +segmented +updated_at +\d+ +is_deleted$/));
    expect(stdout).toContain("such as PARDOT_VISITORACTIVITY.\n");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  test.each([
    ["Visitor*", ["VisitorActivity", "Visitor", "VisitorPageView"]],
    ["'Visitor*'", null],
    ["core,-*e*,-*i*", ["Form", "Tag", "Account"]],
    ["Visitt", null],
  ])("chooses by %s", async (words, names) => {
    const { code, stdout } = await cli(["objects", words]);
    expect(code).toBe(names === null ? 2 : 0);
    const listed = (stdout.split("\n\n")[0] ?? "").split("\n").slice(1);
    if (names !== null) expect(listed.map((line) => line.split(/ +/)[0])).toEqual(names);
  });

  test("shows what PARDOT_API_VERSION of environment or file offers, whatever the other settings are", async () => {
    const env = { PARDOT_API_VERSION: "4", PARDOT_ETL_OBJECTS: "Tagg", PARDOT_ETL_OVERLAP: "never" };
    const { stdout } = await cli(["objects"], fakeIo({ env }));
    expect(stdout).not.toMatch(/ v5 /);
    const { code, stderr } = await cli(["objects", "lifecyclestage"], fakeIo({ env }));
    expect(code).toBe(2);
    expect(stderr).toContain(
      'object (argument) is "lifecyclestage": expected objects that PARDOT_API_VERSION=4 offers; lifecyclestage needs auto or 5',
    );
    expect(await cli(["objects"], fakeIo({ env: { PARDOT_API_VERSION: "6" } }))).toMatchObject({ code: 2, stdout: "" });
    const cwd = await mkdtemp(join(tmpdir(), "pardot-etl-cli-"));
    try {
      await writeFile(join(cwd, "pardot-etl.yaml"), "pardot: { api_version: 5 }\ncatalog: { Tag: { table: TAGS } }\n");
      const fromFile = await cli(["objects", "core"], fakeIo({ cwd }));
      expect(fromFile.stdout).toMatch(/^Tag +core +v5 /m);
      expect(fromFile.stdout).toContain("Table of Tag: TAGS.\n");
    } finally {
      await rm(cwd, { recursive: true });
    }
  });

  test("describes named objects in full, every column with its type", async () => {
    const { stdout } = await cli(["objects", "VisitorActivity"]);
    expect(stdout).toMatch(/^VisitorActivity\n/);
    expect(stdout).not.toContain("PARDOT_TAG");
    const columns = catalog.find((object) => object.name === "VisitorActivity")?.columns ?? [];
    for (const column of columns) expect(stdout).toContain(` ${column.name} ${column.type}\n`);
  });

  test("lists every object without a name, also one that no group selects", async () => {
    expect((await cli(["objects"])).stdout).toMatch(/^EmailStats +- /m);
    expect((await cli(["objects", "all"])).stdout).not.toMatch(/^EmailStats /m);
  });

  test("--json, before or after the command, prints the entries", async () => {
    const { stdout } = await cli(["--json", "objects", "Tag"]);
    const facts = { groups: ["core", "all"], deletesSeen: "not seen" };
    expect(JSON.parse(stdout)).toEqual({
      objects: catalog.filter(({ name }) => name === "Tag").map((object) => ({ ...object, ...facts })),
    });
    expect((await cli(["objects", "Tag", "--json"])).stdout).toBe(stdout);
  });

  test("shows overrides of the file even if its settings are wrong", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "pardot-etl-cli-"));
    try {
      await writeFile(
        join(cwd, "my.yaml"),
        "etl: { overlap: never }\ncatalog: { Tag: { v4: { query: { limit: 7 } } } }",
      );
      const env = { PARDOT_TYPO: "1" };
      const good = await cli(["objects", "Tag", "--config", "my.yaml"], fakeIo({ cwd, env }));
      expect(good.code).toBe(0);
      expect(good.stdout).toContain("pages of 7 ");
      await writeFile(join(cwd, "pardot-etl.yaml"), "catalog: { Tag: { v4: { query: { limit: 700 } } } }");
      expect(await cli(["objects"], fakeIo({ cwd }))).toMatchObject({ code: 2, stdout: "" });
    } finally {
      await rm(cwd, { recursive: true });
    }
  });
});
