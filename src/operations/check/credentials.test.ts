import { expect, test } from "vitest";
import { credentialsLine } from "./credentials.ts";

test("accepted credentials are named with their flow", () => {
  expect(credentialsLine("jwt", 4, new Map([["clock.own", "other"]]))).toEqual({
    name: "credentials",
    status: "ok",
    message: "accepted by the flow jwt; API version 4",
    hint: null,
    exitCode: 0,
  });
});

test.each([
  "auth.token-rotated",
  "auth.token-key",
  "auth.token-not-read",
  "auth.token-file-unlocked",
  "auth.token-file-open",
  "auth.password-flow",
])("the warning %s is reported with a hint", (code) => {
  const line = credentialsLine("refresh_token", 3, new Map([[code, `about ${code}`]]));
  expect(line).toMatchObject({ status: "warning", exitCode: 0 });
  expect(line.message).toBe(`accepted by the flow refresh_token; API version 3. about ${code}`);
  expect(line.hint).toMatch(/^[A-Z].*\.$/);
});
