import { describe, expect, test } from "vitest";
import { csvEncoder, csvRow } from "./csv-write.ts";

describe("csv text", () => {
  test.each([
    ["null apart from empty", [null, "", "x", null], ',"",x,\n'],
    ["a comma", ["a,b"], '"a,b"\n'],
    ["a quote", ['a"b'], '"a""b"\n'],
    ["a line feed", ["a\nb"], '"a\nb"\n'],
    ["a carriage return", ["a\rb"], '"a\rb"\n'],
    [
      "blanks at the ends, and other characters below the comma, unquoted",
      [" a ", "\t#!+*'", "\u0000"],
      " a ,\t#!+*',\u0000\n",
    ],
    ["characters of several bytes", ["é", "😀"], "é,😀\n"],
  ])("writes %s", (_, row, text) => {
    expect(csvRow(row)).toBe(text);
  });

  test("quotes a column name that needs it", () => {
    const encoder = csvEncoder([
      { name: "id", type: "integer" },
      { name: "a,b", type: "string" },
    ]);
    expect(Buffer.from(encoder.takeRest()).toString()).toBe('id,"a,b"\n');
  });
});

describe("the csv writer", () => {
  const columns = [
    { name: "id", type: "integer" },
    { name: "text", type: "string" },
  ] as const;

  test("quotes cells that need it in columns of text and JSON", () => {
    const writer = csvEncoder([
      { name: "text", type: "string" },
      { name: "json", type: "json" },
    ]);
    writer.add(["a,b", '{"a":1}']);
    expect(Buffer.from(writer.takeRest()).toString()).toBe('text,json\n"a,b","{""a"":1}"\n');
  });

  test("writes the header, then the records", () => {
    const writer = csvEncoder(columns);
    writer.add(["1", null]);
    writer.add(["2", "é😀"]);
    expect(writer.rows).toBe(2);
    expect(writer.takeFull()).toBeNull();
    expect(Buffer.from(writer.takeRest()).toString("utf8")).toBe("id,text\n1,\n2,é😀\n");
    expect(writer.takeRest()).toHaveLength(0);
  });

  test("returns chunks of about 64 KB that it does not write to again, and counts their bytes", () => {
    const writer = csvEncoder(columns);
    const chunks: Uint8Array[] = [];
    const parts = ["id,text\n"];
    for (let i = 0; i < 5000; i++) {
      writer.add([String(i), "é".repeat(i % 60)]);
      parts.push(`${i},${i % 60 === 0 ? '""' : "é".repeat(i % 60)}\n`);
      const chunk = writer.takeFull();
      if (chunk !== null) chunks.push(chunk);
    }
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.every((chunk) => chunk.length >= 65_536 && chunk.length < 66_000)).toBe(true);
    chunks.push(writer.takeRest());
    const bytes = Buffer.concat(chunks);
    expect(bytes.toString("utf8")).toBe(parts.join(""));
    expect(writer.bytes).toBe(bytes.length);
  });

  test("encodes a record larger than a chunk", () => {
    const writer = csvEncoder(columns);
    writer.add(["1", "😀".repeat(100_000)]);
    writer.add(["2", "x"]);
    expect(writer.bytes).toBe("id,text\n1,\n2,x\n".length + 400_000);
    expect(Buffer.from(writer.takeRest()).toString("utf8")).toBe(`id,text\n1,${"😀".repeat(100_000)}\n2,x\n`);
  });

  test("refuses a row with another number of cells", () => {
    expect(() => csvEncoder(columns).add(["1"])).toThrow("assertion failed");
  });
});
