import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import type { Config, SnowflakeConfig } from "./config.ts";
import { loadConfig } from "./load.ts";

const PASSPHRASE = "s3cr3t-passphrase";
const PASSWORD = "s3cr3t-password";
const TOKEN = "s3cr3t-token";

const BASE = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
  PARDOT_CLIENT_ID: "3MVG9.key",
  PARDOT_CLIENT_SECRET: "s3cr3t-client",
  PARDOT_REFRESH_TOKEN: "s3cr3t-refresh",
  PARDOT_ETL_DESTINATION: "./data",
  PARDOT_ETL_WAREHOUSE: "snowflake",
};
const PLACE = { SNOWFLAKE_ACCOUNT: "acme-prod", SNOWFLAKE_DATABASE: "LAKE", SNOWFLAKE_SCHEMA: "PARDOT" };
const SNOWFLAKE = { ...BASE, ...PLACE, SNOWFLAKE_USER: "ETL" };

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const PLAIN_KEY = rsa.export({ type: "pkcs8", format: "pem" }).toString();
const ENCRYPTED_KEY = rsa
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE })
  .toString();
const OLD_ENCRYPTED_KEY = rsa
  .export({ type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: PASSPHRASE })
  .toString();
const SHORT_KEY = generateKeyPairSync("rsa", { modulusLength: 1024 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
const CURVE_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-snowflake-config-"));
  await writeFile(join(cwd, "key.p8"), ENCRYPTED_KEY);
  await writeFile(join(cwd, "large.p8"), "x".repeat(70_000));
});
afterAll(() => rm(cwd, { recursive: true }));

type Variables = Readonly<Record<string, string>>;

async function load(env: Variables): Promise<Config> {
  return loadConfig({ env, cwd, options: {}, configFile: null });
}

async function snowflake(env: Variables): Promise<SnowflakeConfig> {
  const { warehouse } = (await load(env)).etl;
  if (warehouse.kind !== "snowflake") throw new Error(`no Snowflake: ${warehouse.kind}`);
  return warehouse;
}

