import { expect, test } from "vitest";
import { fakeIo } from "../../test/kit/fakes/io.ts";
import { AuthError, ConfigError, LimitError, StorageError } from "../errors.ts";
import { printError } from "./print-error.ts";

const PEOPLE = { isJson: false };
const MACHINES = { isJson: true };

test("prints message and hint, and returns the exit code", () => {
  const io = fakeIo();
  const error = new AuthError("get a token: refused", { code: "auth.refused", hint: "renew the refresh token" });
  expect(printError(error, PEOPLE, io)).toBe(3);
  expect(io.stderr.text()).toBe("pardot-etl: get a token: refused\nhint: renew the refresh token\n");
  expect(io.stdout.text()).toBe("");
});

test("prints a line per problem, missing or wrong", () => {
  const io = fakeIo();
  const problems = [
    { path: "PARDOT_CLIENT_ID", value: null, expected: "the consumer key" },
    { path: "etl.overlap (a.yaml)", value: "0s", expected: "a duration" },
  ];
  expect(printError(new ConfigError("read the configuration: 2 problems", problems, {}), PEOPLE, io)).toBe(2);
  expect(io.stderr.text()).toBe(
    [
      "pardot-etl: read the configuration: 2 problems",
      "  PARDOT_CLIENT_ID is missing: expected the consumer key",
      '  etl.overlap (a.yaml) is "0s": expected a duration',
      "",
    ].join("\n"),
  );
});

test("prints one JSON line for machines and the text for people", () => {
  const io = fakeIo();
  expect(printError(new StorageError("put x: denied", { code: "storage.denied" }), MACHINES, io)).toBe(7);
  expect(io.stdout.text()).toBe('{"error":{"code":"storage.denied","message":"put x: denied","hint":null}}\n');
  expect(io.stderr.text()).toContain("put x: denied");
  expect(printError(new LimitError("a", { code: "limit.b" }), MACHINES, fakeIo())).toBe(4);
});

test("prints a bug with its stack, the version and how to report it", () => {
  const io = fakeIo();
  expect(printError(new TypeError("x is not a function"), MACHINES, io)).toBe(1);
  expect(io.stderr.text()).toMatch(
    /version \d+\.\d+\.\d+[\s\S]*TypeError: x is not a function\n\s+at [\s\S]*hint: Report it/,
  );
  expect(JSON.parse(io.stdout.text())).toMatchObject({ error: { code: "bug", message: "x is not a function" } });
});

test("shows no secret of the environment that got into an error", () => {
  const secret = 'p"a\\ss-word';
  const env = { PARDOT_CLIENT_SECRET: secret, PARDOT_REFRESH_TOKEN: "short" };
  const io = fakeIo({ env });
  printError(new Error(`cannot parse ${secret}`), MACHINES, io);
  const text = io.stdout.text() + io.stderr.text();
  expect(text).not.toContain("ss-word");
  expect(text).toContain("***");
});
