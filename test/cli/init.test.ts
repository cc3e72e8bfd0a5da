import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { configTemplate } from "../../src/config/template.ts";
import { loadConfig } from "../../src/config/load.ts";
import { fakeIo } from "../kit/fakes/io.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-init-"));
});
afterEach(() => rm(cwd, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: readonly string[];
}

const UNIT = "0UvSIM0000000001AB";

/** `init` where a person types these lines; null: without a terminal. */
async function init(
  typed: readonly string[] | null,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const io = fakeIo({ cwd, env, ...(typed === null ? {} : { typed }) });
  const code = await main(["init", ...words], io);
  return { code, stdout: io.stdout.text(), stderr: io.stderr.text(), files: await readdir(cwd) };
}

const written = (name = "pardot-etl.yaml"): Promise<string> => readFile(join(cwd, name), "utf8");

describe("init on a terminal", () => {
  test("asks six questions, takes the offered values for empty lines, and writes a file that loads", async () => {
    const { code, stdout, stderr } = await init([UNIT, "", "Europe/Berlin", "", "", ""]);
    expect(code).toBe(0);
    expect(stderr.match(/^\d\/6 {2}/gm)).toHaveLength(6);
    for (const line of `${stdout}${stderr}`.split("\n")) {
      if (!line.startsWith("wrote ")) expect(line.length).toBeLessThanOrEqual(80);
    }
    const text = await written();
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(16);
    expect(text).toMatch(/^ {2}auth_flow: jwt$/m);
    expect(text).toMatch(/^ {2}destination: \.\/data +# /m);
    expect((await stat(join(cwd, "pardot-etl.yaml"))).mode & 0o777).toBe(0o600);
    // Everything that the file takes from the environment is named, and nothing else.
    const named = [...stdout.matchAll(/export (\w+)=/g)].map(([, name]) => name);
    expect(named).toEqual([...text.matchAll(/^ .*\$\{(\w+)\}/gm)].map(([, name]) => name));
    await expect(loadConfig({ cwd, env: {}, configFile: null, options: {} })).rejects.toMatchObject({
      problems: named.map(() => ({ expected: expect.stringContaining("a variable that is set") as string })),
    });
    expect(stdout).toContain("\n  pardot-etl check\n");
  });

  test("asks again until an answer is valid, and takes a choice by number or by word", async () => {
    const { code, stderr } = await init(
      [
        ["", "0Uv", UNIT],
        ["saml", "5", "refresh_token"],
        ["CET", "UTC+1", "Europe/Berlin"],
        ["~/data", "s3:bucket", "s3://acme-lake/pardot"],
        ["postgres", "3"],
        ["0", "many", "none"],
      ].flat(),
    );
    expect(code).toBe(0);
    expect(stderr.match(/^ {5}Expected /gm)?.length).toBe(11);
    const text = await written();
    expect(text).toMatch(/^ {2}auth_flow: refresh_token$/m);
    expect(text).toMatch(/^ {2}warehouse: snowflake /m);
    expect(text).toMatch(/^snowflake:\n {2}account: \$\{SNOWFLAKE_ACCOUNT\}/m);
    expect(text).not.toContain("daily_call_budget");
  });

  test("offers what the environment sets, but nothing that is not valid", async () => {
    const env = { PARDOT_BUSINESS_UNIT_ID: UNIT, PARDOT_TIMEZONE: "Asia/Tokyo", PARDOT_ETL_WAREHOUSE: "oracle" };
    const { stdout, stderr } = await init(["", "", "", "", "", ""], [], { ...env, PARDOT_USERNAME: "me@acme.example" });
    expect(stderr).toContain("[Asia/Tokyo] >");
    expect(stderr).not.toContain("oracle");
    expect(await written()).toContain(UNIT);
    // What is set already need not be set again.
    expect(stdout).not.toContain("export PARDOT_USERNAME");
  });

  test("writes nothing when the answers end, with exit 130", async () => {
    const { code, stderr, files } = await init([UNIT, "jwt"]);
    expect({ code, files }).toEqual({ code: 130, files: [] });
    expect(stderr).toContain("Nothing was written.");
  });

  test("names the file of --config in what to do next", async () => {
    const { stdout, files } = await init([UNIT, "", "UTC", "", "", ""], ["--config", "acme.yaml"]);
    expect(files).toEqual(["acme.yaml"]);
    expect(stdout).toContain("pardot-etl check --config acme.yaml\n");
  });

  test("writes the file of PARDOT_ETL_CONFIG, which the next command reads", async () => {
    const env = { PARDOT_ETL_CONFIG: "acme.yaml" };
    const { stdout, files } = await init([UNIT, "", "UTC", "", "", ""], [], env);
    expect(files).toEqual(["acme.yaml"]);
    expect(stdout).toContain("\n  pardot-etl check\n");
    expect(await init(null, ["--config", "b.yaml"], env)).toMatchObject({ files: ["acme.yaml", "b.yaml"] });
  });

  test("never overwrites a file, and says so before the first question", async () => {
    await writeFile(join(cwd, "pardot-etl.yaml"), "mine");
    const { code, stderr } = await init([UNIT, "", "UTC", "", "", ""]);
    expect(code).toBe(2);
    expect(stderr).not.toContain("1/6");
    expect(stderr).toContain("it already exists");
    expect(await written()).toBe("mine");
  });

  test.each([["--all"], ["--json"]])("with %s asks nothing and writes every setting", async (flag) => {
    const { code, stderr } = await init([], [flag]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await written()).toBe(configTemplate());
  });
});

describe("init without a terminal", () => {
  test("asks nothing and writes every setting, and never overwrites a file", async () => {
    expect(await init(null)).toMatchObject({ code: 0, stderr: "", files: ["pardot-etl.yaml"] });
    expect(await written()).toBe(configTemplate());
    expect(await init(null)).toMatchObject({ code: 2, stdout: "" });
  });

  test("names the file of --config in what to do next", async () => {
    const { stdout } = await init(null, ["--config", "acme.yaml"]);
    expect(stdout).toContain('then try "pardot-etl check --config acme.yaml"');
  });

  test("reports a folder that does not exist", async () => {
    const { code, stderr, files } = await init(null, ["--config", "nowhere/x.yaml"]);
    expect({ code, files }).toEqual({ code: 2, files: [] });
    expect(stderr).toContain("write nowhere/x.yaml: ENOENT");
  });
});
