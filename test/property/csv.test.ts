import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CsvScanner, readCsv } from "../../src/encode/csv-scan.ts";
import { csvEncoder } from "../../src/encode/csv-write.ts";
import { PlainValues } from "../../src/encode/plain-values.ts";
import type { Cell, Row } from "../../src/encode/canonical.ts";
import { DataError } from "../../src/errors.ts";

/** Text of characters that are difficult in CSV, and of any others. */
const hardText = fc
  .array(fc.constantFrom(",", '"', "\n", "\r", "\r\n", " ", "\\", "a", "é", "😀", "\uFEFF", "\u0000", "0", "\t"), {
    maxLength: 8,
  })
  .map((parts) => parts.join(""));
const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: hardText },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
);

function blank(row: readonly Cell[]): string[] {
  return row.map((value) => value ?? "");
}

interface Table {
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

const table: fc.Arbitrary<Table> = fc.integer({ min: 2, max: 5 }).chain((width) =>
  fc.record({
    names: fc.array(hardText, { minLength: width, maxLength: width }),
    rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 12 }),
  }),
);
/** Sizes of the chunks that bytes are cut into, repeated. */
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

function encode({ names, rows }: Table): Uint8Array {
  const writer = csvEncoder(names.map((name) => ({ name, type: "string" })));
  for (const row of rows) writer.add(row);
  return writer.takeRest();
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const to = from + (sizes[i % sizes.length] ?? 1);
    chunks.push(bytes.slice(from, to));
    from = to;
  }
  return chunks;
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function readAll(chunks: readonly Uint8Array[], columns: number, hasHeader: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of readCsv(streamOf(chunks), { subject: "x", columns, hasHeader })) rows.push(row);
  return rows;
}

/** The rows as an independent, strict parser reads them; it does not distinguish null from the empty string. */
function parseStrictly(bytes: Uint8Array): string[][] {
  return parse(Buffer.from(bytes), { record_delimiter: "\n" });
}

describe("written CSV", () => {
  test("is read back by an independent strict parser", () => {
    fc.assert(
      fc.property(table, (written) => {
        expect(parseStrictly(encode(written))).toEqual([written.names, ...written.rows].map(blank));
      }),
    );
  });

  test("is read back by our reader in any chunks, with null and empty distinguished", async () => {
    await fc.assert(
      fc.asyncProperty(table, cuts, async (written, sizes) => {
        // A first name with a leading U+FEFF starts the file with a byte-order mark for every reader.
        fc.pre(written.names[0]?.startsWith("\uFEFF") !== true);
        expect(await readAll(cut(encode(written), sizes), written.names.length, true)).toEqual(written.rows);
      }),
    );
  });

  test("is counted by the scanner in any chunks", () => {
    fc.assert(
      fc.property(table, cuts, (written, sizes) => {
        const scanner = new CsvScanner({ subject: "x", columns: written.names.length });
        for (const chunk of cut(encode(written), sizes)) scanner.push(chunk);
        expect(scanner.end()).toEqual({ records: written.rows.length, endedWithNewline: true, isUniform: true });
      }),
    );
  });

  test("gives its least and greatest times and the number outside of bounds in any chunks", () => {
    const pair = (max: number) => fc.integer({ min: 1, max }).map((value) => String(value).padStart(2, "0"));
    const time = fc.oneof(
      fc.constantFrom(null, "0001-01-01 00:00:00", "1999-12-31 23:59:59", "2000-01-01 00:00:00", "2026-11-01 01:30:00"),
      fc
        .tuple(pair(99), pair(12), pair(28), pair(23), pair(59), pair(59))
        .map(([a, b, c, d, e, f]) => `20${a}-${b}-${c} ${d}:${e}:${f}`),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(hardText, time, time), { maxLength: 8 }), cuts, (rows, sizes) => {
        const columns = [{ type: "string" }, { type: "datetime" }, { type: "datetime" }] as const;
        const bounds = {
          least: "2010-01-01 00:00:00",
          greatest: "2080-01-01 00:00:00",
          movedFrom: "2090-01-01 00:00:00",
        };
        const values = new PlainValues({ columns, key: -1, watermark: 1, timed: 2, bounds });
        const scanner = new CsvScanner({
          subject: "x",
          columns: 3,
          onBytes: (bytes, start, ends) => values.look(bytes, start, ends),
        });
        for (const chunk of cut(encode({ names: ["a", "b", "c"], rows }), sizes)) scanner.push(chunk);
        const times = rows.flatMap(([, own]) => own ?? []).toSorted();
        expect(values.isPlain).toBe(true);
        expect(values.marks).toEqual({ min: times[0] ?? null, max: times.at(-1) ?? null });
        const { least, greatest, movedFrom } = bounds;
        const isOutside = (at: string): boolean => at < least || (at > greatest && at < movedFrom);
        expect(values.outside).toBe(rows.filter(([, , at]) => at !== null && isOutside(at)).length);
      }),
    );
  });
});

/**
 * The grammar of the scanner, written plainly over a whole text: the cells of each record, or null if it is refused.
 */
function reference(text: string): (string | null)[][] | null {
  const records: (string | null)[][] = [];
  let rest = text;
  while (rest !== "") {
    const record: (string | null)[] = [];
    for (;;) {
      const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/.exec(rest);
      if (match === null) return null;
      record.push(match[1]?.replaceAll('""', '"') ?? (match[2] === "" ? null : (match[2] ?? null)));
      rest = rest.slice(match[0].length);
      if (match[3] !== ",") break;
    }
    // An empty line is not a record if there are several columns.
    const width = records[0]?.length ?? 1;
    if (width === 1 || record.length > 1 || record[0] !== null) records.push(record);
  }
  const width = records[0]?.length;
  return records.every((record) => record.length === width) ? records : null;
}

describe("arbitrary text", () => {
  const csvLike = fc
    .array(fc.constantFrom(",", ",", '"', '"', "\n", "\n", "\r", "\r\n", "a", "é", " ", '"",', "x,y\n", '"a"'), {
      maxLength: 24,
    })
    .map((parts) => parts.join(""));

  test("is counted as by the plain grammar, in any chunks", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(csvLike, cuts, async (text, sizes) => {
        const expected = reference(text);
        const chunks = cut(Buffer.from(text), sizes);
        const columns = expected?.[0]?.length ?? 1;
        const scanner = new CsvScanner({ subject: "x", columns, hasHeader: false });
        if (expected === null) {
          await expect(readAll(chunks, columns, false)).rejects.toThrow(DataError);
          return;
        }
        accepted++;
        for (const chunk of chunks) scanner.push(chunk);
        expect(scanner.end().records).toBe(expected.length);
        expect(await readAll(chunks, columns, false)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test("of any bytes is counted the same in any chunks", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), cuts, fc.integer({ min: 1, max: 3 }), (bytes, sizes, columns) => {
        expect(outcome(cut(bytes, sizes), columns)).toBe(outcome([bytes], columns));
      }),
      { numRuns: 2000 },
    );
  });
});

function outcome(chunks: readonly Uint8Array[], columns: number): string {
  const scanner = new CsvScanner({ subject: "x", columns, hasHeader: false });
  try {
    for (const chunk of chunks) scanner.push(chunk);
    return JSON.stringify(scanner.end());
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
}
