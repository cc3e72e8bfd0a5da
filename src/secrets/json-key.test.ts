import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readKey, replaceKey } from "./json-key.ts";

describe("a key of a secret", () => {
  test("reads as text", () => {
    expect(readKey('{"a": "one", "b": 2}', "a")).toEqual({ ok: true, value: "one" });
    expect(readKey('{"__proto__": "one"}', "__proto__")).toEqual({ ok: true, value: "one" });
  });

  test.each([
    ["canary", /not a JSON object \(omit #key to use the whole text\)/],
    ['"canary"', /not a JSON object/],
    ["[1]", /not a JSON object/],
    ["5", /not a JSON object/],
    ["null", /not a JSON object/],
    ['{"canary": 1}', /the key key; its JSON has 1 other key$/],
    ["{}", /its JSON has 0 other keys/],
    ['{"key": 5}', /a text under the key key; it is a number/],
    ['{"key": null}', /it is null/],
    ['{"key": true}', /it is true or false/],
    ['{"key": ["canary"]}', /it is a list/],
    ['{"key": {"canary": 1}}', /it is an object/],
  ])("is not found in %s, of which nothing is shown", (text, expected) => {
    const reading = readKey(text, "key");
    expect(reading).toEqual({ ok: false, expected: expect.stringMatching(expected) as string });
    expect(JSON.stringify(reading)).not.toContain("canary");
  });

  test("is not a key that every object inherits", () => {
    for (const key of ["constructor", "toString", "__proto__"]) {
      expect(readKey("{}", key)).toMatchObject({ expected: `a secret with the key ${key}; its JSON has 0 other keys` });
    }
  });
});

describe("another text under a key", () => {
  test("leaves everything else unchanged, numbers to the last digit", () => {
    const before = '{"id":12345678901234567890,"rate":1.10,"nested":{"n":1e400},"token":"old","__proto__":"own"}';
    expect(replaceKey(before, "token", "new")).toEqual({ ok: true, value: before.replace("old", "new") });
  });

  test("loses no other key, whatever its name and value", () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(json, fc.string(), fc.string(), (before, key, value) => {
        const reading = replaceKey(JSON.stringify(before), key, value);
        const entries = Object.entries(JSON.parse(JSON.stringify(before)) as object).filter(([name]) => name !== key);
        const after = JSON.parse(reading.ok ? reading.value : "null") as object;
        expect(new Map(Object.entries(after))).toEqual(new Map([...entries, [key, value]]));
      }),
    );
  });

  test("is refused if the secret is no longer an object", () => {
    const reading = replaceKey("canary", "token", "new");
    expect(reading).toMatchObject({ ok: false });
    expect(JSON.stringify(reading)).not.toMatch(/canary|new/);
  });
});
