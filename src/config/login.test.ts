import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { selfSigned } from "../../test/kit/certificate.ts";
import { ConfigError } from "../errors.ts";
import type { AuthConfig } from "./config.ts";
import { loadConfig } from "./load.ts";

const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = KEYS.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const END = Date.UTC(2028, 10, 26);
const CERTIFICATE = selfSigned(KEYS, END);
const BASE = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
  PARDOT_ETL_DESTINATION: "./data",
  PARDOT_CLIENT_ID: "key",
};
const SECRET = { PARDOT_CLIENT_SECRET: "canary-secret" };
const REFRESH = { PARDOT_REFRESH_TOKEN: "canary-refresh" };
const KEY = { PARDOT_PRIVATE_KEY: PEM };
const USER = { PARDOT_USERNAME: "api@acme.example" };
const PASSWORD = { PARDOT_PASSWORD: "canary-password" };
const MY_DOMAIN = { PARDOT_LOGIN_URL: "https://acme.my.salesforce.com" };
const CANARIES = ["canary", PEM.slice(60, 90)];

type Env = Readonly<Record<string, string>>;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-auth-"));
});
afterEach(() => rm(cwd, { recursive: true }));

async function auth(env: Env): Promise<AuthConfig> {
  const config = await loadConfig({ env: { ...BASE, ...env }, cwd, options: {}, configFile: null });
  for (const canary of CANARIES) expect(inspect(config, { depth: 10 }) + JSON.stringify(config)).not.toContain(canary);
  return config.pardot.auth;
}

