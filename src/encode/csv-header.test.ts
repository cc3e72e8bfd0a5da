import { describe, expect, test } from "vitest";
import { splitHeader } from "./csv-header.ts";

/** A stream of the text's bytes that records whether it was closed before its end. */
function source(text: string, chunkBytes = 3): AsyncIterable<Uint8Array> & { readonly closed: () => boolean } {
  const bytes = new TextEncoder().encode(text);
  let isClosed = false;
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.slice(i, i + chunkBytes);
    } finally {
      isClosed = true;
    }
  }
  return Object.assign(chunks(), { closed: () => isClosed });
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}

async function* utf16(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Uint8Array.from([0xff, 0xfe, 0x69, 0, 10]);
}

describe("splitting the header off a csv stream", () => {
  const cases: readonly [string, string, readonly string[], string, boolean][] = [
    ["plain names", "id,name\n1,x\n", ["id", "name"], "id,name\n", false],
    ["CRLF", "id,name\r\n1,x\r\n", ["id", "name"], "id,name\r\n", false],
    ["quotes, commas, line ends", '"a""b","c,\r\nd",\n1,2,3', ['a"b', "c,\r\nd", ""], '"a""b","c,\r\nd",\n', false],
    ["a byte-order mark", '\uFEFF"id",é\n1', ["id", "é"], '\uFEFF"id",é\n', true],
    ["no line end", "id,name", ["id", "name"], "id,name", false],
    ["an empty line", "\nx\n", [""], "\n", false],
    ["nothing at all", "", [], "", false],
  ];
  test.each(cases)("reads %s", async (_, text, header, headerText, hasBom) => {
    for (const chunkBytes of [1, 3, 1000]) {
      const split = await splitHeader(source(text, chunkBytes));
      expect(split.header).toEqual(header);
      expect(split.hasBom).toBe(hasBom);
      expect(await textOf(split.all)).toBe(text);
      const again = await splitHeader(source(text, chunkBytes));
      expect(await textOf(again.rest)).toBe(text.slice(headerText.length));
    }
  });

  test.each([
    ["text after a quoted name", '"id"x,name\n1,2\n'],
    ["a quote inside a name", 'i"d",name\n'],
    ["a CR alone", "id\rname\n"],
    ["an open quote", '"id,name\n1,2'],
  ])("refuses %s and closes the source", async (_, text) => {
    const chunks = source(text);
    await expect(splitHeader(chunks)).rejects.toMatchObject({ code: "data.csv-header", exitCode: 6 });
    expect(chunks.closed()).toBe(true);
  });

  test("refuses a header that is not UTF-8", async () => {
    await expect(splitHeader(utf16())).rejects.toMatchObject({ code: "data.csv-header" });
  });

  test("refuses a header beyond the limit without reading further", async () => {
    const longest = "x".repeat(256 * 1024 - 1);
    const chunks = source(`${longest}y\n1\n`, 1000);
    await expect(splitHeader(chunks)).rejects.toThrow("does not end within 262144 bytes");
    expect(chunks.closed()).toBe(true);
    expect((await splitHeader(source(`${longest}\n1\n`, 1000))).header).toEqual([longest]);
  });

  test.each(["rest", "all"] as const)("closes the source when the loop over %s ends early", async (part) => {
    const chunks = source("id\n1\n2\n3\n");
    const split = await splitHeader(chunks);
    for await (const chunk of split[part]) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(chunks.closed()).toBe(true);
  });

  test("keeps no chunk, so that the source may reuse it", async () => {
    const chunk = new Uint8Array(3);
    async function* reused(): AsyncGenerator<Uint8Array, void, undefined> {
      for (const text of ["ab,", "cd\n", "1,2"]) {
        chunk.set(Buffer.from(text));
        yield chunk;
      }
    }
    expect((await splitHeader(reused())).header).toEqual(["ab", "cd"]);
  });

  test("closes the source on demand", async () => {
    const chunks = source("id\n1\n2\n3\n");
    const split = await splitHeader(chunks);
    expect(chunks.closed()).toBe(false);
    await split.close();
    await split.close();
    expect(chunks.closed()).toBe(true);
  });
});
