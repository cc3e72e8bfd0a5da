import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { startAwsSecrets } from "../../test/kit/servers/aws-secrets.ts";
import type { AwsSecrets } from "../../test/kit/servers/aws-secrets.ts";
import { Secret } from "../secrets/secret.ts";
import { systemRandom } from "../platform/random.ts";
import { readReference } from "../secrets/reference.ts";
import { referenceKeeper } from "./refresh-token.ts";
import type { RefreshTokenKeeper } from "./refresh-token.ts";

// Against a stand-in for AWS over its own protocol. Holds G8: no token in a warning.

let aws: AwsSecrets;
let warnings: (readonly [code: string, message: string])[];
beforeEach(async () => {
  aws = await startAwsSecrets();
  warnings = [];
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  put("canary-first");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  expect(JSON.stringify(warnings)).not.toContain("canary");
});

function put(token: string): void {
  aws.putSecret("acme", JSON.stringify({ token, other: "stays" }));
}

function keeper(): RefreshTokenKeeper {
  const reference = readReference("aws-secretsmanager:acme#token");
  if (!reference.ok) throw new Error(reference.expected);
  const warn = (code: string, message: string): void => void warnings.push([code, message]);
  const configured = new Secret("canary-first");
  return referenceKeeper(reference.value, configured, { clock: fakeClock(), random: systemRandom }, warn);
}

describe("a refresh token that is kept in AWS", () => {
  test("is not read again for the first request, and returned later only if another process has written it", async () => {
    const { keptRefreshToken, onRotatedRefreshToken } = keeper();
    const next = async (): Promise<string | undefined> => (await keptRefreshToken())?.reveal();
    expect([await next(), aws.asked]).toEqual([undefined, []]);
    await onRotatedRefreshToken(new Secret("canary-second"));
    expect(aws.secret("acme")?.value).toBe('{"token":"canary-second","other":"stays"}');
    expect(await next()).toBeUndefined();
    put("canary-third");
    expect([await next(), await next()]).toEqual(["canary-third", undefined]);
    expect(warnings).toEqual([]);
  });

  test.each([
    [
      "AWS refuses",
      () => aws.fail("GetSecretValue", { status: 400, error: "AccessDeniedException" }),
      /grant secretsmanager:GetSecretValue/,
    ],
    ["its key is gone", () => aws.putSecret("acme", '{"canary":"x"}'), /the key token; its JSON has 1 other key/],
  ])("that cannot be read again because %s stays in use, with a warning", async (_why, spoil, expected) => {
    const { keptRefreshToken } = keeper();
    await keptRefreshToken();
    spoil();
    expect(await keptRefreshToken()).toBeNull();
    expect(warnings).toEqual([["auth.token-not-read", expect.stringMatching(expected) as string]]);
  });

  test("is not read back in its old form after a new one could not be written", async () => {
    const { keptRefreshToken, onRotatedRefreshToken } = keeper();
    await keptRefreshToken();
    aws.fail("PutSecretValue", { status: 400, error: "LimitExceededException" });
    await onRotatedRefreshToken(new Secret("canary-second"));
    expect(warnings).toEqual([["auth.token-rotated", expect.stringContaining("400 LimitExceededException") as string]]);
    expect(await keptRefreshToken()).toBeNull();
    await onRotatedRefreshToken(new Secret("canary-third"));
    expect(aws.secret("acme")?.value).toBe('{"token":"canary-third","other":"stays"}');
  });

  test("is not written to a secret that is not JSON any more", async () => {
    aws.putSecret("acme", "canary-plain");
    await keeper().onRotatedRefreshToken(new Secret("canary-second"));
    expect(warnings).toEqual([["auth.token-rotated", expect.stringContaining("JSON object, as it was") as string]]);
    expect(aws.secret("acme")?.value).toBe("canary-plain");
  });
});