/** `path: expected` of every problem. */
async function problems(env: Env): Promise<readonly string[]> {
  const error: unknown = await loadConfig({ env: { ...BASE, ...env }, cwd, options: {}, configFile: null }).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError: ${inspect(error)}`);
  for (const canary of CANARIES) expect(inspect(error, { depth: 10 })).not.toContain(canary);
  return error.problems.map((problem) => `${problem.path}: ${problem.expected}`);
}

describe("the flow", () => {
  test.each<[string, Env, AuthConfig["flow"]]>([
    ["a refresh token", { ...SECRET, ...REFRESH }, "refresh_token"],
    ["a refresh token, also on the My Domain", { ...SECRET, ...REFRESH, ...MY_DOMAIN }, "refresh_token"],
    ["a refresh token and an unused user name", { ...SECRET, ...REFRESH, ...USER }, "refresh_token"],
    ["a private key and a user name", { ...KEY, ...USER }, "jwt"],
    ["a private key next to the app's secret", { ...KEY, ...USER, ...SECRET, ...MY_DOMAIN }, "jwt"],
    ["a private key and a token file that is no credential", { ...KEY, ...USER, PARDOT_TOKEN_FILE: "t" }, "jwt"],
    ["the app's secret and the My Domain", { ...SECRET, ...MY_DOMAIN }, "client_credentials"],
    ["user name and password", { ...SECRET, ...USER, ...PASSWORD }, "password"],
    [
      "PARDOT_AUTH_FLOW, whatever else fits",
      { ...KEY, ...USER, ...SECRET, ...REFRESH, ...PASSWORD, PARDOT_AUTH_FLOW: "password" },
      "password",
    ],
    [
      "PARDOT_AUTH_FLOW, on a shared host",
      { ...SECRET, ...REFRESH, PARDOT_AUTH_FLOW: "refresh_token" },
      "refresh_token",
    ],
  ])("follows from %s", async (_what, env, flow) => {
    expect((await auth(env)).flow).toBe(flow);
  });

  test.each<[string, Env, readonly RegExp[]]>([
    [
      "a key and a refresh token",
      { ...KEY, ...USER, ...SECRET, ...REFRESH },
      [/^PARDOT_AUTH_FLOW: one of jwt, refresh_token: /],
    ],
    [
      "a key, a refresh token and a password",
      { ...KEY, ...SECRET, ...REFRESH, ...PASSWORD },
      [/^PARDOT_AUTH_FLOW: one of jwt, refresh_token, password: /],
    ],
    [
      "a bad key and a refresh token",
      { PARDOT_PRIVATE_KEY: "aws-ssm:can#ary", ...SECRET, ...REFRESH },
      [/^PARDOT_PRIVATE_KEY/, /^PARDOT_AUTH_FLOW: one of/],
    ],
    ["the app alone", SECRET, [/^PARDOT_AUTH_FLOW: the credentials of a flow/]],
    [
      "the app and a user name on the My Domain",
      { ...SECRET, ...USER, ...MY_DOMAIN },
      [/^PARDOT_AUTH_FLOW: the credentials/],
    ],
    ["a key without a user", KEY, [/^PARDOT_USERNAME: .*user name/]],
    ["a key without user and app", { ...KEY, PARDOT_CLIENT_ID: "" }, [/^PARDOT_CLIENT_ID/, /^PARDOT_USERNAME/]],
    [
      "the flow jwt without key",
      { ...USER, PARDOT_AUTH_FLOW: "jwt" },
      [/^PARDOT_PRIVATE_KEY: .*or PARDOT_PRIVATE_KEY_FILE/],
    ],
    ["a password alone", PASSWORD, [/^PARDOT_CLIENT_SECRET/, /^PARDOT_USERNAME/]],
    [
      "the flow password without it",
      { ...SECRET, ...USER, PARDOT_AUTH_FLOW: "password" },
      [/^PARDOT_PASSWORD: .*security token/],
    ],
    ["a refresh token without secret", REFRESH, [/^PARDOT_CLIENT_SECRET/]],
    ["a bad key", { ...USER, PARDOT_PRIVATE_KEY: "canary" }, [/^PARDOT_PRIVATE_KEY: an RSA private key in PEM form/]],
    ["a bad key and no user", { PARDOT_PRIVATE_KEY: "canary" }, [/^PARDOT_USERNAME/, /^PARDOT_PRIVATE_KEY/]],
    [
      "a key's file that is missing",
      { ...USER, PARDOT_PRIVATE_KEY_FILE: "nope" },
      [/^PARDOT_PRIVATE_KEY_FILE: .*ENOENT/],
    ],
    [
      "a key in place of the certificate",
      { ...USER, ...KEY, PARDOT_CERTIFICATE: PEM },
      [/^PARDOT_CERTIFICATE: the certificate in PEM form.*; this is a private key$/],
    ],
    [
      "a certificate's file that is missing, and no key",
      { ...USER, PARDOT_AUTH_FLOW: "jwt", PARDOT_CERTIFICATE_FILE: "nope" },
      [/^PARDOT_PRIVATE_KEY/, /^PARDOT_CERTIFICATE_FILE: .*ENOENT/],
    ],
    [
      "a certificate twice",
      { ...USER, ...KEY, PARDOT_CERTIFICATE: CERTIFICATE, PARDOT_CERTIFICATE_FILE: "c" },
      [/^PARDOT_CERTIFICATE_FILE: one of the two: the certificate itself is given as PARDOT_CERTIFICATE$/],
    ],
    ["a certificate alone", { ...USER, PARDOT_CERTIFICATE: CERTIFICATE }, [/^PARDOT_AUTH_FLOW: the credentials/]],
    ["a key twice", { ...USER, ...KEY, PARDOT_PRIVATE_KEY_FILE: "k" }, [/^PARDOT_PRIVATE_KEY_FILE: one of the two/]],
    [
      "client credentials on a shared host",
      { ...SECRET, PARDOT_AUTH_FLOW: "client_credentials" },
      [/^PARDOT_LOGIN_URL: the My Domain/],
    ],
  ])("does not follow from %s", async (_what, env, expected) => {
    const found = await problems(env);
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string));
  });

  test("reads the key from a file, in any form", async () => {
    await writeFile(join(cwd, "key.pem"), PEM);
    const fromFile = await auth({ ...USER, PARDOT_PRIVATE_KEY_FILE: "key.pem" });
    const fromText = await auth({ ...USER, PARDOT_PRIVATE_KEY: PEM.replaceAll("\n", String.raw`\n`) });
    expect([fromFile, fromText].map((one) => one.flow === "jwt" && one.privateKey.reveal())).toEqual([PEM, PEM]);
  });

  test("reads the end of the key's certificate, from a file or a text", async () => {
    await writeFile(join(cwd, "app.crt"), CERTIFICATE);
    const given = [{ PARDOT_CERTIFICATE_FILE: "app.crt" }, { PARDOT_CERTIFICATE: CERTIFICATE }, {}];
    const found = await Promise.all(given.map(async (certificate) => auth({ ...USER, ...KEY, ...certificate })));
    const known = { endsAt: END, isOfKey: true };
    expect(found.map((one) => one.flow === "jwt" && one.certificate)).toEqual([known, known, null]);
  });
});

describe("a token file", () => {
  test("replaces the refresh token when it holds one", async () => {
    const env = { ...SECRET, PARDOT_TOKEN_FILE: "token" };
    expect(await problems(env)).toEqual([expect.stringMatching(/^PARDOT_REFRESH_TOKEN: .*holds none yet/) as string]);
    await writeFile(join(cwd, "token"), "kept-canary\n", { mode: 0o600 });
    expect(await auth(env)).toMatchObject({ flow: "refresh_token", refreshToken: null, tokenFile: join(cwd, "token") });
    expect(await auth({ ...SECRET, ...REFRESH })).toMatchObject({ tokenFile: null });
  });

  test("is a problem if it cannot be read or replaced", async () => {
    await writeFile(join(cwd, "token"), "canary one\n");
    const env = { ...SECRET, ...REFRESH };
    expect(await problems({ ...env, PARDOT_TOKEN_FILE: "token" })).toEqual([
      "PARDOT_TOKEN_FILE: a file with one refresh token and nothing else",
    ]);
    expect(await problems({ ...env, PARDOT_TOKEN_FILE: "none/token" })).toEqual([
      "PARDOT_TOKEN_FILE: a file in a folder in which this program may create files (ENOENT)",
    ]);
  });
});
