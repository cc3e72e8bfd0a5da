import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { CheckLine } from "../../src/operations/api.ts";
import {
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_PASSWORD,
  SIMULATOR_REFRESH_TOKEN,
  SIMULATOR_USERNAME,
} from "../../src/simulator/index.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { DAY_MS } from "../../src/time/instant.ts";
import { selfSigned } from "../kit/certificate.ts";
import { callCli, runCli, startCli } from "../kit/cli.ts";
import { expectExactly, scene, wholeManifests } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { searchedCli } from "../kit/searched-cli.ts";

// Every flow through the command line; secrets.test.ts has them in a separate process. Holds G8: no secret in what is
// printed or written.

const APP_KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PKCS1 = APP_KEYS.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const PKCS8 = APP_KEYS.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const jwtPublicKey = APP_KEYS.publicKey.export({ type: "spki", format: "pem" }).toString();
const OTHER_KEY = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();

/** Parts of all secrets; access tokens and assertions start like the last two. */
const CANARIES = [
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  SIMULATOR_PASSWORD,
  ...[PKCS1, PKCS8, OTHER_KEY].map((pem) => pem.slice(200, 240)),
  "00DSIM000000001!AQ",
  Buffer.from('{"alg":').toString("base64url"),
];

const NOTHING: Environment = { PARDOT_CLIENT_SECRET: "", PARDOT_REFRESH_TOKEN: "" };
const JWT: Environment = { ...NOTHING, PARDOT_USERNAME: SIMULATOR_USERNAME, PARDOT_PRIVATE_KEY: PKCS8 };
const CLIENT: Environment = { PARDOT_REFRESH_TOKEN: "" };
const PASSWORD: Environment = { ...CLIENT, PARDOT_USERNAME: SIMULATOR_USERNAME, PARDOT_PASSWORD: SIMULATOR_PASSWORD };
/** One small object is enough: the flows differ only until the token. */
const OBJECTS: Environment = { PARDOT_ETL_OBJECTS: "Tag" };

/** An account with this machine's time. */
async function start(options: SimulatorOptions, env: Environment): Promise<Scene> {
  const now = new Date().toISOString();
  const at = await scene({ now, jwtPublicKey, ...options }, { ...OBJECTS, ...env });
  onTestFinished(() => at.close());
  return at;
}

const { cli, run, checkLines } = searchedCli(CANARIES);

/** The line of `check` about the credentials. */
async function credentials(at: Scene, by = callCli): Promise<CheckLine | undefined> {
  const { code, lines } = await checkLines(at, {}, by);
  expect(code).toBe(0);
  return lines.find((line) => line.name === "credentials");
}

/** A folder for a token file, outside the folders that are searched for secrets. */
async function tokenFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-tokens-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function warningsOf(manifest: Manifest): readonly string[] {
  return manifest.warnings.map((warning) => warning.code);
}

