import { describe, expect, it } from "vitest";
import type { Column } from "../catalog/catalog.ts";
import { hashedColumn } from "../catalog/protect.ts";
import { splitHeader } from "../encode/csv-header.ts";
import { keyedHash } from "../encode/protect.ts";
import { DataError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { ProtectedReading, protectFile } from "./protected-file.ts";
import { Rejects } from "./rejects.ts";

const hash = keyedHash("a key of this test");
const columns: readonly Column[] = [
  { name: "id", type: "integer" },
  hashedColumn({ name: "email", type: "string" }),
  { name: "note", type: "string" },
  { name: "updated_at", type: "datetime" },
];
const HEADER = "id,email,phone,note,updated_at\n";
const at = "2026-01-01 00:00:00";
const of = (text: string): string => hash.of(text);

interface Read {
  readonly texts: readonly (string | DataError)[];
  readonly rejects: readonly object[];
  readonly warnings: readonly string[];
}

/** Downloads the file until it is whole, at most `times`, in pieces of `size` bytes. */
async function read(text: string | Buffer, size: number, times = 3): Promise<Read> {
  const reading = new ProtectedReading({ columns, hash, isEmptyNull: true });
  const texts: (string | DataError)[] = [];
  const events: RunEvent[] = [];
  let rejects: readonly object[] = [];
  for (let n = 0; n < times && typeof texts.at(-1) !== "string"; n += 1) {
    const left = new Rejects("Thing", 2);
    try {
      const onEvent = (event: RunEvent): void => void events.push(event);
      const options = { object: "Thing", subject: "Thing file", reading, localZone: null, rejects: left, onEvent };
      const { all, header } = protectFile(await splitHeader(pieces(Buffer.from(text), size)), options);
      expect(header).toEqual(["id", "email", "note", "updated_at"]);
      const chunks: Uint8Array[] = [];
      for await (const chunk of all) chunks.push(chunk);
      texts.push(Buffer.concat(chunks).toString());
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      texts.push(error);
    }
    rejects = left.take();
  }
  return { texts, rejects, warnings: events.flatMap((event) => (event.type === "warning" ? [event.code] : [])) };
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

describe("a result file with protected values", () => {
  it.each([1, 2, 3, 7, 1000])("is rewritten as it comes, in pieces of %i bytes", async (size) => {
    const text = `${HEADER}1,a@b.example,555,"x, ""y""\r\nz",${at}\r\n2,,556,,\r\n\r\n3,"c, d",557,"",${at}`;
    const { texts, rejects } = await read(text, size);
    expect(texts).toEqual([
      `id,email,note,updated_at\n1,${of("a@b.example")},"x, ""y""\r\nz",${at}\n2,,,\n3,${of("c, d")},"",${at}`,
    ]);
    expect(rejects).toEqual([]);
  });

  it.each([1, 5, 1000])("is read again in the dialect that reads it, in pieces of %i bytes", async (size) => {
    const text = `${HEADER}1,a@b.example,555,"say \\"x\\", please",${at}\n2,c@d.example,556,y,${at}\n`;
    const { texts, rejects, warnings } = await read(text, size);
    expect(texts).toEqual([
      expect.any(DataError),
      expect.any(DataError),
      `id,email,note,updated_at\n1,${of("a@b.example")},"say \\""x\\"", please",${at}\n2,${of("c@d.example")},y,${at}\n`,
    ]);
    expect([rejects, warnings]).toEqual([[], ["data.csv-php-dialect"]]);
    expect(JSON.stringify(texts.map((one) => (typeof one === "string" ? one : one.message)))).not.toContain("example");
  });

  it("is read without its unreadable records, of which no text is kept", async () => {
    const { texts, rejects } = await read(`${HEADER}1,a@b.example,555\n2,c@d.example,556,y,${at}\n`, 1000);
    expect(texts.at(-1)).toBe(`id,email,note,updated_at\n2,${of("c@d.example")},y,${at}\n`);
    expect(rejects).toEqual([
      {
        id: null,
        column: null,
        reason: "it has 3 fields, expected 5",
        record: "withheld, because columns of this object are dropped or hashed",
      },
    ]);
  });

  it("is refused with more unreadable records than may be set aside, and when it is cut", async () => {
    const ragged = await read(`${HEADER}1,a\n2,b\n3,c\n4,d\n`, 1000, 4);
    expect(ragged.texts).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ code: "data.csv-ragged" }) as unknown),
    );
    const cut = await read(`${HEADER}1,a@b.example,555,"never closed`, 1000, 4);
    expect(cut.texts).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ code: "data.csv-incomplete" }) as unknown),
    );
    const short = await read(`${HEADER}1,a@b.example,555,x,2026-01-01 00:0`, 1000, 1);
    expect(short.texts).toEqual([expect.objectContaining({ code: "data.csv-incomplete" })]);
  });

  it("that ends with the text of a server is refused without that text", async () => {
    const { texts } = await read(`${HEADER}1,a@b.example,555,x,${at}\nInternal error of a@b.example\n`, 1000, 3);
    expect(texts.at(-1)).toMatchObject({ code: "data.csv-incomplete" });
    expect(String(texts.at(-1))).not.toContain("example");
  });

  it("has U+FFFD in place of bytes that are not UTF-8, with a warning", async () => {
    const text = Buffer.concat([
      Buffer.from(`${HEADER}1,a@b.example,555,`),
      Buffer.from([0xff]),
      Buffer.from(`,${at}\n`),
    ]);
    const { texts, warnings } = await read(text, 1000);
    expect(texts).toEqual([`id,email,note,updated_at\n1,${of("a@b.example")},\uFFFD,${at}\n`]);
    expect(warnings).toEqual(["data.csv-encoding"]);
  });

  it("loses the columns that are not landed, also where none is hashed", async () => {
    const kept: readonly Column[] = [
      { name: "id", type: "integer" },
      { name: "note", type: "string" },
    ];
    const reading = new ProtectedReading({ columns: kept, hash: null, isEmptyNull: true });
    const rejects = new Rejects("Thing", 2);
    const options = { object: "Thing", subject: "", reading, localZone: null, rejects, onEvent: () => undefined };
    const split = await splitHeader(pieces(Buffer.from("id,phone,note\n1,555,x\n"), 4));
    const chunks: Uint8Array[] = [];
    for await (const chunk of protectFile(split, options).all) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("id,note\n1,x\n");
  });

  it("stays as it is where no column of it is protected", async () => {
    const split = await splitHeader(pieces(Buffer.from(`id,note,updated_at\n1,x,${at}\n`), 1000));
    const reading = new ProtectedReading({ columns, hash, isEmptyNull: true });
    const rejects = new Rejects("Thing", 2);
    const options = { object: "Thing", subject: "", reading, localZone: null, rejects, onEvent: () => undefined };
    expect(protectFile(split, options)).toBe(split);
    await split.close();
  });
});
