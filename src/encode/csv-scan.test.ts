import { describe, expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { CsvScanner, readCsv } from "./csv-scan.ts";
import type { CsvScanOptions, CsvScanResult } from "./csv-scan.ts";
import type { Row } from "./canonical.ts";

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
    for (const chunkBytes of [1, 2, 3, 1 << 20]) expect(scan(text, {}, chunkBytes)).toMatchObject({ records });
  });

  test("counts an empty line as a record of one column, and only there", () => {
    expect(scan("a\n\nx\n\n", { columns: 1 })).toMatchObject({ records: 3, isUniform: true });
    for (const chunkBytes of [1, 2, 3, 1 << 20]) {
      const blank = 'a,b\n\n1,2\n\n3,"4\n\n"\n\n';
      expect(scan(blank, {}, chunkBytes)).toMatchObject({ records: 2, isUniform: false });
      expect(scan(blank.replaceAll(/(?<=\d)\n\n/g, "\r\n"), {}, chunkBytes).isUniform).toBe(false);
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
      scan("\uFEFE,2\n3,4\n", { watched: [0], onRecord }, chunkBytes);
      expect(() => scan('\uFEFE"a",2\n', {}, chunkBytes)).toThrow("a quote inside an unquoted field (byte 3)");
    }
    expect(seen).toEqual([["3"], ["3"], ["3"]]);
  });

  test("keeps no chunk, so that the caller may reuse it", () => {
    const seen: (readonly (string | null)[])[] = [];
    const scanner = new CsvScanner({ subject: "x", columns: 1, watched: [0], onRecord: (values) => seen.push(values) });
    const chunk = new Uint8Array(3);
    for (const text of ["a\nx", "yz1", "23\n"]) {
      chunk.set(Buffer.from(text));
      scanner.push(chunk);
    }
    scanner.end();
    expect(seen).toEqual([["xyz123"]]);
  });

  test("reports whether the line ends are the same, and whether the last record has one", () => {
    for (const text of ["a,b\n1,2", "a,b\r\n1,2\r\n", "a,b"]) expect(scan(text).isUniform).toBe(true);
    expect(scan("a,b\r\n1,2\n").isUniform).toBe(false);
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
    const scanner = new CsvScanner({ subject: "x", columns: 2 });
    const part = Buffer.alloc(1024 * 1024, "x");
    scanner.push(Buffer.from('a,b\n1,2\n1,"'));
    for (let pushed = 0; pushed < 15; pushed += 1) scanner.push(part);
    expect(() => scanner.push(part)).toThrow(
      expect.objectContaining({ code: "data.csv-too-long", context: { record: 2, byte: 11 + 16 * part.length } }),
    );
  });

  test("names the byte in the whole file, not in the chunk", () => {
    expect(refusal('a,b\n1,2\n3,4\n5,"6"7\n').context).toEqual({ record: 3, byte: 17 });
  });
});

describe("watched columns", () => {
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

  test("reads a byte-order mark as text when there is no header", () => {
    const seen: Row[] = [];
    scan("\uFEFFa,1\n", { watched: [0], hasHeader: false, onRecord: (row) => seen.push(row) }, 1);
    expect(seen).toEqual([["\uFEFFa"]]);
  });

  test("refuses a value that is not UTF-8", () => {
    const bytes = Uint8Array.from([97, 44, 98, 10, 0xff, 44, 50, 10]);
    expect(() => scan(bytes, { watched: [0], onRecord: () => undefined })).toThrow(
      expect.objectContaining({ code: "data.csv-encoding" }),
    );
    expect(scan(bytes, { watched: [1] }).records).toBe(1);
    expect(scan(bytes).records).toBe(1);
  });

  test("refuses to watch a nonexistent column", () => {
    expect(() => new CsvScanner({ subject: "x", columns: 2, watched: [2] })).toThrow("assertion failed");
  });
});

async function* chunksOf(text: string, chunkBytes = 3): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.slice(i, i + chunkBytes);
}

async function rowsOf(chunks: AsyncIterable<Uint8Array>, columns = 2, hasHeader = true): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readCsv(chunks, { subject: "Tag export 1 file 2", columns, hasHeader })) rows.push(row);
  return rows;
}

async function* latin1(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from("id\nm\u00FCller\n", "latin1");
}

describe("reading csv records", () => {
  test("returns cells without the header, and distinguishes null from empty", async () => {
    const text = 'id,name\r\n1,\r\n2,""\r\n"3","a ""b"", c\r\nd 😀"\r\n4, é ';
    expect(await rowsOf(chunksOf(text))).toEqual([
      ["1", null],
      ["2", ""],
      ["3", 'a "b", c\r\nd 😀'],
      ["4", " é "],
    ]);
  });

  test("returns the first record, too, when there is no header", async () => {
    expect(await rowsOf(chunksOf("1,2\n3,4\n"), 2, false)).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  test("returns nothing for an empty body and for a header alone", async () => {
    expect(await rowsOf(chunksOf(""))).toEqual([]);
    expect(await rowsOf(chunksOf("id,name"))).toEqual([]);
  });

  test("refuses a broken structure with the scanner's message", async () => {
    await expect(rowsOf(chunksOf("id,name\n1\n"))).rejects.toMatchObject({
      code: "data.csv-ragged",
      message: "scan Tag export 1 file 2: record 1 has 1 fields, expected 2 (byte 9)",
    });
    await expect(rowsOf(chunksOf('id,name\n1,"x'))).rejects.toMatchObject({ code: "data.csv-incomplete" });
  });

  test("refuses a cell that is not UTF-8 rather than change it", async () => {
    await expect(rowsOf(latin1(), 1)).rejects.toMatchObject({ code: "data.csv-encoding" });
  });

  test("closes the source when the loop ends early or the data is broken", async () => {
    let closed = 0;
    async function* counted(text: string): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* chunksOf(text);
      } finally {
        closed++;
      }
    }
    for await (const row of readCsv(counted("id\n1\n2\n3\n4\n"), { subject: "x", columns: 1 })) {
      expect(row).toEqual(["1"]);
      break;
    }
    expect(closed).toBe(1);
    await expect(rowsOf(counted("id\n1,2\n3\n4\n5\n6\n"), 1)).rejects.toThrow("has 2 fields");
    expect(closed).toBe(2);
  });
});