describe("a login flow", () => {
  it.each<readonly [string, Environment, readonly string[]]>([
    ["refresh_token", {}, []],
    ["jwt", JWT, []],
    ["client_credentials", CLIENT, []],
    ["password", PASSWORD, ["auth.password-flow"]],
  ])("%s checks, runs and lands everything", async (flow, env, warnings) => {
    const at = await start({}, env);
    const line = await credentials(at);
    expect(line).toMatchObject({ status: warnings.length === 0 ? "ok" : "warning" });
    expect(line?.message).toMatch(new RegExp(`^accepted by the flow ${flow}; API version 4`));
    const manifest = await run(at);
    expect([manifest.status, warningsOf(manifest)]).toEqual(["complete", warnings]);
    await expectExactly(at, "Tag");
    const stats = at.simulator.stats();
    expect(stats.tokenRequests).toBe(2);
    const grant = flow === "jwt" ? "urn:ietf:params:oauth:grant-type:jwt-bearer" : flow;
    const grants = stats.requests.filter((request) => request.kind === "token");
    expect(new Set(grants.map((request) => request.parameters["grant_type"]))).toEqual(new Set([grant]));
  });

  it("jwt reads its key from a file, or with literal line ends, and logs in again when the token expires", async () => {
    const at = await start({ knobs: { accessTokenExpiry: "fixed", accessTokenSeconds: 0, tokenMs: 0 } }, JWT);
    await writeFile(`${at.root}.pem`, PKCS1, { mode: 0o600 });
    onTestFinished(() => rm(`${at.root}.pem`));
    const line = JSON.stringify(PKCS1).slice(1, -1);
    for (const env of [
      { PARDOT_PRIVATE_KEY: "", PARDOT_PRIVATE_KEY_FILE: `${at.root}.pem` },
      { PARDOT_PRIVATE_KEY: line },
    ]) {
      // A lifetime of 0 seconds: each token has expired when it is used, until the run gives up.
      const { code, stdout } = await cli(at, ["run", "--json"], env);
      expect([code, (JSON.parse(stdout) as { error: { code: string } }).error.code]).toEqual([
        3,
        "pardot.token-refused",
      ]);
    }
    expect(at.simulator.stats().tokenRequests).toBe(4);
  });

  it("jwt warns from 30 days before its certificate ends, in check and in every run, and when the login fails", async () => {
    const at = await start({}, JWT);
    const soon = { PARDOT_CERTIFICATE: selfSigned(APP_KEYS, Date.now() + 20.5 * DAY_MS) };
    const { code, lines } = await checkLines(at, soon);
    const line = lines.find(({ name }) => name === "credentials");
    expect([code, line?.status]).toEqual([0, "warning"]);
    expect(line?.message).toMatch(
      /API version 4\. the certificate of the app's key ends on \d{4}-\d\d-\d\d, in 20 days/,
    );
    expect(line?.hint).toMatch(/Create a new key and certificate/);
    const manifest = await run(at, soon);
    expect([manifest.status, warningsOf(manifest)]).toEqual(["complete", ["auth.certificate-ends"]]);
    const late = { PARDOT_CERTIFICATE: selfSigned(APP_KEYS, Date.now() + 600 * DAY_MS) };
    expect(warningsOf(await run(at, late))).toEqual([]);
    const refused = await checkLines(at, { ...late, PARDOT_PRIVATE_KEY: OTHER_KEY });
    expect(refused.code).toBe(3);
    expect(refused.lines.find(({ name }) => name === "credentials")?.message).toMatch(
      /the given certificate is not that of the private key/,
    );
  });

  it("jwt logs in on a machine whose clock is years off, and reports it", async () => {
    const at = await start({ now: "2031-05-01T00:00:00Z" }, JWT);
    const manifest = await run(at);
    expect([manifest.status, warningsOf(manifest)]).toEqual(["complete", ["auth.clock-off", "clock.off"]]);
    await expectExactly(at, "Tag");
    expect(at.simulator.stats().tokenRequests).toBe(2);
  });
});

