import { generateKeyPairSync } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { CheckLine } from "../../src/operations/api.ts";
import {
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_PASSWORD,
  SIMULATOR_REFRESH_TOKEN,
  SIMULATOR_USERNAME,
} from "../../src/simulator/index.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { secretArn, startAwsSecrets } from "../kit/servers/aws-secrets.ts";
import type { AwsSecrets } from "../kit/servers/aws-secrets.ts";
import { runCli, startCli } from "../kit/cli.ts";
import { expectExactly, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { searchedCli } from "../kit/searched-cli.ts";

// Secrets that are kept in AWS, through the command line; each flow and what concerns a process in a separate one.
// Holds G8: no secret in what is printed or written, and a rotated refresh token is back where it came from before the
// new access token is used.

const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = KEYS.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const jwtPublicKey = KEYS.publicKey.export({ type: "spki", format: "pem" }).toString();

const CANARIES = [
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  SIMULATOR_PASSWORD,
  PEM.slice(200, 240),
  "00DSIM000000001!AQ",
  "canary",
];

const SECRET = "acme/pardot";
const REFERENCES: Environment = {
  PARDOT_CLIENT_SECRET: `aws-secretsmanager:${SECRET}#client_secret`,
  PARDOT_REFRESH_TOKEN: `aws-secretsmanager:${SECRET}#refresh_token`,
};
const NOTHING: Environment = { PARDOT_CLIENT_SECRET: "", PARDOT_REFRESH_TOKEN: "" };

interface Together extends Scene {
  readonly aws: AwsSecrets;
}

async function start(options: SimulatorOptions = {}, env: Environment = REFERENCES): Promise<Together> {
  const aws = await startAwsSecrets();
  onTestFinished(() => aws.close());
  // Where the SDK looks when the command line does not run in a separate process.
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  aws.putSecret(
    SECRET,
    JSON.stringify({ client_secret: SIMULATOR_CLIENT_SECRET, refresh_token: SIMULATOR_REFRESH_TOKEN, other: "canary" }),
  );
  const now = new Date().toISOString();
  const at = await scene({ now, jwtPublicKey, ...options }, { PARDOT_ETL_OBJECTS: "Tag", ...aws.env, ...env });
  onTestFinished(() => at.close());
  return { ...at, aws };
}

const { cli, run, checkLines } = searchedCli(CANARIES);

interface Refused {
  readonly code: string;
  readonly hint: string;
  readonly problems?: readonly { readonly path: string; readonly value: string; readonly expected: string }[];
}

async function refusal(at: Scene, exit: number, env: Environment = {}): Promise<Refused> {
  const { code, stdout, stderr } = await cli(at, ["run", "--json"], env);
  expect({ code, stderr }).toEqual({ code: exit, stderr: expect.any(String) as string });
  const { error } = JSON.parse(stdout) as { error: Refused };
  for (const { path, value, expected } of error.problems ?? []) {
    const shown = value === "***" ? value : JSON.stringify(value);
    expect(stderr).toContain(`  ${path} is ${shown}: expected ${expected}`);
  }
  return error;
}

function kept(at: Together): Record<string, unknown> {
  return JSON.parse(String(at.aws.secret(SECRET)?.value)) as Record<string, unknown>;
}

const READ = `GetSecretValue ${SECRET}`;
const WRITTEN = `PutSecretValue ${secretArn(SECRET)}`;

describe("secrets kept in AWS", () => {
  it("work with every flow, from the environment and from the file, and are read once per run", async () => {
    const at = await start();
    at.aws.putParameter("/acme/key", { type: "SecureString", value: PEM });
    at.aws.putParameter("/acme/password", { type: "SecureString", value: `${SIMULATOR_PASSWORD}\n` });
    const CLIENT = { ...REFERENCES, PARDOT_REFRESH_TOKEN: "" };
    const flows: readonly (readonly [string, Environment, readonly string[]])[] = [
      ["refresh_token", REFERENCES, [READ]],
      [
        "jwt",
        { ...NOTHING, PARDOT_USERNAME: SIMULATOR_USERNAME, PARDOT_PRIVATE_KEY: "aws-ssm:/acme/key" },
        ["GetParameter /acme/key"],
      ],
      ["client_credentials", CLIENT, [READ]],
      [
        "password",
        { ...CLIENT, PARDOT_USERNAME: SIMULATOR_USERNAME, PARDOT_PASSWORD: "aws-ssm:/acme/password" },
        ["GetParameter /acme/password", READ],
      ],
    ];
    for (const [flow, env, asked] of flows) {
      const before = at.aws.asked.length;
      expect((await run(at, { ...env, PARDOT_AUTH_FLOW: flow }, runCli)).status).toBe("complete");
      expect(at.aws.asked.slice(before).toSorted()).toEqual(asked);
    }
    await expectExactly(at, "Tag");
    await writeFile(
      join(at.root, "pardot-etl.yaml"),
      `pardot:\n  client_secret: ${REFERENCES["PARDOT_CLIENT_SECRET"]}\n  refresh_token: \${TOKEN_IS_AT}\n`,
    );
    expect((await run(at, { ...NOTHING, TOKEN_IS_AT: REFERENCES["PARDOT_REFRESH_TOKEN"] })).status).toBe("complete");
  });

  it("are read only by the commands that need them", async () => {
    const at = await start();
    expect(await cli(at, ["plan"])).toMatchObject({ code: 0 });
    expect(at.aws.asked).toEqual([READ]);
    await run(at);
    expect(at.aws.asked).toEqual([READ, READ]);
    for (const command of [["objects"], ["status"], ["verify"]])
      expect(await cli(at, command)).toMatchObject({ code: 0 });
    // Verifying committed files needs no credentials of Pardot.
    const { PARDOT_ETL_DESTINATION, PARDOT_ETL_TMPDIR } = at.env;
    const bare = { ...at, env: { PARDOT_ETL_DESTINATION, PARDOT_ETL_TMPDIR } };
    expect(await cli(bare, ["verify"])).toMatchObject({ code: 0 });
    expect(at.aws.asked).toEqual([READ, READ]);
  });

  it("have a line in check", async () => {
    const at = await start();
    at.aws.putParameter("/acme/secret", { type: "SecureString", value: SIMULATOR_CLIENT_SECRET });
    const line = async (env: Environment): Promise<CheckLine | undefined> =>
      (await checkLines(at, env)).lines.find(({ name }) => name === "secrets");
    expect(await line({})).toMatchObject({
      status: "ok",
      message: "2 references resolved: 1 secret of AWS Secrets Manager; a rotated refresh token can be written back",
    });
    expect(at.aws.secret(SECRET)?.versions.size).toBe(1);
    at.aws.fail("PutSecretValue", { status: 400, error: "AccessDeniedException" });
    expect(await line({})).toMatchObject({
      status: "warning",
      message: expect.stringContaining("grant secretsmanager:PutSecretValue") as string,
      hint: expect.stringContaining("lost") as string,
    });
    at.aws.putParameter("/acme/token", { type: "SecureString", value: SIMULATOR_REFRESH_TOKEN });
    expect(await line({ PARDOT_REFRESH_TOKEN: "aws-ssm:/acme/token" })).toMatchObject({
      status: "ok",
      message: expect.stringContaining("ssm:PutParameter") as string,
    });
    expect(await line({ PARDOT_CLIENT_SECRET: "aws-ssm:/acme/secret" })).toMatchObject({
      message: expect.stringMatching(/^2 references resolved: 1 secret of AWS Secrets Manager, 1 parameter/) as string,
    });
    const plain = { PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET, PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN };
    expect(await line(plain)).toBeUndefined();
  });

  it("that cannot be read end the command with the code of the required action, before any call to Pardot", async () => {
    const at = await start();
    const missing = await refusal(at, 2, {
      PARDOT_CLIENT_SECRET: "aws-secretsmanager:acme/none#a",
      PARDOT_REFRESH_TOKEN: `aws-secretsmanager:${SECRET}#refresh-token`,
    });
    expect(missing).toMatchObject({ code: "secrets.invalid" });
    expect(missing.problems?.map(({ path, value }) => [path, value])).toEqual([
      ["PARDOT_CLIENT_SECRET", "aws-secretsmanager:acme/none#a"],
      ["PARDOT_REFRESH_TOKEN", `aws-secretsmanager:${SECRET}#refresh-token`],
    ]);
    at.aws.fail("GetSecretValue", { status: 400, error: "AccessDeniedException", message: "not authorized" });
    const denied = await refusal(at, 3);
    expect(denied).toMatchObject({ code: "secrets.denied" });
    expect(denied.problems?.map(({ expected }) => expected)).toEqual([
      expect.stringContaining("grant secretsmanager:GetSecretValue"),
      expect.stringContaining("grant secretsmanager:GetSecretValue"),
    ]);
    const badKey = {
      ...NOTHING,
      PARDOT_USERNAME: SIMULATOR_USERNAME,
      PARDOT_PRIVATE_KEY: "aws-secretsmanager:acme/pardot",
    };
    expect(await refusal(at, 2, badKey)).toMatchObject({ code: "config.invalid" });
    at.aws.putSecret("acme/loop", REFERENCES["PARDOT_CLIENT_SECRET"] ?? "");
    const loop = await refusal(at, 2, { PARDOT_CLIENT_SECRET: "aws-secretsmanager:acme/loop" });
    expect(loop.problems).toMatchObject([{ value: "aws-secretsmanager:acme/loop" }]);
    const before = at.aws.asked.length;
    const shape = await refusal(at, 2, { PARDOT_CLIENT_SECRET: "aws-secretsmanager:", PARDOT_TIMEZONE: "nowhere" });
    expect(shape.problems?.map(({ path }) => path)).toEqual(["PARDOT_TIMEZONE", "PARDOT_CLIENT_SECRET"]);
    expect([at.aws.asked.length - before, at.simulator.stats().requests]).toEqual([0, []]);
  });

  it("that cannot be read don't keep check from testing the rest", async () => {
    const at = await start();
    at.aws.fail("GetSecretValue", { status: 400, error: "AccessDeniedException", message: "not authorized" });
    const { code, lines } = await checkLines(at);
    expect([code, lines.map(({ name, status }) => [name, status])]).toEqual([
      3,
      [
        ["configuration", "ok"],
        ["secrets", "failed"],
        ["destination", "ok"],
        ...["warehouse", "credentials", "business unit", "quota", "clock", "time zone"].map((name) => [
          name,
          "skipped",
        ]),
      ],
    ]);
    expect(lines[1]?.message).toMatch(
      /PARDOT_REFRESH_TOKEN is "aws-secretsmanager:.*grant secretsmanager:GetSecretValue/,
    );
  });

  it("load the AWS clients that fetch them, and nothing without references", async () => {
    const at = await start();
    at.aws.putParameter("/acme/secret", { type: "SecureString", value: SIMULATOR_CLIENT_SECRET });
    const hook = `${at.root}.loaded.mjs`;
    await writeFile(
      hook,
      `import { registerHooks } from "node:module";
      import { appendFileSync } from "node:fs";
      const note = (url) => url.includes("/@aws-sdk/client-") && appendFileSync(${JSON.stringify(`${hook}.txt`)}, url + "\\n");
      registerHooks({ load: (url, context, next) => (note(url), next(url, context)) });`,
    );
    const loaded = async (env: Environment): Promise<readonly string[]> => {
      await writeFile(`${hook}.txt`, "");
      await run(at, { ...env, NODE_OPTIONS: `--import ${hook}` }, runCli);
      const text = await readFile(`${hook}.txt`, "utf8");
      return [...new Set(text.match(/client-[a-z-]+/g))];
    };
    onTestFinished(() => Promise.all([hook, `${hook}.txt`].map((name) => rm(name))).then(() => {}));
    const plain = { PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET, PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN };
    expect(await loaded(plain)).toEqual([]);
    expect(await loaded({ ...plain, PARDOT_CLIENT_SECRET: "aws-ssm:/acme/secret" })).toEqual(["client-ssm"]);
    expect(await loaded({})).toEqual(["client-secrets-manager"]);
  });

  it("are not waited for after SIGTERM", async () => {
    const at = await start();
    at.aws.fail("GetSecretValue", "hang");
    const asked = new Promise<void>((resolve) => at.aws.onAction("GetSecretValue", resolve));
    const program = startCli(["run"], at.env, { cwd: at.root });
    await asked;
    program.kill("SIGTERM");
    expect(await program.ended).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/nothing has begun.*\n[^]*pardot-etl: stopped by SIGTERM/) as string,
    });
  });
});

