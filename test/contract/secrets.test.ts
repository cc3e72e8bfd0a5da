import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AuthError, ConfigError, TransportError } from "../../src/errors.ts";
import type { PardotEtlError } from "../../src/errors.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { SecretFailure } from "../../src/secrets/failure.ts";
import { openSecretStore, resolveReferences } from "../../src/secrets/resolve.ts";
import { readReference } from "../../src/secrets/reference.ts";
import type { SecretReference } from "../../src/secrets/reference.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import type { FakeClock } from "../kit/fakes/clock.ts";
import { parameterArn, secretArn, startAwsSecrets } from "../kit/servers/aws-secrets.ts";
import type { AwsSecrets, Fate } from "../kit/servers/aws-secrets.ts";

// The SDK over AWS's own protocol against a stand-in that checks signatures. Holds G8: nothing of a secret in an error.

let aws: AwsSecrets;
let clock: FakeClock;
beforeEach(async () => {
  aws = await startAwsSecrets();
  clock = fakeClock();
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  aws.putSecret("acme/pardot", JSON.stringify({ client_secret: "canary-one", refresh_token: "canary-two", port: 5 }));
  aws.putSecret("acme/plain", "canary-three\n");
  aws.putSecret("acme/binary", new TextEncoder().encode("canary-four"));
  aws.putSecret("acme/empty", " ");
  aws.putParameter("/acme/token", { type: "SecureString", value: "canary-five", keyId: "alias/acme" });
  aws.putParameter("plain", { type: "String", value: "canary-six" });
  aws.putParameter("list", { type: "StringList", value: "canary-seven,canary-eight" });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const never = new AbortController().signal;

function reference(text: string): SecretReference {
  const reading = readReference(text);
  if (!reading.ok) throw new Error(reading.expected);
  return reading.value;
}

async function follow(...texts: readonly string[]): Promise<Record<string, string>> {
  const given = texts.map((text, index) => ({ path: `SETTING_${index + 1}`, reference: reference(text) }));
  const secrets = await resolveReferences(given, { clock, random: systemRandom, signal: never });
  expect(inspect(secrets, { depth: 10 }) + JSON.stringify([...secrets])).not.toContain("canary");
  return Object.fromEntries([...secrets].map(([text, secret]) => [text, secret.reveal()]));
}

/** The error of resolving them; it contains nothing of a secret. */
async function refusal(...texts: readonly string[]): Promise<PardotEtlError> {
  const error: unknown = await follow(...texts).catch((reason: unknown) => reason);
  expect(inspect(error, { depth: 10 })).not.toContain("canary");
  return error as PardotEtlError;
}

const times = (count: number, fate: Fate): readonly Fate[] => Array.from({ length: count }, () => fate);

describe("references to secrets", () => {
  test("are resolved by name and by ARN, as a whole and by key, and each secret is read once", async () => {
    const arn = `aws-secretsmanager:${secretArn("acme/plain")}`;
    expect(
      await follow(
        "aws-secretsmanager:acme/pardot#client_secret",
        "aws-secretsmanager:acme/pardot#refresh_token",
        arn,
        "aws-ssm:/acme/token",
        "aws-ssm:plain",
        `aws-ssm:${parameterArn("/acme/token")}`,
      ),
    ).toEqual({
      "aws-secretsmanager:acme/pardot#client_secret": "canary-one",
      "aws-secretsmanager:acme/pardot#refresh_token": "canary-two",
      [arn]: "canary-three",
      "aws-ssm:/acme/token": "canary-five",
      "aws-ssm:plain": "canary-six",
      [`aws-ssm:${parameterArn("/acme/token")}`]: "canary-five",
    });
    expect(aws.asked.toSorted()).toEqual(
      [
        "GetSecretValue acme/pardot",
        `GetSecretValue ${secretArn("acme/plain")}`,
        "GetParameter /acme/token",
        "GetParameter plain",
        `GetParameter ${parameterArn("/acme/token")}`,
      ].toSorted(),
    );
  });

  test("use the region of their ARN if none is set", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    const arn = `aws-secretsmanager:${secretArn("acme/plain")}`;
    expect(await follow(arn)).toEqual({ [arn]: "canary-three" });
    const error = await refusal("aws-secretsmanager:acme/plain", "aws-ssm:plain");
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.problems.map(({ expected }) => expected)).toEqual([
      "the region of the secret: set AWS_REGION, or give its ARN",
      "the region of the parameter: set AWS_REGION, or give its ARN",
    ]);
  });

  test("are reported all at once if they cannot be resolved, with the causes", async () => {
    const wrong = {
      "aws-secretsmanager:acme/none#a": /none of this name/,
      "aws-secretsmanager:acme/pardot#other": /the key other; its JSON has 3 other keys/,
      "aws-secretsmanager:acme/pardot#port": /a text under the key port; it is a number/,
      "aws-secretsmanager:acme/plain#a": /not a JSON object/,
      "aws-secretsmanager:acme/binary": /a secret of text; this one is binary/,
      "aws-secretsmanager:acme/empty": /not empty/,
      "aws-ssm:/acme/none": /AWS parameter store of eu-central-1 has none of this name/,
      "aws-ssm:list": /SecureString; this one is a StringList/,
    };
    const error = await refusal(...Object.keys(wrong), "aws-ssm:plain");
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: "secrets.invalid", message: expect.stringContaining("8 of 9") as string });
    expect(error.problems).toEqual(
      Object.entries(wrong).map(([value, expected], index) => ({
        path: `SETTING_${index + 1}`,
        value,
        expected: expect.stringMatching(expected) as string,
      })),
    );
  });

  test.each<readonly [string, string, string | undefined, RegExp]>([
    [
      "AccessDeniedException",
      "User: arn:aws:iam::1:user/etl is not authorized to perform: x",
      undefined,
      /grant secretsmanager:GetSecretValue on it .*user\/etl/,
    ],
    ["AccessDeniedException", "Access to KMS is not allowed", undefined, /grant kms:Decrypt on it/],
    [
      "DecryptionFailure",
      "Secrets Manager can't decrypt the protected secret text",
      undefined,
      /grant kms:Decrypt on it/,
    ],
    [
      "ExpiredTokenException",
      "The security token included in the request is expired",
      undefined,
      /AWS credentials that AWS accepts \(ExpiredTokenException\)/,
    ],
  ])("that AWS refuses with %s (%s) are a matter of credentials", async (error, message, _none, expected) => {
    aws.fail("GetSecretValue", { status: 400, error, message });
    const thrown = await refusal("aws-secretsmanager:acme/pardot#client_secret");
    expect(thrown).toBeInstanceOf(AuthError);
    expect(thrown).toMatchObject({ code: "secrets.denied", exitCode: 3 });
    expect(thrown.problems).toEqual([
      {
        path: "SETTING_1",
        value: "aws-secretsmanager:acme/pardot#client_secret",
        expected: expect.stringMatching(expected) as string,
      },
    ]);
  });

  test("name the parameter store's action, and an invalid reference next to a refusal decides the error", async () => {
    aws.fail("GetParameter", { status: 400, error: "AccessDeniedException", message: "not authorized" });
    const thrown = await refusal("aws-ssm:plain", "aws-secretsmanager:acme/none");
    expect(thrown).toMatchObject({ code: "secrets.invalid", exitCode: 2 });
    expect(thrown.problems[0]?.expected).toContain("grant ssm:GetParameter on it");
  });

  test("fail without AWS credentials, or with wrong ones, and name that cause", async () => {
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "other");
    expect((await refusal("aws-ssm:plain")).problems[0]?.expected).toContain("InvalidSignatureException");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "other");
    expect((await refusal("aws-ssm:plain")).problems[0]?.expected).toContain("UnrecognizedClientException");
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
    const error = await refusal("aws-ssm:plain");
    expect(error).toMatchObject({ code: "secrets.denied", exitCode: 3 });
    expect(error.problems[0]?.expected).toMatch(/none were found: give the task or instance a role/);
  });

  test.each<readonly [string, Fate]>([
    ["throttling", { status: 400, error: "ThrottlingException", message: "Rate exceeded" }],
    ["AWS's own failure", { status: 500, error: "InternalServiceError" }],
    ["a lost response", "lose-answer"],
  ])("survive %s", async (_what, fate) => {
    aws.fail("GetSecretValue", ...times(4, fate));
    expect(await follow("aws-secretsmanager:acme/plain")).toEqual({ "aws-secretsmanager:acme/plain": "canary-three" });
    expect([aws.asked.length, clock.slept.length]).toEqual([5, 4]);
  });

  test("fail if AWS keeps throttling, or is unreachable", async () => {
    aws.fail("GetSecretValue", ...times(5, { status: 400, error: "ThrottlingException", message: "Rate exceeded" }));
    const throttled = await refusal("aws-secretsmanager:acme/plain");
    expect(throttled).toBeInstanceOf(TransportError);
    expect(throttled).toMatchObject({ code: "secrets.unreachable", exitCode: 5, retryable: true });
    expect(throttled.problems[0]?.expected).toMatch(/400 ThrottlingException: Rate exceeded after 5 attempts/);
    vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9");
    expect((await refusal("aws-secretsmanager:acme/plain")).problems[0]?.expected).toMatch(/ECONNREFUSED/);
  });

  test("are not waited for after a stop request", async () => {
    const stop = new AbortController();
    aws.fail("GetSecretValue", "hang");
    aws.onAction("GetSecretValue", () => stop.abort(new Error("stopped")));
    const given = [{ path: "S", reference: reference("aws-secretsmanager:acme/plain") }];
    const following = resolveReferences(given, { clock, random: systemRandom, signal: stop.signal });
    await expect(following).rejects.toThrow("stopped");
  });
});

