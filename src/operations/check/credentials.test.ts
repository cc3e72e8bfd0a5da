import { expect, test } from "vitest";
import type { RunEvent } from "../../events.ts";
import { credentialsLine, collectWarnings } from "./credentials.ts";

const warning = (code: string): RunEvent => ({ type: "warning", code, object: null, message: `about ${code}` });

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
  const passed: RunEvent[] = [];
  const { onEvent, warnings } = collectWarnings((event) => passed.push(event));
  onEvent({ type: "token-refreshed" });
  onEvent(warning(code));
  expect(passed).toEqual([{ type: "token-refreshed" }, warning(code)]);
  const line = credentialsLine("refresh_token", 3, warnings);
  expect(line).toMatchObject({ status: "warning", exitCode: 0 });
  expect(line.message).toBe(`accepted by the flow refresh_token; API version 3. about ${code}`);
  expect(line.hint).toMatch(/^[A-Z].*\.$/);
});
