import { describe, expect, test } from "vitest";
import type { Column } from "../catalog/catalog.ts";
import { jsonlEncoder, jsonlLine } from "./jsonl-write.ts";

const columns: readonly Column[] = [
  { name: "id", type: "integer" },
  { name: "value", type: "number" },
  { name: "is_public", type: "boolean" },
  { name: "created_at", type: "datetime" },
  { name: "name", type: "string" },
  { name: "prospects", type: "json" },
];

const encode = jsonlLine(columns);

describe("a line of json", () => {
  test("leaves canonical numbers, booleans and json unquoted, digit by digit", () => {
    const row = ["9007199254740993", "7250.50", "true", "2024-01-02 03:04:05", "007", '[{"id":1}]'];
    expect(encode(row)).toBe(
      '{"id":9007199254740993,"value":7250.50,"is_public":true,"created_at":"2024-01-02 03:04:05","name":"007","prospects":[{"id":1}]}\n',
    );
  });

  test("writes null for null and quotes for the empty string", () => {
    const line = encode([null, null, null, null, "", null]);
    expect(JSON.parse(line)).toEqual({
      id: null,
      value: null,
      is_public: null,
      created_at: null,
      name: "",
      prospects: null,
    });
  });

  test("writes a value that does not match its type as a string", () => {
    const line = encode(["007", "1,5", "yes", "today", 'a "b"\n😀', "[1,\n2]"]);
    expect(JSON.parse(line)).toEqual({
      id: "007",
      value: "1,5",
      is_public: "yes",
      created_at: "today",
      name: 'a "b"\n😀',
      prospects: "[1,\n2]",
    });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(JSON.parse(encode(["1", "1", "true", "", "", "{broken"]))).toMatchObject({
      prospects: "{broken",
    });
  });
});

describe("the json lines writer", () => {
  test("writes one line per row and counts rows and bytes", () => {
    const writer = jsonlEncoder(columns.slice(4, 5));
    for (const name of ["é", "x"]) writer.add([name]);
    expect(writer.takeFull()).toBeNull();
    expect(Buffer.from(writer.takeRest()).toString("utf8")).toBe('{"name":"é"}\n{"name":"x"}\n');
    expect(writer.rows).toBe(2);
    expect(writer.bytes).toBe(27);
    expect(() => writer.add(["a", "b"])).toThrow("assertion failed");
  });

  test("returns full chunks", () => {
    const writer = jsonlEncoder(columns.slice(4, 5));
    writer.add(["x".repeat(70_000)]);
    expect(writer.takeFull()).toHaveLength(70_012);
  });
});
