import { describe, expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { CsvScanner } from "./csv-scan.ts";
import type { CsvScanOptions, CsvScanResult } from "./csv-scan.ts";

function scan(text: string | Uint8Array, options: Partial<CsvScanOptions> = {}, chunkBytes = 1 << 20): CsvScanResult {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const scanner = new CsvScanner({ subject: "Tag export 1 file 2", columns: 2, ...options });
  for (let i = 0; i < bytes.length; i += chunkBytes) scanner.push(bytes.slice(i, i + chunkBytes));
  return scanner.end();
}

function refusal(text: string, options: Partial<CsvScanOptions> = {}): DataError {
  const errors = [1, 2, 3, 1 << 20].map((chunkBytes) => {
    try {
      scan(text, options, chunkBytes);
    } catch (error) {
      if (error instanceof DataError) return error;
    }
    throw new Error(`accepted: ${JSON.stringify(text)}`);
  });
  expect(new Set(errors.map((error) => error.message)).size).toBe(1);
  return errors[0] as DataError;
}

describe("counting records", () => {
  const cases: readonly [string, string, number][] = [
    ["nothing at all", "", 0],
    ["a header alone", "a,b\n", 0],
    ["a header alone without a line end", "a,b", 0],
    ["records, the last one ended", "a,b\n1,2\n3,4\n", 2],
    ["records, the last one not ended", "a,b\n1,2\n3,4", 2],
    ["a last field that is empty, not ended", "a,b\n1,2\n3,", 2],
    ["line ends inside quotes", 'a,b\n1,"x\ny\r\nz\r"\n"\n",2\n', 2],
    ["doubled quotes beside delimiters", 'a,b\n"""",","",""\n"\n"x""\n",""\n', 2],
    ["CRLF", "a,b\r\n1,2\r\n3,4\r\n", 2],
    ["quotes before CRLF", 'a,b\r\n"1","2"\r\n', 1],
    ["control bytes and NUL as text", "a,b\n\u0000,\u0001\n \t,!#$\n", 2],
    ["characters of several bytes", 'a,b\né,"😀"\n', 1],
    ["a byte-order mark before a quoted header", '\uFEFF"a",b\n1,2\n', 1],
    ["one byte of what might have been a mark", "\u00EF,b\n1,2\n", 1],
  ];
  test.each(cases)("counts %s", (_, text, records) => {
    const bytes = new TextEncoder().encode(text).length;
    for (const chunkBytes of [1, 2, 3, 1 << 20]) expect(scan(text, {}, chunkBytes)).toMatchObject({ records, bytes });
  });

  test("counts an empty line as a record of one column, and only there", () => {
    expect(scan("a\n\nx\n\n", { columns: 1 })).toMatchObject({ records: 3, blankLines: 0 });
    for (const chunkBytes of [1, 2, 3, 1 << 20]) {
      const blank = 'a,b\r\n\r\n1,2\r\n\n3,"4\n\n"\n\n';
      expect(scan(blank, {}, chunkBytes)).toMatchObject({ records: 2, blankLines: 3 });
      const seen: unknown[] = [];
      scan(blank, { watched: [0, 1], onRecord: (values) => seen.push(values) }, chunkBytes);
      expect(seen).toEqual([
        ["1", "2"],
        ["3", "4\n\n"],
      ]);
    }
    expect(refusal('a,b\n""\n').message).toContain("record 1 has 1 fields, expected 2");
  });

  test("counts every record when there is no header", () => {
    expect(scan("1,2\n3,4\n", { hasHeader: false }).records).toBe(2);
  });

  test("reads the first bytes of an incomplete byte-order mark as text, also across chunks", () => {
    const seen: (readonly (string | null)[])[] = [];
    const onRecord = (values: readonly (string | null)[]): unknown => seen.push(values);
    for (const chunkBytes of [1, 2, 3]) {
      scan("\uFEFE,2\n", { hasHeader: false, watched: [0], onRecord }, chunkBytes);
    }
    expect(seen).toEqual([["\uFEFE"], ["\uFEFE"], ["\uFEFE"]]);
  });

  test("keeps no chunk, so that the caller may reuse it", () => {
    const seen: (readonly (string | null)[])[] = [];
    const scanner = new CsvScanner({ subject: "x", columns: 1, watched: [0], onRecord: (values) => seen.push(values) });
    const chunk = new Uint8Array(3);
    for (const text of ["a\nx", "yz1", "23\n"]) {
      chunk.set(Buffer.from(text));
      scanner.push(chunk);
    }
    expect(scanner.end().watched).toEqual([{ min: "xyz123", max: "xyz123" }]);
    expect(seen).toEqual([["xyz123"]]);
  });

  test("reports the line end of the records", () => {
    expect(scan("a,b\n1,2").lineEnding).toBe("\n");
    expect(scan("a,b\r\n1,2\r\n").lineEnding).toBe("\r\n");
    expect(scan("a,b\r\n1,2\n").lineEnding).toBe("mixed");
    expect(scan("a,b").lineEnding).toBeNull();
    expect(scan("a,b\n1,2\n").endedWithNewline).toBe(true);
    expect(scan("a,b\n1,2").endedWithNewline).toBe(false);
    expect(scan("").endedWithNewline).toBe(false);
  });
});

describe("refusing files that two readers would count differently", () => {
  const cases: readonly [string, string, string, string][] = [
    ["a record with too few fields", "a,b\n1,2\n3\n", "data.csv-ragged", "record 2 has 1 fields, expected 2 (byte 9)"],
    ["a record with too many fields", "a,b\n1,2,3\n", "data.csv-ragged", "record 1 has 3 fields, expected 2 (byte 9)"],
    ["a header with too many fields", "a,b,c\n", "data.csv-ragged", "the header has 3 fields, expected 2 (byte 5)"],
    ["an end inside quotes", 'a,b\n1,"2\n', "data.csv-incomplete", "ends inside quotes, in record 1 (byte 9)"],
    ["an end inside a record", "a,b\n1", "data.csv-incomplete", "ends after 1 of 2 fields, in record 1 (byte 5)"],
    ["an end between CR and LF", "a,b\r\n1,2\r", "data.csv-incomplete", "ends between CR and LF, in record 1 (byte 9)"],
    [
      "text after a closing quote",
      'a,b\n"1"x,2\n',
      "data.csv-quote",
      "record 1 has text after a closing quote (byte 7)",
    ],
    ["a blank after a closing quote", 'a,b\n"1" ,2\n', "data.csv-quote", "text after a closing quote (byte 7)"],
    ["a quote inside an unquoted field", 'a,b\n5",2\n', "data.csv-quote", "quote inside an unquoted field (byte 5)"],
    ["a quote after a blank", 'a,b\n1, "2"\n', "data.csv-quote", "quote inside an unquoted field (byte 7)"],
    ["a quote escaped by a backslash", 'a,b\n1,"x\\"y"\n', "data.csv-quote", "text after a closing quote (byte 10)"],
    ["a CR without LF", "a,b\n1,2\r3,4\n", "data.csv-bare-cr", "record 1 has a CR outside quotes that no LF follows"],
    ["two CRs", "a,b\n1,2\r\r\n", "data.csv-bare-cr", "that no LF follows (byte 8)"],
    ["a quote after CR", 'a,b\n1,2\r"', "data.csv-bare-cr", "that no LF follows (byte 8)"],
    ["a comma after CR", "a,b\n1\r,2\n", "data.csv-bare-cr", "that no LF follows (byte 6)"],
  ];
  test.each(cases)("refuses %s", (_, text, code, message) => {
    const error = refusal(text);
    expect(error.code).toBe(code);
    expect(error.exitCode).toBe(6);
    expect(error.message).toMatch(/^scan Tag export 1 file 2: /);
    expect(error.message).toContain(message);
  });

  test("refuses a record beyond the limit, so that an open quote cannot fill the memory", () => {
    const scanner = new CsvScanner({ subject: "x", columns: 2, recordBytesMax: 100 });
    scanner.push(Buffer.from(`a,b\n1,2\n1,"${"x".repeat(60)}`));
    expect(() => scanner.push(Buffer.from("x".repeat(60)))).toThrow(
      expect.objectContaining({ code: "data.csv-too-long", context: { record: 2, byte: 131 } }),
    );
  });

  test("names the byte in the whole file, not in the chunk", () => {
    expect(refusal('a,b\n1,2\n3,4\n5,"6"7\n').context).toEqual({ record: 3, byte: 17 });
  });
});

describe("watched columns", () => {
  test("gives the smallest and largest text in byte order, without null and empty", () => {
    const text = 'a,b\n2024-01-02,x\n,"q""r"\n"2023-12-31","q""q"\n"",😀\n2024-01-01,\uFF5E\n2024-01-02 00,\n';
    const [a, b] = scan(text, { watched: [0, 1] }, 5).watched;
    expect(a).toEqual({ min: "2023-12-31", max: "2024-01-02 00" });
    expect(b).toEqual({ min: 'q"q', max: "😀" });
  });

  test("does not count the header as a value", () => {
    expect(scan("a,b\n5,6\n", { watched: [1] }).watched).toEqual([{ min: "6", max: "6" }]);
    expect(scan("a,b\n", { watched: [1] }).watched).toEqual([{ min: null, max: null }]);
  });

  test("keeps a value that is longer than any before", () => {
    const long = "9".repeat(100);
    expect(scan(`a,b\n1,2\n${long},2\n${long}1,2\n`, { watched: [0] }).watched[0]?.max).toBe(`${long}1`);
  });

  test("passes on the values of each record in the requested order, and distinguishes null from empty", () => {
    const seen: (readonly (string | null)[])[] = [];
    const text = '\uFEFFa,b,c\n1,,"x\n1"\n2,"","é""😀"\n3,"""",';
    for (const chunkBytes of [1, 4, 1 << 20]) {
      seen.length = 0;
      scan(text, { columns: 3, watched: [2, 0, 1], onRecord: (values) => seen.push(values) }, chunkBytes);
      expect(seen).toEqual([
        ["x\n1", "1", null],
        ['é"😀', "2", ""],
        [null, "3", '"'],
      ]);
    }
  });

  test("reports the end of each record, line end and byte-order mark included, for any chunks", () => {
    const text = '\uFEFFa,b\n1,"x\ny"\r\n2,é\n3,';
    const expected = ['\uFEFFa,b\n1,"x\ny"\r\n', "2,é\n", "3,"].map((part) => Buffer.byteLength(part));
    for (const chunkBytes of [1, 3, 1 << 20]) {
      const ends: number[] = [];
      scan(text, { columns: 2, watched: [0], onRecord: (_, end) => ends.push(end) }, chunkBytes);
      expect(ends.map((end, i) => end - (ends[i - 1] ?? 0))).toEqual(expected);
    }
  });

  test("reads a byte-order mark as text in the middle of a file", () => {
    const seen: (readonly (string | null)[])[] = [];
    const options = {
      columns: 2,
      watched: [0],
      hasHeader: false,
      onRecord: (row: readonly (string | null)[]) => void seen.push(row),
    };
    scan("\uFEFFa,1\n", { ...options, atStart: false }, 1);
    scan("\uFEFFa,1\n", options, 1);
    expect(seen).toEqual([["\uFEFFa"], ["a"]]);
  });

  test("refuses a value that is not UTF-8", () => {
    const bytes = Uint8Array.from([97, 44, 98, 10, 0xff, 44, 50, 10]);
    expect(() => scan(bytes, { watched: [0], onRecord: () => undefined })).toThrow(
      expect.objectContaining({ code: "data.csv-encoding" }),
    );
    expect(scan(bytes, { watched: [1] }).records).toBe(1);
  });

  test("refuses to watch a nonexistent column", () => {
    expect(() => new CsvScanner({ subject: "x", columns: 2, watched: [2] })).toThrow("assertion failed");
  });
});