describe("a rotated refresh token kept in AWS", () => {
  const ROTATING: SimulatorOptions = { knobs: { refreshTokenRotation: true } };

  it("is written back under its key for the next run, and other keys stay", async () => {
    const at = await start(ROTATING);
    for (const count of [1, 2]) {
      expect((await run(at)).status).toBe("complete");
      expect(kept(at)).toEqual({
        client_secret: SIMULATOR_CLIENT_SECRET,
        refresh_token: `${SIMULATOR_REFRESH_TOKEN}-${count}`,
        other: "canary",
      });
    }
    expect(at.aws.asked).toEqual([READ, READ, WRITTEN, READ, READ, WRITTEN]);
    expect((await checkLines(at)).lines.find(({ name }) => name === "credentials")).toMatchObject({ status: "ok" });
    expect(kept(at)["refresh_token"]).toBe(`${SIMULATOR_REFRESH_TOKEN}-3`);
  });

  it("is written back to its parameter", async () => {
    const at = await start(ROTATING, { ...REFERENCES, PARDOT_REFRESH_TOKEN: "aws-ssm:/acme/token" });
    at.aws.putParameter("/acme/token", { type: "SecureString", value: SIMULATOR_REFRESH_TOKEN, keyId: "alias/acme" });
    expect((await run(at)).status).toBe("complete");
    expect((await run(at)).status).toBe("complete");
    const value = `${SIMULATOR_REFRESH_TOKEN}-2`;
    expect(at.aws.parameter("/acme/token")).toEqual({ type: "SecureString", value, keyId: "alias/acme", version: 3 });
  });

  it("is written to the token file if there is one", async () => {
    const at = await start(ROTATING);
    const file = `${at.root}.token`;
    onTestFinished(() => rm(file));
    expect((await run(at, { PARDOT_TOKEN_FILE: file })).status).toBe("complete");
    expect(await readFile(file, "utf8")).toBe(`${SIMULATOR_REFRESH_TOKEN}-1\n`);
    expect(kept(at)["refresh_token"]).toBe(SIMULATOR_REFRESH_TOKEN);
  });

  it("is written before the new access token is used, so a killed run does not lose it", async () => {
    const at = await start(ROTATING);
    // The first call with the new access token never gets a response.
    at.simulator.faults([{ path: "/api/", hang: true, count: 99 }]);
    const program = startCli(["run"], at.env, { cwd: at.root });
    const calls = (): number => at.simulator.stats().calls;
    await expect.poll(calls, { timeout: 50_000 }).toBeGreaterThan(0);
    program.kill("SIGKILL");
    await program.ended;
    expect(kept(at)["refresh_token"]).toBe(`${SIMULATOR_REFRESH_TOKEN}-1`);
    at.simulator.faults([]);
    expect((await run(at)).status).toBe("complete");
  });

  it("is lost with a run that is killed before the write; no call was made, and the next run names the fix", async () => {
    const at = await start(ROTATING);
    at.aws.fail("PutSecretValue", "hang");
    const writing = new Promise<void>((resolve) => at.aws.onAction("PutSecretValue", resolve));
    const program = startCli(["run"], at.env, { cwd: at.root });
    await writing;
    program.kill("SIGKILL");
    await program.ended;
    expect([at.simulator.stats().calls, kept(at)["refresh_token"]]).toEqual([0, SIMULATOR_REFRESH_TOKEN]);
    const error = await refusal(at, 3);
    expect(error).toMatchObject({
      code: "auth.refresh-token-dead",
      hint: expect.stringContaining("Authorize") as string,
    });
  });

  it("is still written if the run is stopped in the meantime", async () => {
    const at = await start(ROTATING);
    at.aws.fail("PutSecretValue", { status: 500, error: "InternalServiceError" });
    const writing = new Promise<void>((resolve) => at.aws.onAction("PutSecretValue", resolve));
    const program = startCli(["run"], at.env, { cwd: at.root });
    await writing;
    program.kill("SIGTERM");
    expect(await program.ended).toMatchObject({ code: 130 });
    expect(kept(at)["refresh_token"]).toBe(`${SIMULATOR_REFRESH_TOKEN}-1`);
  });

  it("that cannot be written back makes the run partial, check warn, and the next run fail to log in", async () => {
    const at = await start(ROTATING);
    const denied = {
      status: 400,
      error: "AccessDeniedException",
      message: `not authorized to put ${SIMULATOR_REFRESH_TOKEN}-1`,
    };
    at.aws.fail("PutSecretValue", denied);
    const manifest = await run(at);
    expect([manifest.status, manifest.warnings]).toEqual([
      "partial",
      [
        {
          code: "auth.token-rotated",
          object: null,
          message: expect.stringMatching(
            /written back to aws-secretsmanager:acme\/pardot#refresh_token: .*grant secretsmanager:PutSecretValue.*Authorize the app again/,
          ) as string,
        },
      ],
    ]);
    await expectExactly(at, "Tag");
    expect(await refusal(at, 3)).toMatchObject({ code: "auth.refresh-token-dead" });
    const other = await start(ROTATING);
    // The actions that check tests, and those that the rotation then needs.
    other.aws.fail("PutSecretValue", denied, denied);
    expect((await checkLines(other)).lines.find(({ name }) => name === "credentials")).toMatchObject({
      status: "warning",
      hint: expect.stringContaining("aws-secretsmanager:") as string,
    });
  });
});
