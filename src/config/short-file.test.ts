import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuthFlow, Config } from "./config.ts";
import { loadConfig } from "./load.ts";
import { shortFile } from "./short-file.ts";
import type { ShortAnswers } from "./short-file.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-short-"));
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(cwd, "app.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
});
afterAll(() => rm(cwd, { recursive: true }));

const ANSWERS: ShortAnswers = {
  businessUnitId: "0UvSIM0000000001AB",
  flow: "jwt",
  timeZone: "Europe/Berlin",
  destination: "./data",
  warehouse: "none",
  dailyCallBudget: "5000",
};

/** Loads the file with every variable that it names set. */
async function load(answers: ShortAnswers, text = shortFile(answers).text): Promise<Config> {
  await writeFile(join(cwd, "pardot-etl.yaml"), text);
  const values: Readonly<Record<string, string>> = {
    PARDOT_LOGIN_URL: "https://acme.my.salesforce.com",
    PARDOT_PRIVATE_KEY_FILE: "app.key",
    SNOWFLAKE_PRIVATE_KEY_FILE: "app.key",
  };
  const { variables } = shortFile(answers);
  const env = Object.fromEntries(variables.map(({ name }) => [name, values[name] ?? `value-of-${name}`]));
  return loadConfig({ cwd, env, configFile: null, options: {} });
}

describe("the short configuration file", () => {
  it.each<[AuthFlow, string]>([
    ["jwt", "none"],
    ["client_credentials", "duckdb:./pardot.duckdb"],
    ["refresh_token", "snowflake"],
    ["password", "none"],
  ])("loads with the flow %s and the warehouse %s when its variables are set", async (flow, warehouse) => {
    const answers = { ...ANSWERS, flow, warehouse };
    const { text } = shortFile(answers);
    const config = await load(answers);
    expect(config.pardot).toMatchObject({ auth: { flow }, timeZone: "Europe/Berlin", dailyCallBudget: 5000 });
    expect(config.etl.warehouse.kind).toBe(warehouse.split(":")[0]);
    expect(text.split("\n").length).toBeLessThan(25);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("holds no secret: every one is the reference to a variable", () => {
    for (const flow of ["jwt", "client_credentials", "refresh_token", "password"] as const) {
      const { text } = shortFile({ ...ANSWERS, flow, warehouse: "snowflake" });
      for (const [, key, value] of text.matchAll(/^ {2}(\w*(?:secret|token|password|key)\w*): (\S+)/gm)) {
        if (key !== undefined) expect(value).toMatch(/^\$\{[A-Z_]+\}$/);
      }
    }
  });

  it.each(["./data #1", "./a: b", "./data: ", "s3://acme-lake/pardot", "./it's", "./null", "./-x", "./ü"])(
    "keeps the destination %s as it was typed",
    async (destination) => {
      const { etl } = await load({ ...ANSWERS, destination: destination.trim() });
      const typed = destination.trim();
      const { destination: found } = etl;
      expect(found.kind === "folder" ? found.path : `s3://${found.bucket}/${found.prefix}`).toBe(
        typed.startsWith("s3:") ? typed : join(cwd, typed),
      );
    },
  );

  it("sets no limit of calls without a budget", async () => {
    expect((await load({ ...ANSWERS, dailyCallBudget: null })).pardot.dailyCallBudget).toBeNull();
  });
});
