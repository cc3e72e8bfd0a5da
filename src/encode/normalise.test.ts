import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Column, ColumnType } from "../catalog/catalog.ts";
import { datetimeText } from "./canonical.ts";
import type { Cell, WireData } from "./canonical.ts";
import { normalise, normaliseCell } from "./normalise.ts";

function cell(type: ColumnType, value: WireData): Cell | undefined {
  return normalise({ id: 7, x: value }, [{ name: "x", type }], "Thing")[0];
}

function fileCell(type: ColumnType, text: Cell, localZone: string | null = null): Cell {
  return normaliseCell(text, { name: "x", type }, "Thing", "9", localZone);
}

test("a plain time reads as the same time among spaces does", () => {
  const part = (max: number): fc.Arbitrary<string> =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
  const text = fc
    .tuple(fc.constantFrom("0000", "0001", "1999", "2024"), part(13), part(33), part(25), part(61), part(61))
    .map(([year, month, day, hour, minute, second]) => `${year}-${month}-${day} ${hour}:${minute}:${second}`);
  const read = (time: string): Cell | undefined => datetimeText(time);
  fc.assert(
    fc.property(text, (time) => {
      expect(read(time)).toBe(read(` ${time} `));
    }),
  );
});

test("the text of numbers, booleans and times never needs quotes in CSV", () => {
  const digits = (max: number): fc.Arbitrary<string> =>
    fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"));
  const part = (...some: string[]): fc.Arbitrary<string> => fc.constantFrom(...some);
  const joined = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((all) => all.join(""));
  const day = joined(part("0000", "0001", "2024", "9999"), part("-"), digits(13), part("-"), digits(31));
  const time = joined(digits(23), part(":"), digits(59), part(":"), digits(59));
  const instant = joined(day, part(" ", "T"), time, part("", "", ".5"), part("", "", "Z", "+01:00", "-1130"));
  const decimal = joined(part("", "-", "+"), digits(99), part("", ".", ".50"), part("", "", "e2", "E-3"));
  const word = part("true", "FALSE", "1", "0");
  const noise = part("", "", "", " ", ",", '"', "\n");
  const value = fc.oneof(
    joined(noise, fc.oneof(instant, instant, day, decimal, decimal, word), noise),
    fc.double(),
    fc.boolean(),
  );
  const found = new Map<ColumnType, number>();
  fc.assert(
    fc.property(value, (wire) => {
      for (const type of ["integer", "number", "boolean", "datetime"] as const) {
        let text: Cell | undefined = null;
        try {
          text = cell(type, wire);
        } catch {
          // This type refuses the value.
        }
        if (text === null) continue;
        expect(text).toMatch(/^[^",\r\n]+$/);
        found.set(type, (found.get(type) ?? 0) + 1);
      }
    }),
    { numRuns: 2000 },
  );
  expect([...found.values()].filter((count) => count > 30)).toHaveLength(4);
});

describe("values by column type", () => {
  const accepted: readonly [ColumnType, WireData, Cell][] = [
    ["integer", 42, "42"],
    ["integer", "42", "42"],
    ["integer", " 0042 ", "42"],
    ["integer", "+5", "5"],
    ["integer", "-0", "0"],
    ["integer", "-12", "-12"],
    ["integer", "35.0", "35"],
    ["integer", "1e3", "1000"],
    ["integer", "9007199254740993", "9007199254740993"],
    ["integer", "", null],
    ["integer", {}, null],
    ["number", 7250.5, "7250.5"],
    ["number", "7250.50", "7250.50"],
    ["number", " 007.5 ", "7.5"],
    ["number", ".5", "0.5"],
    ["number", "5.", "5"],
    ["number", "1.5e3", "1500"],
    ["number", "1.25E1", "12.5"],
    ["number", 1e-7, "0.0000001"],
    ["number", "-12.5e-1", "-1.25"],
    ["number", "-0.5", "-0.5"],
    ["number", "9".repeat(308), "9".repeat(308)],
    ["boolean", true, "true"],
    ["boolean", "true", "true"],
    ["boolean", "false", "false"],
    ["boolean", 0, "false"],
    ["boolean", "1", "true"],
    ["boolean", "FALSE", "false"],
    ["boolean", "", null],
    ["boolean", [], null],
    ["datetime", "2024-02-29 23:59:59", "2024-02-29 23:59:59"],
    ["datetime", "2024-02-29", "2024-02-29 00:00:00"],
    ["datetime", "2024-02-29T01:02:03", "2024-02-29 01:02:03"],
    ["datetime", "2024-02-29T23:30:00-05:00", "2024-03-01 04:30:00"],
    ["datetime", "2024-02-29T01:02:03Z", "2024-02-29 01:02:03"],
    ["datetime", "2024-02-29T01:02:03.456+0100", "2024-02-29 00:02:03"],
    ["datetime", "0000-00-00 00:00:00", null],
    ["datetime", "0000-00-00", null],
    ["datetime", " ", null],
    ["string", "007", "007"],
    ["string", "", ""],
    ["string", " x ", " x "],
    ["string", 15555555555, "15555555555"],
    ["string", 1e-7, "0.0000001"],
    ["string", false, "false"],
    ["string", null, null],
    ["string", {}, null],
    ["string", { value: "Acme" }, "Acme"],
    ["string", { "@attributes": { id: 1 }, value: 5 }, "5"],
    ["string", { value: ["b", "a"] }, '["b","a"]'],
    ["string", { value: 1, other: 2 }, '{"other":2,"value":1}'],
    ["integer", { value: "3" }, "3"],
    ["json", { b: [1, { d: null, c: "x" }], a: true }, '{"a":true,"b":[1,{"c":"x","d":null}]}'],
    ["json", [], "[]"],
    ["json", "text", '"text"'],
    ["json", null, null],
  ];
  test.each(accepted)("%s accepts %j as %j", (type, value, text) => {
    expect(cell(type, value)).toBe(text);
  });

  const refused: readonly [ColumnType, WireData][] = [
    ["integer", "12a"],
    ["integer", "1.5"],
    ["integer", 1.5],
    ["integer", true],
    ["integer", "0x10"],
    ["integer", "."],
    ["integer", "-"],
    ["integer", 2 ** 53],
    ["integer", "1,000"],
    ["integer", { a: 1 }],
    ["integer", [1, 2]],
    ["number", "1,5"],
    ["number", "$5"],
    ["number", "NaN"],
    ["number", "9".repeat(309)],
    ["number", Number.POSITIVE_INFINITY],
    ["number", false],
    ["boolean", "yes"],
    ["boolean", 2],
    ["datetime", "2024-02-30 00:00:00"],
    ["datetime", "2024-13-01"],
    ["datetime", "2024-01-01 24:00:00"],
    ["datetime", "01/02/2024"],
    ["datetime", "2024-01-01 1:02:03"],
    ["datetime", "0000-00-01"],
    ["datetime", "9999-12-31T23:59:59-01:00"],
    ["datetime", "0001-01-01T00:00:00+01:00"],
    ["datetime", 1704067200],
    ["string", 2 ** 60],
  ];
  test.each(refused)("%s refuses %j", (type, value) => {
    expect(() => cell(type, value)).toThrow(
      expect.objectContaining({
        code: "data.value-invalid",
        exitCode: 6,
        context: { object: "Thing", column: "x", id: "7" },
      }),
    );
  });

  test("accepts exactly the days of the calendar", () => {
    for (const year of [1900, 2000, 2023, 2024]) {
      for (let month = 0; month <= 13; month++) {
        for (let day = 0; day <= 32; day++) {
          const text = `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
          const date = new Date(Date.UTC(year, month - 1, day));
          const exists = date.toISOString().startsWith(text);
          if (exists) expect(cell("datetime", text)).toBe(`${text} 00:00:00`);
          else expect(() => cell("datetime", text)).toThrow("expected datetime");
        }
      }
    }
  });

  test("shows the beginning of a refused value", () => {
    expect(() => cell("integer", `a "${"b".repeat(200)}`)).toThrow(
      `encode Thing 7: x is "a \\"${"b".repeat(57)}…", expected integer`,
    );
    expect(() => normalise({ x: "a" }, [{ name: "x", type: "integer" }], "Thing")).toThrow("encode Thing (no id): x");
  });
});

describe("wire paths", () => {
  const columns: readonly Column[] = [
    { name: "id", type: "integer" },
    { name: "campaign_id", type: "integer", wire: "campaign.id" },
    { name: "embed_code", type: "string", wire: "embedCode" },
    { name: "prospects", type: "json", wire: "prospects.prospect[]" },
  ];

  test("follows a path, in column order", () => {
    const record = { embedCode: "<x>", campaign: { name: "Web", id: 44 }, id: 5, prospects: { prospect: { id: 1 } } };
    expect(normalise(record, columns, "Form")).toEqual(["5", "44", "<x>", '[{"id":1}]']);
  });

  test("returns null where the path ends early, and an empty list for a list", () => {
    expect(normalise({ id: 5 }, columns, "Form")).toEqual(["5", null, null, "[]"]);
    expect(normalise({ id: 5, campaign: null, prospects: null }, columns, "Form")).toEqual(["5", null, null, "[]"]);
    expect(normalise({ id: 5, campaign: "x", prospects: {} }, columns, "Form")).toEqual(["5", null, null, "[]"]);
  });

  test("returns a list unchanged", () => {
    const record = { id: 5, prospects: { prospect: [{ id: 1 }, { id: 2 }] } };
    expect(normalise(record, columns, "Form")[3]).toBe('[{"id":1},{"id":2}]');
  });

  test("reads a name with a dot literally when the record has it, and never reads the prototype", () => {
    expect(normalise({ "a.b": "1" }, [{ name: "a.b", type: "string" }], "Thing")).toEqual(["1"]);
    const inherited = [
      { name: "constructor", type: "string" },
      { name: "x", type: "string", wire: "toString.name" },
    ] as const;
    expect(normalise({}, inherited, "Thing")).toEqual([null, null]);
  });
});

describe("lists of records", () => {
  const columns = [
    {
      name: "prospects",
      type: "json",
      wire: "prospects.prospect[]",
      items: [
        { name: "id", type: "integer" },
        { name: "email", type: "string" },
      ],
    },
  ] as const;
  const listCell = (prospects: object | null): string | null =>
    normalise({ prospects } as never, columns, "Opportunity")[0] ?? null;

  test.each([
    ["none", null, "[]"],
    ["an empty wrapper", {}, "[]"],
    ["one, as XML writes it", { prospect: { id: "7", email: "007" } }, '[{"id":7,"email":"007"}]'],
    [
      "many, with a field missing",
      { prospect: [{ id: 7, email: "a" }, { id: "8" }] },
      '[{"id":7,"email":"a"},{"id":8,"email":null}]',
    ],
  ])("write %s as a list with typed fields", (_, wire, text) => {
    expect(listCell(wire)).toBe(text);
  });

  test("refuse an element that is not a record", () => {
    expect(() => listCell({ prospect: "x" })).toThrow("prospects");
  });
});

describe("cells of a re-encoded file", () => {
  test("are UTC where times without an offset are local, and stay as they are elsewhere", () => {
    const utc = (text: Cell, zone: string | null): Cell => fileCell("datetime", text, zone);
    expect(utc("2025-07-01 12:00:00", null)).toBe("2025-07-01 12:00:00");
    expect(utc("2025-07-01 12:00:00", "America/New_York")).toBe("2025-07-01 16:00:00");
    expect(utc("2025-07-01T12:00:00-03:00", "America/New_York")).toBe("2025-07-01 15:00:00");
    expect(utc("0000-00-00 00:00:00", "America/New_York")).toBeNull();
    expect(utc(null, "America/New_York")).toBeNull();
    expect(fileCell("string", "2025-07-01 12:00:00", "Asia/Kolkata")).toBe("2025-07-01 12:00:00");
  });

  test("follow the same rules, and distinguish text from null", () => {
    expect(fileCell("boolean", "1")).toBe("true");
    expect(fileCell("integer", "")).toBeNull();
    expect(fileCell("string", "")).toBe("");
    expect(fileCell("string", null)).toBeNull();
    expect(fileCell("json", '{"b":1, "a":2}')).toBe('{"a":2,"b":1}');
    expect(fileCell("json", "")).toBeNull();
    expect(() => fileCell("json", "{")).toThrow("encode Thing 9: x is");
    expect(() => fileCell("datetime", "9999-12-31 23:59:59", "America/New_York")).toThrow(/x is "9999-12-31 23:59:59"/);
    expect(() => fileCell("datetime", "soon")).toThrow(expect.objectContaining({ code: "data.value-invalid" }));
  });
});
