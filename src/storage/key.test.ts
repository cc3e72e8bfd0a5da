import { describe, expect, it } from "vitest";
import { checkKey, checkPrefix, compareKeys } from "./key.ts";

describe("a storage key", () => {
  it.each(["a", "a/b.csv", "a b/ä/😀", ".hidden/..x", "_pardot_etl/state/1", "x".repeat(800)])("may be %j", (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  it.each(["", "/", "a/", "/a", "a//b", "..", "a/./b", "a\u0000", "a\u007F", "\uD800", "é".repeat(401)])(
    "may not be %j",
    (key) => {
      expect(() => checkKey(key)).toThrow("assertion failed");
    },
  );

  it("is not a prefix without its slash", () => {
    expect(() => checkPrefix("a/b")).toThrow("assertion failed");
    expect(() => checkPrefix("a/b/")).not.toThrow();
    expect(() => checkPrefix("")).not.toThrow();
  });

  it("sorts by its UTF-8 bytes, where JavaScript's own order differs", () => {
    expect(["😀", "\uFFFC"].toSorted(compareKeys)).toEqual(["\uFFFC", "😀"]);
    expect(["😀", "\uFFFC"].toSorted()).toEqual(["😀", "\uFFFC"]);
  });
});
