import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { SETTING_BY_NAME } from "../../src/config/settings.ts";
import { TOKEN_ERRORS } from "../../src/pardot/token-errors.ts";

const page = await readFile(new URL("../../docs/authentication.md", import.meta.url), "utf8");

/** Codes of logins that stand elsewhere than in the table of Salesforce's errors. */
const OTHERS = [
  "scope-missing",
  "no-token-endpoint",
  "endpoint-failed",
  "refused",
  "no-refresh-token",
  "clock-off",
  "token-rotated",
  "token-file-open",
  "token-file-unlocked",
  "token-not-read",
  "token-key",
  "password-flow",
];
const CODES = new Set([...TOKEN_ERRORS.map((row) => row.name), ...OTHERS].map((name) => `auth.${name}`));

test.each([...CODES])("authentication.md says what %s comes from", (code) => {
  expect(page).toContain(`\`${code}\``);
});

test("authentication.md names no code that there is not", () => {
  expect(page.match(/(?<=`)auth\.[a-z-]+(?=`)/g)?.filter((code) => !CODES.has(code))).toEqual([]);
});

test.each(SETTING_BY_NAME.get("PARDOT_AUTH_FLOW")?.choices ?? [])("authentication.md has a section for %s", (flow) => {
  expect(page).toContain(`\n## ${flow}\n`);
});
