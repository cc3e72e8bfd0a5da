import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { SETTING_BY_NAME } from "../../src/config/settings.ts";
import { ERROR_CODES } from "../../src/pardot/error-codes.ts";
import { TOKEN_ERRORS } from "../../src/pardot/auth/token-errors.ts";
import { SETUP_STEPS, setupStep } from "../../src/operations/check/setup-steps.ts";

const page = await readFile(new URL("../../docs/authentication.md", import.meta.url), "utf8");

/** Codes of logins that are not in the table of Salesforce's errors. */
const OTHERS = [
  "scope-missing",
  "no-token-endpoint",
  "endpoint-failed",
  "endpoint-is-pardot",
  "refused",
  "no-refresh-token",
  "clock-off",
  "token-rotated",
  "token-file-open",
  "token-file-unlocked",
  "token-not-read",
  "token-key",
  "password-flow",
  "certificate-ends",
  "certificate-other",
];
const CODES = new Set([...TOKEN_ERRORS.map((row) => row.name), ...OTHERS].map((name) => `auth.${name}`));

test.each([...CODES])("authentication.md explains the cause of %s", (code) => {
  expect(page).toContain(`\`${code}\``);
});

test("authentication.md names only existing codes", () => {
  expect(page.match(/(?<=`)auth\.[a-z-]+(?=`)/g)?.filter((code) => !CODES.has(code))).toEqual([]);
});

test.each(SETTING_BY_NAME.get("PARDOT_AUTH_FLOW")?.parser.choices ?? [])(
  "authentication.md has a section for %s",
  (flow) => {
    expect(page).toContain(`\n## ${flow}\n`);
  },
);

const PARDOT_CODES = new Set(Object.values(ERROR_CODES).map(({ name }) => `pardot.${name}`));

test.each(SETUP_STEPS)("authentication.md has the step $heading that check names, with its errors", (step) => {
  const section = page.split(`\n### ${step.heading}\n`)[1]?.split("\n## ")[0]?.split("\n### ")[0];
  for (const code of step.codes) {
    expect(section).toContain(`\`${code}\``);
    expect(CODES.has(code) || PARDOT_CODES.has(code) || code === "pardot.forbidden").toBe(true);
    expect(setupStep(code)).toContain(`step ${step.heading}: \`pardot-etl help authentication#`);
  }
});

test("check links to a step by the address of its heading", () => {
  expect(setupStep("auth.scope-missing")).toBe("Look at step 2. Scopes: `pardot-etl help authentication#2-scopes`.");
  expect(setupStep("pardot.business-unit-unknown")).toContain("#7-business-unit-and-hosts`.");
  expect(setupStep("http.cut")).toBeNull();
});

test.each(["secrets.invalid", "secrets.denied", "secrets.unreachable"])("authentication.md explains %s", (code) => {
  expect(page).toContain(`| \`${code}\``);
});

test("authentication.md lists every required AWS action", async () => {
  const source = async (name: string): Promise<string> =>
    readFile(new URL(`../../src/secrets/${name}.ts`, import.meta.url), "utf8");
  const commands = [...(await source("secrets-manager")).matchAll(/new (\w+)Command\(/g)].map(
    ([, name]) => `secretsmanager:${name}`,
  );
  commands.push(
    ...[...(await source("parameter-store")).matchAll(/new (\w+)Command\(/g)].map(([, name]) => `ssm:${name}`),
  );
  expect(new Set(commands).size).toBe(5);
  for (const action of [...commands, "kms:Decrypt"]) expect(page).toContain(`\`${action}\``);
});
