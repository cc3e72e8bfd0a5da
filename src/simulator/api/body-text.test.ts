import { expect, test } from "vitest";
import { encodeError, encodeOk, numberText } from "./body-text.ts";
import { resolveKnobs } from "../knobs.ts";

const KNOBS = resolveKnobs({});

test.each([
  ["007", "7"],
  ["02190", "2190"],
  ["1e3", "1000"],
  ["3.10", "3.1"],
  [".5", "0.5"],
  ["+4915100000", "4915100000"],
  ["-12", "-12"],
  ["15555555555", "15555555555"],
  ["0x1F", null],
  ["1,234.50", null],
  [".", null],
  ["e5", null],
  ["", null],
  ["1e999", null],
  ["12 34", null],
])("text %j becomes the number %j in JSON", (text, number) => {
  expect(numberText(text)).toBe(number);
});

test("JSON has the vendor's quirks: a single row is not an array, empty is null, slashes are escaped, numeric text is a number", () => {
  const body = { result: { total_results: 2, tag: [{ id: 1, name: "007", url: "http://a/b", note: "", gone: null }] } };
  expect(encodeOk(body, "json", KNOBS)).toBe(
    '{"@attributes":{"stat":"ok","version":1},"result":{"total_results":2,' +
      '"tag":{"id":1,"name":7,"url":"http:\\/\\/a\\/b","note":null,"gone":null}}}',
  );
});

test("knobs switch off one-row collapse and number conversion", () => {
  const knobs = resolveKnobs({ oneRowCollapse: false, numericTextToNumber: false });
  expect(encodeOk({ tag: [{ name: "007" }] }, "json", knobs)).toContain('"tag":[{"name":"007"}]');
});

test("XML keeps text unchanged, with entities, and repeats elements without a wrapper", () => {
  const body = { result: { tag: [{ name: '007 & <"x">\r\n\'' }, { name: "", cost: null }] } };
  expect(encodeOk(body, "xml", KNOBS)).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<rsp stat="ok" version="1.0"><result>' +
      "<tag><name>007 &amp; &lt;&quot;x&quot;&gt;&#13;\n'</name></tag><tag><name></name><cost/></tag>" +
      "</result></rsp>\n",
  );
});

test("`@attributes` become attributes in XML and a member in JSON", () => {
  const body = { result: { field: [{ "@attributes": { id: "name", custom: "0" } }] } };
  expect(encodeOk(body, "xml", KNOBS)).toContain('<result><field id="name" custom="0"/></result>');
  expect(encodeOk(body, "json", KNOBS)).toContain('"field":{"@attributes":{"id":"name","custom":0}}');
});

test("errors have the recorded envelopes", () => {
  expect(encodeError(15, "Login failed", "json")).toBe(
    '{"@attributes":{"stat":"fail","version":1,"err_code":15},"err":"Login failed"}',
  );
  expect(encodeError(1, "a < b", "xml")).toContain('<rsp stat="fail" version="1.0"><err code="1">a &lt; b</err></rsp>');
});
