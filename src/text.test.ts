import fc from "fast-check";
import { expect, test } from "vitest";
import { DataError } from "./errors.ts";
import { folded, humaneDuration, oneLine, visible } from "./text.ts";

const SPOOKY = "\u001B]0;title\u0007\u001B[2J\u009B31m\u007F\u202Eevil\u2066\u200F\u061C\u2028\r\t\u0000";

test("nothing that controls a terminal or turns text round is left, and the letters are", () => {
  expect(visible(SPOOKY)).toBe(
    String.raw`\u001b]0;title\u0007\u001b[2J\u009b31m\u007f\u202eevil\u2066\u200f\u061c\u2028\u000d\u0009\u0000`,
  );
  expect(visible("Größe 名前 🙂 é\n")).toBe("Größe 名前 🙂 é\n");
});

test("JSON with such characters escaped is the same JSON", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, value) => {
      const written = visible(JSON.stringify({ [key]: value, spooky: SPOOKY }, null, 2));
      expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify({ [key]: value, spooky: SPOOKY })));
      expect(written).toBe(visible(written));
    }),
  );
});

test("a text that must stay on its line cannot begin another", () => {
  expect(oneLine("Acme\r\nok  destination  all is well")).toBe(
    String.raw`Acme\u000d\u000aok  destination  all is well`,
  );
});

test("a message over several lines becomes one", () => {
  expect(folded("Binder Error: no such column\r\n\r\n  LINE 1: select\n")).toBe(
    "Binder Error: no such column LINE 1: select",
  );
});

test("every error of ours shows its message and its hint on one visible line each", () => {
  const error = new DataError("read \u001B[31mx\nfailed: forged", { code: "data.x", hint: "do\nthis\u202E" });
  expect(error.message).toBe(String.raw`read \u001b[31mx failed: forged`);
  expect(error.hint).toBe(String.raw`do this\u202e`);
});

const HOUR = 3_600_000;

test.each([
  [0, "0 s"],
  [999, "0 s"],
  [89_000, "89 s"],
  [90_000, "1 min"],
  [-600_000, "10 min"],
  [HOUR, "60 min"],
  [26 * HOUR, "26 h"],
  [48 * HOUR, "2 days"],
  [59 * 24 * HOUR, "59 days"],
  [21_671_487_000, "8 months"],
  [3 * 366 * 24 * HOUR, "3 years"],
])("%i ms are %s", (ms, text) => {
  expect(humaneDuration(ms)).toBe(text);
});
