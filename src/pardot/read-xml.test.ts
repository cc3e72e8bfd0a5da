import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { notContaining } from "../../test/support/pardot-fakes.ts";
import type { WireValue } from "./pardot.ts";
import { UnreadableBody } from "./read-json.ts";
import { readXml } from "./read-xml.ts";

const inRoot = (inner: string): WireValue => readXml(`<r>${inner}</r>`).value;

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

  test.each([
    ["cut", "<r><a>1</a>"],
    ["wrongly closed", "<r><a></r></a>"],
    ["going on after its end", "<r/>x"],
    ["without any element", "  "],
    ["with an unknown entity", "<r>&nbsp;</r>"],
    ["with an entity of its own", '<!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'],
    ["with a control character", "<r>\u0001</r>"],
    ["nested without end", "<a>".repeat(1e5)],
    ["nested too deep", "<a>".repeat(65) + "</a>".repeat(65)],
    ["cut behind its end", "<r></r><!-- "],
  ])("a document %s is refused", (_name, text) => {
    expect(() => readXml(text)).toThrow(UnreadableBody);
  });

  test("an error shows nothing of the text", () => {
    expect(() => readXml("<r><canary></r>")).toThrow(expect.objectContaining({ message: notContaining("canary") }));
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
        expect(readXml(document)).toEqual({ root: "rsp", value: { row: list.map((row) => ({ ...row })) } });
        expect(() => readXml(document.slice(0, at % document.length))).toThrow(UnreadableBody);
      }),
    );
  });
});

function element(name: string, value: string | null): string {
  if (value === null) return `<${name}/>`;
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<${name}>${escaped}</${name}>`;
}
