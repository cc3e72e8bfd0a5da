import { describe, expect, test } from "vitest";
import { readCsv } from "./csv-read.ts";
import type { Row } from "./row.ts";

async function* chunksOf(text: string, chunkBytes = 3): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.slice(i, i + chunkBytes);
}

async function rowsOf(chunks: AsyncIterable<Uint8Array>, hasHeader = true): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readCsv(chunks, { subject: "Tag export 1 file 2", hasHeader })) rows.push(row);
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
    expect(await rowsOf(chunksOf("1,2\n3,4\n"), false)).toEqual([
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
    await expect(rowsOf(latin1())).rejects.toMatchObject({ code: "data.csv-encoding" });
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
    for await (const row of readCsv(counted("id\n1\n2\n3\n4\n"), { subject: "x", hasHeader: true })) {
      expect(row).toEqual(["1"]);
      break;
    }
    expect(closed).toBe(1);
    await expect(rowsOf(counted("id\n1,2\n3\n4\n5\n6\n"))).rejects.toThrow("has 2 fields");
    expect(closed).toBe(2);
  });
});
