import { isUtf8 } from "node:buffer";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COLUMN_TYPES } from "../../src/catalog/catalog.ts";
import { salvageCsv } from "../../src/encode/csv-salvage.ts";
import type { Salvaged } from "../../src/encode/csv-salvage.ts";
import { CsvScanner } from "../../src/encode/csv-scan.ts";
import { csvRow } from "../../src/encode/csv-write.ts";
import { normaliseCell } from "../../src/encode/normalise.ts";
import { PlainValues } from "../../src/encode/plain-values.ts";
import { Utf8Check } from "../../src/encode/utf8-check.ts";
import { DataError } from "../../src/errors.ts";

// Holds G9: CSV that RFC 4180 refuses is read record by record.

/** Sizes of the chunks that bytes are cut into, repeated. */
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });

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

/** All records, or the code of the failure. */
async function salvaged(
  chunks: readonly Uint8Array[],
  columns: number,
  dialect: "rfc" | "php",
): Promise<Salvaged[] | string> {
  const found: Salvaged[] = [];
  try {
    const options = { subject: "x", columns, dialect, hasHeader: false };
    for await (const record of salvageCsv(streamOf(chunks), options)) found.push(record);
  } catch (error) {
    if (error instanceof DataError) return error.code;
    throw error;
  }
  return found;
}

describe("the UTF-8 check", () => {
  const bytes = fc
    .array(
      fc.oneof(
        fc.constantFrom("a", "é", "€", "😀", "\uFEFF").map((text) => [...Buffer.from(text)]),
        fc.constantFrom([0xc3], [0xe2, 0x82], [0xf0, 0x9f], [0x80], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]),
      ),
      { maxLength: 12 },
    )
    .map((parts) => Uint8Array.from(parts.flat()));

  test("detects invalid bytes in any chunks", () => {
    fc.assert(
      fc.property(bytes, cuts, (all, sizes) => {
        const check = new Utf8Check();
        for (const chunk of cut(all, sizes)) check.push(chunk);
        expect(check.isValid).toBe(isUtf8(all));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a plain value", () => {
  const text = fc.oneof(
    fc.constantFrom(
      "0",
      "1",
      "-7",
      "007",
      "1.5",
      "-0.50",
      "1.",
      ".5",
      "1e3",
      "yes",
      "True",
      "FALSE",
      "2",
      "",
      "-",
      "+1",
    ),
    fc.constantFrom(
      "9".repeat(18),
      "9".repeat(19),
      "9".repeat(20),
      "0000-00-00 00:00:00",
      "2026-01-01",
      "0000-01-01 00:00:00",
    ),
    fc.tuple(...[2100, 13, 32, 24, 60, 60].map((max) => fc.integer({ min: 0, max }))).map(([year, ...others]) => {
      const [month, day, hour, minute, second] = others.map((part) => String(part).padStart(2, "0"));
      return `${String(year).padStart(4, "0")}-${month}-${day} ${hour}:${minute}:${second}`;
    }),
    fc.string({ maxLength: 6 }),
  );

  test("is accepted by the encoder, as the same value; a time also the other way round", () => {
    let plain = 0;
    fc.assert(
      fc.property(fc.constantFrom(...COLUMN_TYPES), text, (type, value) => {
        const line = Buffer.from(csvRow([value, "1"]));
        const values = new PlainValues({ columns: [{ type }, { type: "string" }], key: 1 });
        const scanner = new CsvScanner({
          subject: "x",
          columns: 2,
          hasHeader: false,
          onBytes: (bytes, start, ends) => values.look(bytes, start, ends),
        });
        scanner.push(line);
        const encoded = (): string | null => normaliseCell(value, { name: "x", type }, "Thing", "1");
        if (type === "datetime" && /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value)) {
          expect(values.isPlain).toBe(attempt(encoded) === value);
        }
        if (!values.isPlain || type === "json") return;
        plain += 1;
        const same = encoded();
        if (type === "integer" || type === "number") expect(Number(same)).toBe(Number(value));
        else if (type === "boolean") expect(same).toBe(/1|true/i.test(value) ? "true" : "false");
        else expect(same).toBe(value);
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(1000);
  });

  function attempt(encode: () => string | null): string | null {
    try {
      return encode();
    } catch {
      return null;
    }
  }
});

describe("reading record by record", () => {
  const field = fc.oneof(
    fc.constant(null),
    fc
      .array(fc.constantFrom(",", '"', "\n", "\r\n", "\r", " ", "\\", "a", "é", '\\"', "0"), { maxLength: 8 })
      .map((parts) => parts.join("")),
  );
  const rows = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
    );

  test("returns the records of an independent strict parser for an RFC 4180 file", async () => {
    await fc.assert(
      fc.asyncProperty(rows, cuts, async (written, sizes) => {
        const bytes = Buffer.from(written.map((row) => csvRow(row)).join(""));
        const found = await salvaged(cut(bytes, sizes), written[0]?.length ?? 0, "rfc");
        expect(found).toEqual(written.map((row) => ({ row, isEnded: true })));
        const strict = parse(bytes, { record_delimiter: "\n" });
        expect(written.map((row) => row.map((cell) => cell ?? ""))).toEqual(strict);
      }),
    );
  });

  /** Like PHP's fputcsv: a quote is doubled unless a backslash precedes it. */
  function fputcsv(row: readonly string[]): string {
    const quoted = (value: string): string => (/[",\\\n\r\t ]/.test(value) ? `"${doubled(value)}"` : value);
    return `${row.map(quoted).join(",")}\n`;
  }

  function doubled(value: string): string {
    return value.replaceAll(/(?<!\\)"/g, '""');
  }

  // A comma or a line end after a backslash and a quote is ambiguous.
  const phpField = fc
    .array(fc.constantFrom('"', '\\"', "\\", " ", "a", "é", "b c", "x,y", "p\nq"), { minLength: 1, maxLength: 8 })
    .map((parts) => parts.join(""));
  const phpRows = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(phpField, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
    );

  test("returns the values that PHP has written, including backslashes", async () => {
    await fc.assert(
      fc.asyncProperty(phpRows, cuts, async (written, sizes) => {
        const bytes = Buffer.from(written.map((row) => fputcsv(row)).join(""));
        const found = await salvaged(cut(bytes, sizes), written[0]?.length ?? 0, "php");
        expect(found).toEqual(written.map((row) => ({ row, isEnded: true })));
      }),
      { numRuns: 1000 },
    );
  });

  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .array(fc.constantFrom(",", '"', "\n", "\r", "\\", "a", "é", '\\",', '"",', "x,y\n", '"a"'), { maxLength: 24 })
      .map((parts) => Uint8Array.from(Buffer.from(parts.join("")))),
  );

  test("returns the same records for any bytes in any chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        anything,
        cuts,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom("rfc", "php"),
        async (bytes, sizes, columns, dialect) => {
          const whole = await salvaged([bytes], columns, dialect);
          expect(await salvaged(cut(bytes, sizes), columns, dialect)).toEqual(whole);
          if (typeof whole === "string") return;
          for (const record of whole) if (record.row !== null) expect(record.row).toHaveLength(columns);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