describe("a refused login", () => {
  it.each<readonly [string, Environment, SimulatorOptions, string, RegExp]>([
    ["another app's key", { ...JWT, PARDOT_PRIVATE_KEY: OTHER_KEY }, {}, "auth.assertion-invalid", /certificate/],
    [
      "a user who is not pre-authorized",
      JWT,
      { knobs: { jwtUserApproved: false } },
      "auth.user-not-approved",
      /permission set/,
    ],
    ["an unknown user", { ...JWT, PARDOT_USERNAME: "nobody" }, {}, "auth.user-not-approved", /PARDOT_USERNAME/],
    [
      "a sandbox's login host",
      JWT,
      { knobs: { jwtAudience: "https://test.salesforce.com" } },
      "auth.audience-invalid",
      /PARDOT_LOGIN_URL/,
    ],
    ["an unknown app", { ...JWT, PARDOT_CLIENT_ID: "other" }, {}, "auth.client-unknown", /PARDOT_CLIENT_ID/],
    [
      "a host that is not a My Domain",
      CLIENT,
      { knobs: { clientCredentialsHere: false } },
      "auth.my-domain-required",
      /My Domain only/,
    ],
    ["a wrong password", { ...PASSWORD, PARDOT_PASSWORD: "other" }, {}, "auth.authentication-failed", /security token/],
    [
      "an org that blocks passwords",
      PASSWORD,
      { knobs: { passwordFlow: false } },
      "auth.authentication-failed",
      /Summer '23/,
    ],
    ["an app without the scope", JWT, { knobs: { scopePardotApi: false } }, "auth.scope-missing", /pardot_api/],
  ])("for %s ends with exit 3 and names the fix", async (_what, env, options, code, hint) => {
    const at = await start(options, env);
    const { code: exit, stdout, stderr } = await cli(at, ["run", "--json"]);
    expect(exit).toBe(3);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; hint: string } };
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
    expect(stderr).toContain(error.message);
    expect(at.simulator.stats().calls).toBe(0);
  });

  it.each<readonly [string, Environment, SimulatorOptions, string, string]>([
    ["a scope", {}, { knobs: { scopePardotApi: false } }, "credentials", "2. Scopes"],
    ["a flow", CLIENT, { knobs: { clientCredentialsHere: false } }, "credentials", "7. Business unit and hosts"],
    ["the app's secret", { PARDOT_CLIENT_SECRET: "other" }, {}, "credentials", "4. Key and secret"],
    ["the user's approval", JWT, { knobs: { jwtUserApproved: false } }, "credentials", "5. Policies"],
    [
      "a token that the API accepts",
      {},
      { knobs: { accessTokenExpiry: "fixed", accessTokenSeconds: 0 } },
      "credentials",
      "6. The user",
    ],
    [
      "the business unit",
      { PARDOT_BUSINESS_UNIT_ID: "0UvSIM0000000009ZZ" },
      {},
      "business unit",
      "7. Business unit and hosts",
    ],
    ["calls", {}, { dailyLimit: 0 }, "quota", "8. The account"],
  ])("for lack of %s makes check name the setup step", async (_what, env, options, name, step) => {
    const at = await start(options, env);
    const { code, lines } = await checkLines(at);
    const failed = lines.find((line) => line.status === "failed");
    expect([code, failed?.name]).toEqual([name === "quota" ? 4 : 3, name]);
    expect(failed?.hint).toContain(`Look at step ${step}: \`pardot-etl help authentication#`);
  });

  it("for invalid credentials is reported before any request, together with all other problems", async () => {
    const at = await start({}, { ...JWT, PARDOT_PRIVATE_KEY: PKCS8.slice(0, 600), PARDOT_REFRESH_TOKEN: "" });
    const { code, stdout } = await cli(at, ["run", "--json"], { PARDOT_TIMEZONE: "nowhere", PARDOT_USERNAME: "" });
    const { problems } = (JSON.parse(stdout) as { error: { problems: { path: string }[] } }).error;
    expect([code, problems.map((problem) => problem.path)]).toEqual([
      2,
      ["PARDOT_TIMEZONE", "PARDOT_USERNAME", "PARDOT_PRIVATE_KEY"],
    ]);
    const both = await cli(at, ["run"], { PARDOT_PRIVATE_KEY: PKCS8, PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN });
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("one of jwt, refresh_token") as string]);
    expect(at.simulator.stats().tokenRequests).toBe(0);
  });
});

it("a hanging token request does not keep a stopped run from committing", async () => {
  const at = await start({ rows: { Tag: 3000 } }, { PARDOT_ETL_OBJECTS: "Account,Tag", PARDOT_ETL_STOP_GRACE: "1s" });
  at.simulator.faults([
    { path: "/tag/", skip: 7, expiredToken: true },
    { path: "/services/oauth2/token", skip: 1, hang: true, count: 99 },
  ]);
  const program = startCli(["run"], at.env, { cwd: at.root });
  await expect.poll(() => at.simulator.stats().tokenRequests, { timeout: 50_000 }).toBe(2);
  program.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ code: 130 });
  const [manifest] = await wholeManifests(at.data);
  expect(manifest?.objects.map(({ object, status }) => [object, status])).toEqual([
    ["Tag", "postponed"],
    ["Account", "complete"],
  ]);
});

