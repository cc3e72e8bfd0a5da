import { expect, test } from "vitest";
import { signsFor, styleFor, wantsColors } from "./style.ts";

test.each<readonly [boolean, Readonly<Record<string, string>>, boolean]>([
  [true, {}, true],
  [false, {}, false],
  [false, { NO_COLOR: "1" }, true],
  [true, { NO_COLOR: "" }, true],
  [false, { TERM: "dumb" }, true],
  [true, { FORCE_COLOR: "1" }, false],
  [true, { FORCE_COLOR: "1", TERM: "dumb" }, false],
  [false, { FORCE_COLOR: "0" }, true],
  [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
])("colors are %s with %o on a terminal: %s", (wanted, env, isTerminal) => {
  expect(wantsColors(env, isTerminal)).toBe(wanted);
});

test("a tone is a code around the text, and nothing around no text", () => {
  expect(styleFor({ hasColors: true })("bad", "no")).toBe("\u001B[31mno\u001B[39m");
  expect(styleFor({ hasColors: true })("bad", "")).toBe("");
  expect(styleFor({ hasColors: false })("bad", "no")).toBe("no");
});

test.each<readonly [string, Readonly<Record<string, string>>]>([
  ["✓", {}],
  ["✓", { LANG: "en_US.UTF-8" }],
  ["✓", { LC_ALL: "", LANG: "C.utf8" }],
  ["+", { LANG: "C" }],
  ["+", { LC_ALL: "POSIX", LANG: "en_US.UTF-8" }],
])("the sign of what is done is %s with %o", (done, env) => {
  expect(signsFor(env).done).toBe(done);
});
