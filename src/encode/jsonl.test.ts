import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Column } from "../catalog/catalog.ts";
import { DataError } from "../errors.ts";
import { jsonlEncoder, jsonlHeader, jsonlLine, scanJsonl } from "./jsonl.ts";
import { normalise } from "./normalise.ts";

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

  test("has null for null and quotes for the empty string", () => {
    expect(JSON.parse(encode([null, null, null, null, "", null]))).toEqual({
      id: null,
      value: null,
      is_public: null,
      created_at: null,
      name: "",
      prospects: null,
    });
  });

  test("is JSON with the same values for whatever a response holds", () => {
    const number = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, min: -1e15, max: 1e15 }));
    const record = fc.record({
      id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
      value: fc.oneof(number, number.map(String), fc.constantFrom("+007.50", ".5", "1.5e3", "-0", "5.")),
      is_public: fc.constantFrom(true, false, "1", "0", "TRUE", null),
      created_at: fc.constantFrom("2024-02-29 23:59:59", "2024-02-29T23:59:59+02:00", "0000-00-00 00:00:00", ""),
      name: fc.string({ unit: "binary" }),
      prospects: fc.jsonValue() as fc.Arbitrary<never>,
    });
    fc.assert(
      fc.property(record, (wire) => {
        const row = normalise(wire, columns, "Thing");
        const line = encode(row);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        const parsed = JSON.parse(line) as Readonly<Record<string, unknown>>;
        expect(line).toContain(`{"id":${wire.id},`);
        expect(parsed["value"]).toBe(Number(row[1]));
        expect(parsed["name"]).toBe(row[4]);
        expect(JSON.stringify(parsed["prospects"])).toBe(JSON.stringify(JSON.parse(row[5] ?? "null")));
      }),
    );
  });

  test("replaces an unpaired surrogate by U+FFFD, also inside json", () => {
    const wire = { id: 1, name: "a\ud800b", prospects: [{ "x\udfff": "\ud83d" }] };
    expect(encode(normalise(wire, columns, "Thing"))).toContain(
      '"name":"a\uFFFDb","prospects":[{"x\uFFFD":"\uFFFD"}]}',
    );
  });
});

describe("the json lines writer", () => {
  test("writes one line per row and counts rows and bytes", () => {
    const writer = jsonlEncoder(columns.slice(4, 5));
    for (const name of ["é", "x"]) writer.add([name]);
    expect(writer.takeFull()).toBeNull();
    expect(Buffer.from(writer.takeRest()).toString("utf8")).toBe('{"name":"é"}\n{"name":"x"}\n');
    expect([writer.rows, writer.bytes]).toEqual([2, 27]);
  });
});

describe("a scan of json lines", () => {
  const scan = async (text: string | Buffer, cut = 3): Promise<unknown> =>
    scanJsonl(chunked(Buffer.from(text), cut), "F");

  test("counts the records and names the columns, however the file is cut", async () => {
    const text = '{"id":1,"é":"a\\nb"}\n{"id":2,"é":null}\n';
    for (const cut of [1, 2, 7, 1000]) {
      expect(await scan(text, cut)).toEqual({ rows: 2, columns: ["id", "é"] });
      expect(await jsonlHeader(chunked(Buffer.from(text), cut), "F")).toEqual(["id", "é"]);
    }
    expect(await scan("")).toEqual({ rows: 0, columns: [] });
  });

  test.each([
    ["a cut record", '{"id":1}\n{"id"', "it ends inside a record"],
    ["a missing line end", '{"id":1}\n{"id":2}', "it ends inside a record"],
    ["a line that is not JSON", '{"id":1}\n{"id":2\n', "record 2 is not JSON"],
    ["a blank line", '{"id":1}\n\n', "record 2 is not JSON"],
    ["something else than an object", "[1]\n", "record 1 is not a JSON object"],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]), "record 1 is not JSON"],
  ])("refuses %s", async (_, text, reason) => {
    const error: unknown = await scan(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "data.jsonl-broken", message: `scan F: ${reason}` });
  });
});

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.slice(from, from + size);
}