describe("a rotated refresh token", () => {
  it("is kept in the token file, which later runs and checks use", async () => {
    const file = join(await tokenFolder(), "token");
    const at = await start({ knobs: { refreshTokenRotation: true } }, { PARDOT_TOKEN_FILE: file });
    const kept = async (): Promise<readonly [string, number]> => [
      await readFile(file, "utf8"),
      (await stat(file)).mode & 0o777,
    ];
    expect([(await run(at)).status, await kept()]).toEqual(["complete", [`${SIMULATOR_REFRESH_TOKEN}-1\n`, 0o600]]);
    expect([(await run(at)).status, await kept()]).toEqual(["complete", [`${SIMULATOR_REFRESH_TOKEN}-2\n`, 0o600]]);
    expect(await credentials(at)).toMatchObject({ status: "ok" });
    // The configured token is no longer needed, and the file's mode is checked.
    await chmod(file, 0o640);
    const open = await run(at, { PARDOT_REFRESH_TOKEN: "" });
    expect([open.status, warningsOf(open)]).toEqual(["complete", ["auth.token-file-open"]]);
    expect(await kept()).toEqual([`${SIMULATOR_REFRESH_TOKEN}-4\n`, 0o600]);
    expect(await readdir(join(file, ".."))).toEqual(["token"]);
  });

  it("is saved before the new access token is used", async () => {
    const file = join(await tokenFolder(), "token");
    const at = await start({ knobs: { refreshTokenRotation: true } }, { PARDOT_TOKEN_FILE: file });
    // The first call with the new access token never gets a response.
    at.simulator.faults([{ path: "/api/", hang: true, count: 99 }]);
    const program = startCli(["run", "--log-level", "debug"], at.env, { cwd: at.root });
    const calls = (): number => at.simulator.stats().calls;
    await expect.poll(calls, { timeout: 50_000 }).toBeGreaterThan(0);
    program.kill("SIGKILL");
    await program.ended;
    expect(await readFile(file, "utf8")).toBe(`${SIMULATOR_REFRESH_TOKEN}-1\n`);
    at.simulator.faults([]);
    expect((await run(at)).status).toBe("complete");
  });

  it("is requested by one program at a time when several share the token file", async () => {
    const file = join(await tokenFolder(), "token");
    const knobs = { refreshTokenRotation: true, tokenMs: 300 };
    const at = await start({ knobs }, { PARDOT_TOKEN_FILE: file });
    const checks = await Promise.all([1, 2, 3].map(() => credentials(at, runCli)));
    expect(checks.map((line) => line?.status)).toEqual(["ok", "ok", "ok"]);
    expect([at.simulator.stats().tokenRequests, await readFile(file, "utf8")]).toEqual([
      3,
      `${SIMULATOR_REFRESH_TOKEN}-3\n`,
    ]);
    expect(await readdir(join(file, ".."))).toEqual(["token"]);
  });

  it("is not waited for if the program that requested it was killed", async () => {
    const file = join(await tokenFolder(), "token");
    const at = await start({}, { PARDOT_TOKEN_FILE: file });
    at.simulator.faults([{ path: "/services/oauth2/token", hang: true, count: 1 }]);
    const program = startCli(["run"], at.env, { cwd: at.root });
    await expect.poll(() => at.simulator.stats().tokenRequests, { timeout: 50_000 }).toBe(1);
    expect(await readdir(join(file, ".."))).toEqual([".token.lock"]);
    program.kill("SIGKILL");
    await program.ended;
    expect((await run(at)).status).toBe("complete");
    expect(await readdir(join(file, ".."))).toEqual([]);
  });

  it("without a token file makes the run partial, check warn, and the next run fail to log in", async () => {
    const at = await start({ knobs: { refreshTokenRotation: true } }, {});
    const manifest = await run(at);
    expect([manifest.status, warningsOf(manifest)]).toEqual(["partial", ["auth.token-rotated"]]);
    await expectExactly(at, "Tag");
    const { code, stdout } = await cli(at, ["run", "--json"]);
    const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } };
    expect([code, error.code, error.hint]).toEqual([
      3,
      "auth.refresh-token-dead",
      expect.stringContaining("PARDOT_TOKEN_FILE") as string,
    ]);
    const other = await start({ knobs: { refreshTokenRotation: true } }, {});
    expect(await credentials(other)).toMatchObject({
      status: "warning",
      message: expect.stringContaining("replaced the refresh token") as string,
      hint: expect.stringContaining("PARDOT_TOKEN_FILE") as string,
    });
  });

  it("cannot get lost: an unusable token file is reported before any request", async () => {
    const folder = await tokenFolder();
    await writeFile(join(folder, "token"), "two tokens\n");
    const at = await start({ knobs: { refreshTokenRotation: true } }, {});
    for (const [file, what] of [
      [join(folder, "none", "token"), "may create files (ENOENT)"],
      [join(folder, "token"), "one refresh token and nothing else"],
    ] as const) {
      const { code, stderr } = await cli(at, ["run"], { PARDOT_TOKEN_FILE: file });
      expect([code, stderr]).toEqual([2, expect.stringContaining(what) as string]);
    }
    expect(at.simulator.stats().tokenRequests).toBe(0);
  });
});
