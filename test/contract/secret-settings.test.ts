import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { COMMITTED, DESTINATION } from "../../src/config/sections.ts";
import { Secret } from "../../src/secrets/secret.ts";
import { fileKey, SETTINGS } from "../../src/config/settings.ts";
import type { SettingName } from "../../src/config/settings.ts";
import { selfSigned } from "../kit/certificate.ts";
import { startAwsSecrets } from "../kit/servers/aws-secrets.ts";
import type { AwsSecrets } from "../kit/servers/aws-secrets.ts";

// Every secret setting as a reference, through the library. Holds G8: the configuration shows no secret.

const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = KEYS.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const ENCRYPTED = KEYS.privateKey
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "canary-passphrase" })
  .toString();

const PARDOT = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
  PARDOT_CLIENT_ID: "key",
  PARDOT_ETL_DESTINATION: "./data",
  PARDOT_LOGIN_URL: "https://acme.my.salesforce.com",
};
const SNOWFLAKE = {
  PARDOT_ETL_WAREHOUSE: "snowflake",
  SNOWFLAKE_ACCOUNT: "acme-prod",
  SNOWFLAKE_USER: "etl",
  SNOWFLAKE_DATABASE: "raw",
  SNOWFLAKE_SCHEMA: "pardot",
};

type Secrets = Partial<Readonly<Record<SettingName, string>>>;

/** Secrets in AWS, the other settings, and the resulting configuration. */
const CASES: readonly { readonly kept: Secrets; readonly env: Secrets; readonly made: readonly string[] }[] = [
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", PARDOT_REFRESH_TOKEN: "canary-refresh" },
    env: {},
    made: ["canary-client", "canary-refresh"],
  },
  {
    kept: {
      PARDOT_PRIVATE_KEY: PEM,
      PARDOT_CERTIFICATE: selfSigned(KEYS, 0),
      PARDOT_ETL_WEBHOOK_URL: "https://hooks.example.com/canary-hook",
    },
    env: { PARDOT_USERNAME: "api@acme.example" },
    made: [PEM, "https://hooks.example.com/canary-hook"],
  },
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", PARDOT_PASSWORD: "canary-password" },
    env: { PARDOT_USERNAME: "api@acme.example" },
    made: ["canary-client", "canary-password"],
  },
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", PARDOT_ETL_HASH_KEY: "canary-hash-key" },
    env: {},
    made: ["canary-client"],
  },
  {
    kept: {
      PARDOT_CLIENT_SECRET: "canary-client",
      SNOWFLAKE_PRIVATE_KEY: ENCRYPTED,
      SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: "canary-passphrase",
    },
    env: SNOWFLAKE,
    made: ["canary-client", PEM],
  },
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", SNOWFLAKE_PASSWORD: "canary-snow" },
    env: SNOWFLAKE,
    made: ["canary-client", "canary-snow"],
  },
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", SNOWFLAKE_PASSWORD: "canary-access-token" },
    env: { ...SNOWFLAKE, SNOWFLAKE_AUTHENTICATOR: "PROGRAMMATIC_ACCESS_TOKEN" },
    made: ["canary-client", "canary-access-token"],
  },
  {
    kept: { PARDOT_CLIENT_SECRET: "canary-client", SNOWFLAKE_TOKEN: "canary-oauth" },
    env: { ...SNOWFLAKE, SNOWFLAKE_AUTHENTICATOR: "OAUTH" },
    made: ["canary-client", "canary-oauth"],
  },
];

let aws: AwsSecrets;
let cwd: string;
beforeEach(async () => {
  aws = await startAwsSecrets();
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-references-"));
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  await rm(cwd, { recursive: true });
});

/** All secrets in a configuration, at any depth. */
function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal().trim()];
  if (typeof value !== "object" || value === null || value instanceof URL) return [];
  return Object.values(value).flatMap(secretsIn);
}

const NAMED = CASES.map((each) => [Object.keys(each.kept).join(", "), each] as const);
test.each(NAMED)("%s may be references, in the environment and in the file", async (_names, { kept, env, made }) => {
  aws.putSecret("acme", JSON.stringify(kept));
  const references = Object.fromEntries(Object.keys(kept).map((name) => [name, `aws-secretsmanager:acme#${name}`]));
  const shown = (value: unknown): string => inspect(value, { depth: 20 }) + JSON.stringify(value);
  const wanted = made.map((text) => text.trim()).toSorted();
  const input = { cwd, configFile: null, options: {} };

  const told: Secret[] = [];
  const onSecret = (secret: Secret): void => void told.push(secret);
  const fromEnvironment = await loadConfig({ ...input, env: { ...PARDOT, ...env, ...references }, onSecret });
  expect(secretsIn(fromEnvironment).toSorted()).toEqual(wanted);
  expect(shown(fromEnvironment)).not.toMatch(/canary|BEGIN/);
  expect(told.map((secret) => secret.reveal())).toEqual(
    expect.arrayContaining(Object.values(kept).map((text) => text.trim())) as string[],
  );

  const file: Record<string, Record<string, string>> = {};
  for (const [name, text] of Object.entries(references)) {
    const { section, key } = fileKey(name);
    file[section] = { ...file[section], [key]: text };
  }
  await writeFile(join(cwd, "pardot-etl.yaml"), JSON.stringify(file));
  const fromFile = await loadConfig({ ...input, env: { ...PARDOT, ...env } });
  expect(secretsIn(fromFile).toSorted()).toEqual(wanted);
  expect(aws.asked).toEqual(["GetSecretValue acme", "GetSecretValue acme"]);
});

test("these are all the settings that are secret", () => {
  const secret = SETTINGS.filter(({ parser }) => parser.isSecret === true).map(({ env }) => env);
  expect(new Set(CASES.flatMap(({ kept }) => Object.keys(kept)))).toEqual(new Set(secret));
});

test("verify needs only the secrets of the warehouse, and status needs none", async () => {
  aws.putSecret("acme/snowflake", "canary-snow");
  const env = {
    PARDOT_ETL_DESTINATION: "./data",
    PARDOT_CLIENT_SECRET: "aws-secretsmanager:acme/none",
    PARDOT_ETL_WEBHOOK_URL: "aws-secretsmanager:acme/none",
    ...SNOWFLAKE,
    SNOWFLAKE_PASSWORD: "aws-secretsmanager:acme/snowflake",
  };
  const input = { cwd, configFile: null, options: {}, env };
  expect((await loadConfig(input, DESTINATION)).etl.destination).toMatchObject({ kind: "folder" });
  expect(aws.asked).toEqual([]);
  expect(secretsIn(await loadConfig(input, COMMITTED))).toEqual(["canary-snow"]);
  expect(aws.asked).toEqual(["GetSecretValue acme/snowflake"]);
});

test("an invalid secret is named by its reference and not shown", async () => {
  aws.putSecret("acme", JSON.stringify({ key: `canary${PEM.slice(0, 300)}`, hook: "ftp://canary.example.com/" }));
  const env = {
    ...PARDOT,
    PARDOT_USERNAME: "api@acme.example",
    PARDOT_PRIVATE_KEY: "aws-secretsmanager:acme#key",
    PARDOT_ETL_WEBHOOK_URL: "aws-secretsmanager:acme#hook",
  };
  const error: unknown = await loadConfig({ cwd, configFile: null, options: {}, env }).catch((e: unknown) => e);
  expect(error).toMatchObject({
    exitCode: 2,
    problems: [{ path: "PARDOT_PRIVATE_KEY" }, { path: "PARDOT_ETL_WEBHOOK_URL" }],
  });
  expect(inspect(error, { depth: 10 })).not.toContain("canary");
});
