import { expect, test } from "vitest";
import type { AuthConfig } from "../../config/config.ts";
import { Secret } from "../../secrets/secret.ts";
import { credentialsLine } from "./credentials.ts";

const KEY = { flow: "jwt", clientId: "key", username: "api@acme.example", privateKey: new Secret("canary") } as const;
const APP: AuthConfig = { flow: "client_credentials", clientId: "key", clientSecret: new Secret("canary") };

test("accepted credentials are named with their flow, and with the end of a certificate", () => {
  expect(credentialsLine({ ...KEY, certificate: null }, 4, new Map([["clock.own", "other"]]))).toEqual({
    name: "credentials",
    status: "ok",
    message: "accepted by the flow jwt; API version 4",
    hint: null,
    exitCode: 0,
  });
  const certificate = { endsAt: Date.UTC(2028, 10, 26), isOfKey: true };
  expect(credentialsLine({ ...KEY, certificate }, 4, new Map()).message).toBe(
    "accepted by the flow jwt; API version 4; the certificate ends on 2028-11-26",
  );
});

test.each([
  "auth.token-rotated",
  "auth.token-key",
  "auth.token-not-read",
  "auth.token-file-unlocked",
  "auth.token-file-open",
  "auth.password-flow",
  "auth.certificate-ends",
  "auth.certificate-other",
])("the warning %s is reported with a hint", (code) => {
  const line = credentialsLine(APP, 3, new Map([[code, `about ${code}`]]));
  expect(line).toMatchObject({ status: "warning", exitCode: 0 });
  expect(line.message).toBe(`accepted by the flow client_credentials; API version 3. about ${code}`);
  expect(line.hint).toMatch(/^[A-Z].*\.$/);
});
