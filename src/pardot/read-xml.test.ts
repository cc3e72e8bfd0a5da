import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { notContaining } from "../../test/kit/fakes/pardot.ts";
import type { WireRecord, WireValue } from "./pardot.ts";
import { UnreadableBody, readXml } from "./read-body.ts";
import type { OnReplaced } from "./replaced-text.ts";

const read = (text: string, onReplaced?: OnReplaced): WireRecord => readXml(Buffer.from(text), onReplaced);
const inRoot = (inner: string): WireValue => read(`<r>${inner}</r>`)["r"] ?? null;

describe("xml", () => {
  test.each<[string, string, WireValue]>([
    ["both kinds of nothing are null", "<a/><b></b>", { a: null, b: null }],
    ["white space alone is a value", "<a>  </a>", { a: "  " }],
    ["white space around text is kept", "<a> x\n</a>", { a: " x\n" }],
    ["white space between children is layout", "\n <a>1</a>\n\t<b>2</b>\n", { a: "1", b: "2" }],
    ["what looks like a number stays text", "<a>007</a><b>1e3</b><c>true</c>", { a: "007", b: "1e3", c: "true" }],
    ["entities are decoded once", "<a>&amp;lt;b&gt; &#13;&#x1F388;</a>", { a: "&lt;b> \r🎈" }],
    ["CDATA is text", "<a>x<![CDATA[<b>&amp;]]>y</a>", { a: "x<b>&amp;y" }],
    ["comments are nothing", "<a>x<!-- y -->z</a><!-- w -->", { a: "xz" }],
    ["repeated elements are a list", "<a>1</a><b/><a>2</a><a/>", { a: ["1", "2", null], b: null }],
    ["nesting", "<a><b><c>1</c></b><b><c>2</c></b></a>", { a: { b: [{ c: "1" }, { c: "2" }] } }],
    [
      "attributes",
      '<a x="1">t</a><b y="2"/>',
      { a: { "@attributes": { x: "1" }, "#text": "t" }, b: { "@attributes": { y: "2" } } },
    ],
    ["text beside children", "<a>t<b>1</b></a>", { a: { b: "1", "#text": "t" } }],
  ])("%s", (_name, inner, expected) => {
    expect(inRoot(inner)).toEqual(expected);
  });

  test("a field may have any name", () => {
    expect(Object.keys(inRoot("<__proto__>1</__proto__>") as object)).toEqual(["__proto__"]);
  });

  test("records have their fields, in any order and any number", () => {
    const name = fc.integer({ min: 0, max: 400 }).map((n) => `f${n}`);
    const records = fc.array(fc.uniqueArray(name, { maxLength: 300 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(records, (all) => {
        const expected = all.map((names) => Object.fromEntries(names.map((field) => [field, `of ${field}`])));
        const fields = (names: readonly string[]): string => names.map((f) => `<${f}>of ${f}</${f}>`).join("");
        const written = all.map((names) => `<record>${fields(names)}</record>`).join("");
        const found = (inRoot(written) as { readonly record: readonly WireValue[] }).record;
        expect(found.map((record) => record ?? {})).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ["cut", "<r><a>1</a>"],
    ["wrongly closed", "<r><a></r></a>"],
    ["going on after its end", "<r/>x"],
    ["without any element", "  "],
    ["cut in a reference", "<r>&#1"],
    ["cut in an entity", "<r>&am"],
    ["cut in a CDATA section with a control character", "<r><![CDATA[\u0001"],
    ["nested without end", "<a>".repeat(1e5)],
    ["nested too deep", "<a>".repeat(65) + "</a>".repeat(65)],
    ["cut behind its end", "<r></r><!-- "],
  ])("a document %s is refused", (_name, text) => {
    expect(() => read(text)).toThrow(UnreadableBody);
  });

  test.each<[string, string, string, number]>([
    ["a raw control character", "a\u000Bb", "a\uFFFDb", 1],
    ["the null character", "\u0000", "\uFFFD", 1],
    ["a reference to a control character", "a&#11;b", "a\uFFFDb", 1],
    ["a hexadecimal reference", "&#x1b;&#X1B;&#x0;", "\uFFFD\uFFFD\uFFFD", 3],
    ["a reference with leading zeros", "&#0000000011;", "\uFFFD", 1],
    ["U+FFFE and U+FFFF", "\uFFFE&#xFFFF;", "\uFFFD\uFFFD", 2],
    ["a reference beyond Unicode", `&#x110000;&#${"9".repeat(400)};`, "\uFFFD\uFFFD", 2],
    ["a surrogate pair as references", "0070&#55357;&#56832;", "0070😀", 0],
    ["a surrogate pair in two notations", "&#xD83D;&#56832;", "😀", 0],
    ["a high surrogate alone", "a&#55357;b", "a\uFFFDb", 1],
    ["a low surrogate alone", "&#56832;", "\uFFFD", 1],
    ["surrogates the wrong way round", "&#56832;&#55357;", "\uFFFD\uFFFD", 2],
    ["two high surrogates and a low one", "&#55357;&#55357;&#56832;", "\uFFFD😀", 1],
    [
      "characters that are allowed",
      "&#9;&#10;&#13;&#127;\u007F&#128;\u0080&#xFFFD;\uFFFD",
      "\t\n\r\u007F\u007F\u0080\u0080\uFFFD\uFFFD",
      0,
    ],
    ["an entity of HTML", "a&nbsp;b&eacute;", "a&nbsp;b&eacute;", 0],
    ["a bare ampersand", "R&D & more &", "R&D & more &", 0],
    ["broken references", "&#; &#x; &#zz; &;", "&#; &#x; &#zz; &;", 0],
    ["a reference in CDATA, which is text", "<![CDATA[&#11;&nbsp;&\u000B]]>", "&#11;&nbsp;&\uFFFD", 1],
  ])("%s does not stop a document", (_name, inner, expected, replaced) => {
    const counts: number[] = [];
    expect(read(`<r>${inner}</r>`, (count) => void counts.push(count))["r"]).toBe(expected);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(replaced);
  });

  test("a character of an attribute is replaced too", () => {
    expect(inRoot('<a x="&#11;&nbsp;\u0001">t</a>')).toMatchObject({
      a: { "@attributes": { x: "\uFFFD&nbsp;\uFFFD" } },
    });
  });

  test("an entity that a document declares is not expanded", () => {
    expect(read('<!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>')["r"]).toBe("&x;");
  });

  test("a document is read the same wherever it is cut into pieces", () => {
    const inner =
      "<a>é 😀 &#55357;&#56832; &amp;&#1; R&D > &nbsp;</a><b><![CDATA[<i>R&D &#1; ]] > x</i><![CDATA[ &#1;]]> y</b><!-- > --><c>1</c>";
    const whole = inRoot(inner);
    expect(whole).toEqual({
      a: "é 😀 😀 &\uFFFD R&D > &nbsp;",
      b: "<i>R&D &#1; ]] > x</i><![CDATA[ &#1; y",
      c: "1",
    });
    for (let at = 0; at <= inner.length + 20; at += 1) {
      const padding = "x".repeat(32 * 1024 - at);
      expect(inRoot(`<pad>${padding}</pad>${inner}`)).toEqual({ pad: padding, ...(whole as WireRecord) });
    }
  });

  test("a value of a document does not keep the rest of it in memory", () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const kept: WireValue[] = [];
    const PAGE_BYTES = 900_000;
    const others = `<n>${"x".repeat(20)}</n>`.repeat(PAGE_BYTES / 27 / 2);
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let page = 0; page < 20; page += 1) {
      const root = inRoot(`${others}<at>2026-03-01 09:00:${page + 10}</at>${others}`);
      kept.push((root as WireRecord)["at"] ?? null);
    }
    gc();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5 * PAGE_BYTES);
    expect(kept[19]).toBe("2026-03-01 09:00:29");
  });

  test(
    "a megabyte of references, ampersands, open CDATA sections or names takes time in proportion",
    { timeout: 60_000 },
    () => {
      const names = Array.from({ length: 100_000 }, (_, i) => `<f${i}/>`);
      const pieces = ["&#11;", "&", "&#1", "<![CDATA[", "&#55357;"].map((piece) => piece.repeat(200_000));
      for (const text of [...pieces, names.join("")]) {
        const started = performance.now();
        try {
          read(`<r>${text}</r>`);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableBody);
        }
        // In proportion to its square it would be minutes.
        expect(performance.now() - started).toBeLessThan(20_000);
      }
    },
  );

  test("an error shows nothing of the text", () => {
    expect(() => read("<r><canary></r>")).toThrow(expect.objectContaining({ message: notContaining("canary") }));
  });

  test("whatever is written is read back, and every cut is noticed", () => {
    const name = fc.stringMatching(/^[a-z_][a-zA-Z0-9_]{0,8}$/);
    // Line ends are one thing in XML unless written as entities; what XML cannot carry at all is left out.
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((one) => !/[\p{Cc}\uFFFE\uFFFF]/u.test(one));
    const leaf = fc.option(text);
    const record = fc.dictionary(name, leaf, { minKeys: 1, maxKeys: 5 });
    const rows = fc.array(record, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.nat(), (list, at) => {
        const body = list.map(
          (row) =>
            `<row>\n${Object.entries(row)
              .map(([key, value]) => element(key, value))
              .join(" ")}</row>`,
        );
        const document = `<?xml version="1.0" encoding="UTF-8"?>\n<rsp>${body.join("\n")}</rsp>`;
        expect(read(document)).toEqual({ rsp: { row: list.map((row) => ({ ...row })) } });
        expect(() => read(document.slice(0, at % document.length))).toThrow(UnreadableBody);
      }),
    );
  });
});

function element(name: string, value: string | null): string {
  if (value === null) return `<${name}/>`;
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<${name}>${escaped}</${name}>`;
}
