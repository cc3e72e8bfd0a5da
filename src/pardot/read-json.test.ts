import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnreadableBody, readJson } from "./read-body.ts";

describe("json", () => {
  test("a number is its source text", () => {
    const text = `{"a":15555555555,"b":1e3,"c":7250.50,"d":-0.0,"e":123456789012345678901234567890,"f":[0.10]}`;
    expect(readJson(text)).toEqual({
      a: "15555555555",
      b: "1e3",
      c: "7250.50",
      d: "-0.0",
      e: "123456789012345678901234567890",
      f: ["0.10"],
    });
  });

  test("a typed number is a number, unless that changes its digits", () => {
    const text = `{"a":[7395,-4],"b":1e3,"c":7250.50,"d":0.5,"e":123456789012345678901234567890,"f":"007"}`;
    const expected = { a: [7395, -4], b: "1e3", c: "7250.50", d: 0.5, e: "123456789012345678901234567890", f: "007" };
    expect(readJson(text, () => {}, true)).toEqual(expected);
  });

  test("a number in a record of a page is one, unless that changes its digits; inside of it, and in a single record, it is text", () => {
    const pageOf = (a: string): string => `{"result":{"total_results":2,"tag":[{"a":${a},"b":{"c":[7,{"d":8}]}}]}}`;
    const inner = { c: ["7", { d: "8" }] };
    expect(readJson(pageOf("5"))).toEqual({ result: { total_results: "2", tag: [{ a: 5, b: inner }] } });
    expect(readJson(pageOf("5.0"))).toEqual({ result: { total_results: "2", tag: [{ a: "5.0", b: inner }] } });
    const single = { result: { tag: { a: "5", b: { c: "7" } } } };
    expect(readJson('{"result":{"tag":{"a":5,"b":{"c":7}}}}')).toEqual(single);
  });

  test("every number is its source text, whatever stands around it", () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.bigInt().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom("-0", "0", "1e3", "7250.50", "0.10", "999999999999999", "1000000000000000", "9007199254740993"),
    );
    const space = fc.constantFrom("", " ", "\n");
    fc.assert(
      fc.property(fc.array(fc.tuple(space, number, fc.string()), { minLength: 1 }), (parts) => {
        const items = parts.map(
          ([before, digits, text]) => `${before}{"a":${before}${digits}},${JSON.stringify(text)}`,
        );
        const expected = parts.flatMap(([, digits, text]) => [{ a: digits }, text.toWellFormed()]);
        expect(readJson(`[${items.join(",")}]`)).toEqual(expected);
      }),
    );
  });

  test.each(["12345678901234567890", " 7250.50", "-0"])("a body that is the number %s is its source text", (text) => {
    expect(readJson(text)).toBe(text.trim());
  });

  test("other values stay as they are", () => {
    expect(readJson(`[true,false,null,"007","1e3","",{},[]]`)).toEqual([true, false, null, "007", "1e3", "", {}, []]);
  });

  test("a field may have any name", () => {
    const record = readJson(`{"__proto__":{"x":1},"constructor":"c"}`) as Record<string, unknown>;
    expect(Object.keys(record)).toEqual(["__proto__", "constructor"]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test.each<[string, string, string, number]>([
    ["a raw control character", '"a\u000Bb\u0000"', "a\u000Bb\u0000", 0],
    ["a surrogate pair as escapes", '"\\ud83d\\ude00"', "😀", 0],
    ["a lone surrogate as an escape", '"a\\ud83db\\ude00"', "a\uFFFDb\uFFFD", 2],
    ["an escaped backslash before a u", '"\\\\ud83d"', "\\ud83d", 0],
  ])("%s in a text does not stop a document", (_name, text, expected, replaced) => {
    const counts: number[] = [];
    expect(readJson(`{"a":[${text}]}`, (count) => void counts.push(count))).toEqual({ a: [expected] });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(replaced);
  });

  test("a control character outside a text is malformed", () => {
    expect(() => readJson('{"a":\u000B1}')).toThrow(UnreadableBody);
  });

  test("an error names the place and shows nothing of the text", () => {
    const error = (() => {
      try {
        readJson(`{"email":"canary@example.com" x`);
      } catch (thrown) {
        return thrown;
      }
      return null;
    })();
    expect(error).toBeInstanceOf(UnreadableBody);
    expect(String(error)).toContain("at position");
    expect(String(error)).not.toContain("canary");
  });

  test("every cut of a document is noticed, and every whole one is read back digit by digit", () => {
    const digits = fc.tuple(fc.bigInt(), fc.option(fc.bigInt({ min: 0n, max: 10n ** 30n })));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), digits, { minKeys: 1 }), fc.nat(), (numbers, at) => {
        const texts = Object.entries(numbers).map(([key, [whole, part]]) => {
          return [key, part === null ? String(whole) : `${whole}.${part}`] as const;
        });
        const text = `{${texts.map(([key, number]) => `${JSON.stringify(key)}:${number}`).join(",")}}`;
        expect(readJson(text)).toEqual(Object.fromEntries(texts));
        expect(() => readJson(text.slice(0, at % text.length))).toThrow(UnreadableBody);
      }),
    );
  });
});