describe("a write of a secret", () => {
  async function replace(text: string, change: (kept: string) => string): Promise<string | null> {
    const { name } = reference(text);
    return (await openSecretStore(reference(text), { clock, random: systemRandom })).replace(name, change, never);
  }
  const content = (name: string): unknown => JSON.parse(String(aws.secret(name)?.value));

  test("is tested without writing, if AWS allows it", async () => {
    const attempt = async (text: string): Promise<string> => {
      const { name } = reference(text);
      return (await openSecretStore(reference(text), { clock, random: systemRandom })).tryReplace(name, never);
    };
    expect([await attempt("aws-secretsmanager:acme/plain"), await attempt("aws-ssm:/acme/token")]).toEqual([
      "allowed",
      "unknown",
    ]);
    expect(aws.secret("acme/plain")).toMatchObject({ value: "canary-three\n", versions: { size: 1 } });
    expect(aws.parameter("/acme/token")?.version).toBe(1);
    aws.fail("PutSecretValue", { status: 400, error: "AccessDeniedException" });
    await expect(attempt("aws-secretsmanager:acme/plain")).rejects.toMatchObject({ kind: "credentials" });
  });

  test("to a secret sees the latest writes of others, and adds one version", async () => {
    await follow("aws-secretsmanager:acme/pardot#client_secret");
    aws.putSecret("acme/pardot", '{"others":"wrote"}');
    await replace("aws-secretsmanager:acme/pardot", (kept) =>
      JSON.stringify({ ...(JSON.parse(kept) as object), n: "1" }),
    );
    expect(content("acme/pardot")).toEqual({ others: "wrote", n: "1" });
    expect(aws.secret("acme/pardot")?.versions.size).toBe(3);
  });

  test("with a lost response is found done, and not done twice", async () => {
    aws.fail("PutSecretValue", "lose-answer");
    await replace("aws-secretsmanager:acme/plain", () => "new");
    expect(aws.asked).toEqual([
      "GetSecretValue acme/plain",
      `PutSecretValue ${secretArn("acme/plain")}`,
      "GetSecretValue acme/plain",
    ]);
    expect([aws.secret("acme/plain")?.value, aws.secret("acme/plain")?.versions.size]).toEqual(["new", 2]);
  });

  test("that AWS does not accept at once is repeated with the newest content", async () => {
    aws.fail("PutSecretValue", ...times(7, { status: 500, error: "InternalServiceError" }));
    aws.onAction("PutSecretValue", () => {
      if (clock.slept.length === 3) aws.putSecret("acme/plain", "from elsewhere ");
    });
    await replace("aws-secretsmanager:acme/plain", (kept) => `${kept}and here`);
    expect(aws.secret("acme/plain")?.value).toBe("from elsewhere and here");
    // The same token for the same text, so AWS recognizes a repeat; another one for another text.
    expect([aws.tokens.length, new Set(aws.tokens).size]).toEqual([8, 2]);
    expect(clock.slept).toHaveLength(7);
  });

  test("to a parameter keeps its type and its key", async () => {
    expect(await replace("aws-ssm:/acme/token", () => "new")).toBeNull();
    expect(aws.parameter("/acme/token")).toEqual({
      type: "SecureString",
      value: "new",
      keyId: "alias/acme",
      version: 2,
    });
    await replace(`aws-ssm:${parameterArn("/acme/token")}`, () => "newer");
    expect(aws.parameter("/acme/token")).toMatchObject({ value: "newer", keyId: "alias/acme" });
    await replace("aws-ssm:plain", () => "new");
    expect(aws.parameter("plain")).toMatchObject({ type: "String", value: "new" });
  });

  test("to a parameter with an unreadable key uses the account's key, and reports it", async () => {
    aws.fail("DescribeParameters", { status: 400, error: "AccessDeniedException" });
    expect(await replace("aws-ssm:/acme/token", () => "new")).toMatch(/default key.*grant ssm:DescribeParameters/);
    expect(aws.parameter("/acme/token")).toMatchObject({ value: "new", keyId: "alias/aws/ssm" });
  });

  test.each([
    ["aws-secretsmanager:acme/plain", "PutSecretValue", "secretsmanager:PutSecretValue"],
    ["aws-ssm:/acme/token", "PutParameter", "ssm:PutParameter"],
  ])("to %s that is refused names the action to grant, and nothing of the value", async (text, action, grant) => {
    aws.fail(action, { status: 400, error: "AccessDeniedException", message: "value canary-new is not for you" });
    const error: unknown = await replace(text, () => "canary-new").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SecretFailure);
    expect(error).toMatchObject({
      kind: "credentials",
      expected: expect.stringContaining(`grant ${grant} on it`) as string,
    });
    expect((error as SecretFailure).expected).not.toContain("canary");
  });
});
