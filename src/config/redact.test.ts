import { expect, test } from "vitest";
import { redact, secretsOfEnvironment } from "./redact.ts";

test("secrets of AWS, Snowflake and a proxy are redacted in any text and form", () => {
  const secrets = secretsOfEnvironment({
    AWS_SECRET_ACCESS_KEY: "canary+aws/key",
    AWS_SESSION_TOKEN: "canary-session",
    SNOWFLAKE_PASSWORD: 'canary"snow\\flake',
    SNOWFLAKE_TOKEN: "canary-pat",
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: "canary-phrase",
    HTTPS_PROXY: "http://user:canary%2Fproxy@proxy:3128",
    PARDOT_CLIENT_SECRET: "canary-client",
    AWS_ACCESS_KEY_ID: "AKIA-not-a-secret",
  });
  const text = [
    "canary+aws/key",
    encodeURIComponent("canary+aws/key"),
    "canary-session",
    JSON.stringify({ of: 'canary"snow\\flake' }),
    "canary-pat canary-phrase canary-client",
    "canary%2Fproxy canary/proxy",
  ].join("\n");
  expect(redact(text, secrets)).not.toContain("canary");
  expect(redact("AKIA-not-a-secret", secrets)).toBe("AKIA-not-a-secret");
});

test("nothing is redacted without secrets", () => {
  expect(secretsOfEnvironment({ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "x" }).join("")).toBe("");
  expect(redact("as it is", secretsOfEnvironment({}))).toBe("as it is");
});