async function problemsOf(env: Variables): Promise<readonly Problem[]> {
  const error: unknown = await load(env).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError: ${inspect(error)}`);
  const printed = inspect(error, { depth: 10 }) + JSON.stringify(error.problems);
  for (const secret of [PASSPHRASE, PASSWORD, TOKEN, "PRIVATE KEY-----\n"]) expect(printed).not.toContain(secret);
  return error.problems;
}

describe("a Snowflake warehouse", () => {
  test("uses a key pair when a key is given, and keeps names as written", async () => {
    const env = { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: PLAIN_KEY, SNOWFLAKE_ROLE: "LOADER", SNOWFLAKE_WAREHOUSE: "XS" };
    const { auth, ...rest } = await snowflake({ ...env, SNOWFLAKE_ACCESS_URL: "https://acme.privatelink.example" });
    expect(rest).toEqual({
      kind: "snowflake",
      account: "acme-prod",
      accessUrl: new URL("https://acme.privatelink.example"),
      role: "LOADER",
      warehouse: "XS",
      database: "LAKE",
      schema: "PARDOT",
    });
    expect(auth).toMatchObject({ authenticator: "SNOWFLAKE_JWT", user: "ETL" });
    expect(auth.authenticator === "SNOWFLAKE_JWT" && auth.privateKey.reveal()).toBe(PLAIN_KEY);
  });

  const keys: readonly (readonly [string, Variables])[] = [
    ["with line ends written as backslash n", { SNOWFLAKE_PRIVATE_KEY: PLAIN_KEY.replaceAll("\n", String.raw`\n`) }],
    ["encrypted", { SNOWFLAKE_PRIVATE_KEY: ENCRYPTED_KEY, SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE }],
    [
      "encrypted in the old way",
      { SNOWFLAKE_PRIVATE_KEY: OLD_ENCRYPTED_KEY, SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE },
    ],
    ["in a file", { SNOWFLAKE_PRIVATE_KEY_FILE: "key.p8", SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE }],
  ];
  test.each(keys)("accepts a key %s", async (_name, given) => {
    const { auth } = await snowflake({ ...SNOWFLAKE, ...given });
    expect(auth.authenticator === "SNOWFLAKE_JWT" && auth.privateKey.reveal()).toBe(PLAIN_KEY);
  });

  test("uses a password when nothing else is given", async () => {
    const { auth, accessUrl, role, warehouse } = await snowflake({ ...SNOWFLAKE, SNOWFLAKE_PASSWORD: PASSWORD });
    expect(auth.authenticator === "SNOWFLAKE" && auth.password.reveal()).toBe(PASSWORD);
    expect([accessUrl, role, warehouse]).toEqual([null, null, null]);
  });

  test("uses a token without a user, with the authenticator in any case", async () => {
    const env = { ...BASE, ...PLACE, SNOWFLAKE_AUTHENTICATOR: "oauth", SNOWFLAKE_TOKEN: TOKEN };
    const { auth } = await snowflake(env);
    expect(auth).toMatchObject({ authenticator: "OAUTH", user: null });
    expect(auth.authenticator === "OAUTH" && auth.token.reveal()).toBe(TOKEN);
  });

  test("accepts a programmatic access token as the password, as the driver does", async () => {
    const env = { ...SNOWFLAKE, SNOWFLAKE_AUTHENTICATOR: "PROGRAMMATIC_ACCESS_TOKEN", SNOWFLAKE_PASSWORD: TOKEN };
    const { auth } = await snowflake(env);
    expect(auth.authenticator === "PROGRAMMATIC_ACCESS_TOKEN" && auth.token.reveal()).toBe(TOKEN);
  });

  test("is configured in its own section of the file", async () => {
    const file =
      "etl: { warehouse: snowflake }\nsnowflake: { account: acme-prod, user: ETL, password: '${PW}', database: A, schema: B }";
    const folder = await mkdtemp(join(cwd, "file-"));
    await writeFile(join(folder, "pardot-etl.yaml"), file);
    const { PARDOT_ETL_WAREHOUSE: _, ...env } = BASE;
    const config = await loadConfig({ env: { ...env, PW: PASSWORD }, cwd: folder, options: {}, configFile: null });
    expect(config.etl.warehouse).toMatchObject({ kind: "snowflake", account: "acme-prod", database: "A", schema: "B" });
  });

  test("shows none of its secrets", async () => {
    for (const given of [{ SNOWFLAKE_PASSWORD: PASSWORD }, { SNOWFLAKE_PRIVATE_KEY: PLAIN_KEY }]) {
      const config = await snowflake({ ...SNOWFLAKE, ...given });
      const shown = inspect(config, { depth: 10, showHidden: true }) + JSON.stringify(config);
      expect(shown).not.toContain(PASSWORD);
      expect(shown).not.toContain("PRIVATE KEY");
    }
  });

  test("ignores its settings, valid or not, when another warehouse is chosen", async () => {
    const env = {
      ...BASE,
      PARDOT_ETL_WAREHOUSE: "none",
      SNOWFLAKE_AUTHENTICATOR: "externalbrowser",
      SNOWFLAKE_ACCOUNT: "?",
    };
    expect((await load(env)).etl.warehouse).toEqual({ kind: "none" });
  });
});

describe("an invalid Snowflake warehouse", () => {
  const cases: readonly (readonly [string, Variables, readonly (readonly [string, string | RegExp])[]])[] = [
    [
      "nothing but its name",
      BASE,
      [
        ["SNOWFLAKE_ACCOUNT", /account identifier.*snowflake\.account in the file/],
        ["SNOWFLAKE_PRIVATE_KEY", /a way to log in/],
        ["SNOWFLAKE_DATABASE", /database/],
        ["SNOWFLAKE_SCHEMA", /schema/],
      ],
    ],
    [
      "a key and the file of a key",
      {
        ...SNOWFLAKE,
        SNOWFLAKE_PRIVATE_KEY: PLAIN_KEY,
        SNOWFLAKE_PRIVATE_KEY_FILE: "key.p8",
        SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE,
      },
      [["SNOWFLAKE_PRIVATE_KEY_FILE", /one of the two/]],
    ],
    [
      "a passphrase without key",
      { ...SNOWFLAKE, SNOWFLAKE_PASSWORD: PASSWORD, SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: PASSPHRASE },
      [["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", /a private key next to it/]],
    ],
    [
      "a missing key file",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY_FILE: "nope.p8" },
      [["SNOWFLAKE_PRIVATE_KEY_FILE", /can be read \(ENOENT\)/]],
    ],
    [
      "a key file of another kind",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY_FILE: "large.p8" },
      [["SNOWFLAKE_PRIVATE_KEY_FILE", /too large/]],
    ],
    [
      "a wrong passphrase",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY_FILE: "key.p8", SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: "wrong" },
      [["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", /decrypts/]],
    ],
    [
      "an encrypted key without passphrase",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: OLD_ENCRYPTED_KEY },
      [["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", /encrypted/]],
    ],
    ["a text that is not a key", { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: "MIIEvg" }, [["SNOWFLAKE_PRIVATE_KEY", /PEM/]]],
    [
      "a key that is too short",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: SHORT_KEY },
      [["SNOWFLAKE_PRIVATE_KEY", /2048/]],
    ],
    ["a key of another kind", { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: CURVE_KEY }, [["SNOWFLAKE_PRIVATE_KEY", /RSA/]]],
    [
      "two ways to log in",
      { ...SNOWFLAKE, SNOWFLAKE_PRIVATE_KEY: PLAIN_KEY, SNOWFLAKE_PASSWORD: PASSWORD },
      [["SNOWFLAKE_AUTHENTICATOR", /choose among/]],
    ],
    [
      "a token of unknown kind",
      { ...SNOWFLAKE, SNOWFLAKE_TOKEN: TOKEN },
      [["SNOWFLAKE_AUTHENTICATOR", /OAUTH or PROGRAMMATIC_ACCESS_TOKEN/]],
    ],
    [
      "a way to log in without its credentials",
      { ...BASE, ...PLACE, SNOWFLAKE_AUTHENTICATOR: "SNOWFLAKE_JWT", SNOWFLAKE_PASSWORD: PASSWORD },
      [
        ["SNOWFLAKE_USER", /login name/],
        ["SNOWFLAKE_PRIVATE_KEY", /PEM/],
      ],
    ],
    [
      "a login that needs a browser",
      { ...SNOWFLAKE, SNOWFLAKE_AUTHENTICATOR: "externalbrowser", SNOWFLAKE_PASSWORD: PASSWORD },
      [["SNOWFLAKE_AUTHENTICATOR", /one of SNOWFLAKE, SNOWFLAKE_JWT/]],
    ],
    [
      "a host name as account, and plain HTTP to another machine",
      {
        ...SNOWFLAKE,
        SNOWFLAKE_PASSWORD: PASSWORD,
        SNOWFLAKE_ACCOUNT: "acme.snowflakecomputing.com",
        SNOWFLAKE_ACCESS_URL: "http://acme.snowflakecomputing.com",
      },
      [
        ["SNOWFLAKE_ACCOUNT", /without \.snowflakecomputing\.com/],
        ["SNOWFLAKE_ACCESS_URL", /only for loopback/],
      ],
    ],
  ];
  test.each(cases)("%s", async (_name, env, expected) => {
    const problems = await problemsOf(env);
    expect(problems.map(({ path, expected: text }) => [path, text])).toEqual(
      expected.map(([path, text]) => [path, expect.stringMatching(text) as string]),
    );
  });
});
