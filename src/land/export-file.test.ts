import { describe, expect, it } from "vitest";
import { catalog } from "../catalog/index.ts";
import type { Column } from "../catalog/catalog.ts";
import { HEADER, land, landCase, T, THING, useLandingFolder } from "../../test/kit/fakes/export-file.ts";
import type { Landed } from "../../test/kit/fakes/export-file.ts";

useLandingFolder();

// Holds G1 and G9: anything but a result file commits no window, and one odd value costs one record.

/** Records of the landed text without their empty fields. */
function records({ text }: Landed): string[][] {
  const lines = (text ?? "").trimEnd().split("\n").slice(1);
  return lines.map((line) => line.split(",").filter((field) => field !== ""));
}

describe("a malformed result file", () => {
  it("in PHP's dialect keeps the backslash, and is encoded as RFC 4180", async () => {
    const landed = await landCase("backslash-quote");
    expect(records(landed)[0]?.[3]).toBe(String.raw`"say \""hi\"" to all"`);
    expect(landed).toMatchObject({ rejects: [], warnings: ["data.csv-php-dialect"], file: { rows: 1 } });
    expect(landed.file?.key).toMatch(/-[0-9a-f]{8}\.csv$/);
  });

  it("with a blank last line does not count it as a record", async () => {
    const landed = await landCase("blank-last-line");
    expect(landed).toMatchObject({ rejects: [], warnings: [], file: { rows: 1 } });
    expect(landed.text?.endsWith("2024-08-26 00:00:00\n")).toBe(true);
    expect(landed.text?.endsWith("\n\n")).toBe(false);
  });

  it("with a cut character gets U+FFFD", async () => {
    const landed = await landCase("cut-utf8");
    expect(records(landed)[0]?.[3]).toBe("caf\uFFFD");
    expect(landed).toMatchObject({ rejects: [], warnings: ["data.csv-encoding"], file: { rows: 1 } });
  });

  it("with nonexistent days sets those records aside", async () => {
    const landed = await landCase("no-such-day");
    expect(landed.file).toBeNull();
    expect(landed.rejects).toMatchObject([
      { id: "2", column: "created_at", reason: 'created_at is "2017-02-31 00:00:00", expected datetime' },
      { id: "3", column: "created_at", reason: 'created_at is "20107-05-10 00:00:00", expected datetime' },
    ]);
    expect(landed.rejects[0]?.record).toMatchObject({ id: "2", ip_address: "192.0.2.10", hostname: null });
  });

  it("with a zero date as watermark gets null, which does not count as a watermark", async () => {
    const landed = await landCase("zero-date");
    expect(records(landed)[0]).toEqual(["2", "3", "192.0.2.10", "host.example", "2024-08-26 00:00:00"]);
    expect(landed).toMatchObject({ rejects: [], warnings: [], file: { rows: 2 } });
    expect(landed.file).toMatchObject({ minWatermark: "2024-12-10 18:23:05", maxWatermark: "2024-12-10 18:23:05" });
  });

  it.each(["semicolon-header", "title-header"])("with a %s is refused as not delivered", async (name) => {
    await expect(landCase(name)).rejects.toMatchObject({ code: "data.csv-header", exitCode: 6 });
  });
});

describe("a body that is not a result file", () => {
  const FOREIGN: readonly [string, string][] = [
    ["a line of text", "upstream request timeout\n"],
    ["text in quotes", '"Not authorized"\n'],
    ["lines of text", "Error\nquery timed out\n"],
    ["no byte", ""],
    ["a line end", "\n"],
    ["names in capitals", HEADER.toUpperCase()],
    ["names in camel case", `id,name,done,size,updatedAt\n1,a,1,1,${T}\n`],
    ["a header without the key", `name,done,size,updated_at\na,1,1,${T}\n`],
    ["a header without the watermark", "id,name,done,size\n1,a,1,1\n"],
    ["a header that is cut in its last name", "id,name,done,size,updated_a"],
    ["no header", `1,a,1,1,${T}\n`],
    ["the columns of another object", `id,prospect_id,list_id,opted_out,updated_at\n1,2,3,1,${T}\n`],
    ["fewer than half of the fields", `id,updated_at\n1,${T}\n`],
  ];
  it.each(FOREIGN)("%s is not delivered", async (_, body) => {
    await expect(land(body)).rejects.toMatchObject({ code: "data.csv-header", exitCode: 6 });
  });

  it("a file of another object with mostly the same columns is refused", async () => {
    const columnsOf = (name: string): readonly Column[] =>
      catalog.find((object) => object.name === name)?.columns ?? [];
    for (const name of ["Visitor", "VisitorActivity", "Prospect"]) {
      const body = `${columnsOf(name)
        .map((column) => column.name)
        .join(",")}\n`;
      await expect(land(body, { columns: columnsOf("ListMembership") })).rejects.toMatchObject({
        code: "data.csv-header",
      });
    }
  });

  it("a header alone is accepted as a file without records", async () => {
    expect(await land(HEADER)).toMatchObject({ file: null, rejects: [], warnings: [] });
    expect(await land(HEADER.trimEnd())).toMatchObject({ file: null });
    expect(await land("updated_at,size,done,name,id\r\n")).toMatchObject({ file: null });
  });

  it("a missing field becomes null, and an extra one is left out", async () => {
    const landed = await land(`id,done,size,updated_at,color\n1,1,2,${T},red\n`);
    expect(landed).toMatchObject({ text: `${HEADER}1,,true,2,${T}\n`, warnings: ["export.columns-missing"] });
  });
});

describe("a file that passes through", () => {
  const PLAIN: readonly [string, string][] = [
    ["as asked", `${HEADER}1,a,1,2.50,${T}\n2,,false,,\n`],
    ["with CRLF", `${HEADER}1,a,1,2,${T}\n`.replaceAll("\n", "\r\n")],
    ["in quotes throughout", `"id","name","done","size","updated_at"\n"1","a","TRUE","-3","${T}"\n`],
    ["without a line end at its end", `${HEADER}1,a,1,2,${T}`],
    ["without a time, and without a line end, at its end", `${HEADER}1,a,1,2,${T}\n2,b,1,2,`],
    ["with a backslash at the end of a field", `${HEADER}1,"C:\\temp\\",0,1,${T}\n`],
    ["with line ends, commas and quotes in text", `${HEADER}1,"a\r\nb,""c""",0,1,${T}\n`],
    ["with the 29th of February", `${HEADER}1,a,0,1,2024-02-29 23:59:59\n`],
  ];
  it.each(PLAIN)("%s keeps its bytes", async (_, body) => {
    for (const cut of [1, 3, 1000]) {
      const landed = await land(body, {}, cut);
      expect(landed).toMatchObject({ text: body, rejects: [], warnings: [] });
      expect(landed.file?.key).toMatch(/_1-10\.csv$/);
      expect(landed.tapped).toHaveLength(landed.file?.rows ?? 0);
    }
  });
});

describe("a file that does not pass through", () => {
  const MENDED: readonly [string, string | Uint8Array, string][] = [
    ["line ends that are mixed", `${HEADER}1,a,1,2,${T}\r\n2,b,0,3,${T}\n`, `1,a,true,2,${T}\n2,b,false,3,${T}\n`],
    ["blank lines", `${HEADER}\n1,a,1,2,${T}\n\n\n2,b,1,3,${T}\n`, `1,a,true,2,${T}\n2,b,true,3,${T}\n`],
    ["blank lines of CRLF", `${HEADER}1,a,1,2,${T}\n\r\n`, `1,a,true,2,${T}\n`],
    ["a date alone", `${HEADER}1,a,1,2,2026-01-01\n`, "1,a,true,2,2026-01-01 00:00:00\n"],
    ["a time with an offset", `${HEADER}1,a,1,2,2026-01-01T02:00:01+02:00\n`, `1,a,true,2,${T}\n`],
    ["zero dates", `${HEADER}1,a,1,2,0000-00-00\n2,b,1,2,${T}\n`, `1,a,true,2,\n2,b,true,2,${T}\n`],
    ["quoted empties that are no text", `${HEADER}1,"","","",""\n`, '1,"",,,\n'],
    ["a CR inside an unquoted text", `${HEADER}1,a\rb,1,2,${T}\n`, `1,"a\rb",true,2,${T}\n`],
    ["blanks and zeros about numbers", `${HEADER} 007 ,a,1, 2,${T}\n`, `7,a,true,2,${T}\n`],
  ];
  it.each(MENDED)("is re-encoded because of %s", async (_, body, expected) => {
    for (const cut of [1, 5, 1000]) {
      const landed = await land(body, {}, cut);
      expect(landed).toMatchObject({ text: `${HEADER}${expected}`, rejects: [] });
      expect(landed.file?.key).toMatch(/_1-10-[0-9a-f]{8}\.csv$/);
      // Not once more for the first look.
      expect(landed.tapped).toHaveLength(landed.file?.rows ?? 0);
    }
  });

  it("is compressed once, in both cases", async () => {
    for (const compression of ["gzip", "zstd"] as const) {
      const { file } = await land(`${HEADER}1,a,1,2,2026-01-01\n`, { compression });
      expect(file).toMatchObject({ rows: 1, maxWatermark: "2026-01-01 00:00:00" });
    }
  });

  const REFUSED: readonly [string, string, string | null, string | null][] = [
    ["a key that is no number", `abc,a,1,2,${T}`, "abc", "id"],
    ["a key of 23 digits", `12345678901234567890123,a,1,2,${T}`, "12345678901234567890123", "id"],
    ["no key", `,a,1,2,${T}`, null, "id"],
    ["a watermark that is no time", "7,a,1,2,N/A", "7", "updated_at"],
    ["a watermark with a control character", `7,a,1,2,${T}\u001b[31m`, "7", "updated_at"],
    ["a month 0", "7,a,1,2,2000-00-00 00:00:00", "7", "updated_at"],
    ["a boolean that is none", `7,a,yes,2,${T}`, "7", "done"],
    ["a number that is none", `7,a,1,many,${T}`, "7", "size"],
    ["too few fields", `7,a,1,2`, "7", null],
    ["too many fields", `7,a,1,2,${T},8`, "7", null],
    ["a quote inside an unquoted field", `7,5" pipe,1,2,${T}`, null, null],
    ["text after a closing quote", `7,"a"b,1,2,${T}`, null, null],
  ];
  it.each(REFUSED)("sets a record aside that has %s, and lands the others", async (_, line, id, column) => {
    for (const cut of [1, 5, 1000]) {
      const landed = await land(`${HEADER}1,a,1,2,${T}\n${line}\n2,b,0,3,${T}\n`, {}, cut);
      expect(landed.text).toBe(`${HEADER}1,a,true,2,${T}\n2,b,false,3,${T}\n`);
      expect(landed.rejects).toMatchObject([{ id, column }]);
      expect(landed.file).toMatchObject({ rows: 2, minWatermark: T, maxWatermark: T });
      expect(landed.tapped).toEqual([["1"], ["2"]]);
    }
  });

  it.each([
    ["whole records", `2,b,0,3,${T}\n`],
    ["a record that is cut short", "2,b,0<br />\n<b>Fatal error</b>:  Maximum execution time, 30 seconds\n"],
  ])("refuses a file behind whose records a server has written why it stopped: after %s", async (_, before) => {
    for (const end of ["<br />", "Fatal error: out of memory", '<b class="x">', "# 3 rows"]) {
      for (const newline of ["\n", ""]) {
        await expect(land(`${HEADER}1,a,1,2,${T}\n${before}${end}${newline}`)).rejects.toMatchObject({
          code: expect.stringMatching(/^data\.csv-/) as string,
          exitCode: 6,
        });
      }
    }
  });

  it("keeps the available values of a record that is set aside", async () => {
    const lines = [`7,a,1,2`, `8,"a,b",yes,2,${T}`, `9,a"b,1,2,${T}`];
    const { rejects } = await land(`${HEADER}${lines.join("\n")}\n`);
    expect(rejects).toEqual([
      { id: "7", column: null, reason: "it has 4 fields, expected 5", record: ["7", "a", "1", "2"] },
      {
        id: "8",
        column: "done",
        reason: 'done is "yes", expected boolean',
        record: { id: "8", name: "a,b", done: "yes", size: "2", updated_at: T },
      },
      { id: null, column: null, reason: "it has a quote inside an unquoted field", record: lines[2] },
    ]);
  });

  it("fails when more records are refused than allowed", async () => {
    const bad = `7,a,yes,2,${T}\n`;
    expect((await land(`${HEADER}${bad.repeat(5)}`)).rejects).toHaveLength(5);
    await expect(land(`${HEADER}${bad.repeat(6)}`)).rejects.toMatchObject({
      code: "data.too-many-rejects",
      exitCode: 6,
    });
    await expect(land(`${HEADER}${"7,a\n".repeat(6)}`)).rejects.toMatchObject({ code: "data.csv-ragged" });
  });
});

describe("PHP's dialect", () => {
  const S = String.raw;
  const VALUES: readonly [string, string, string][] = [
    ["a quote at the end", S`"say \""`, S`say \"`],
    ["a backslash at the end", S`"C:\temp\"`, S`C:\temp${"\\"}`],
    ["a quote and a comma", S`"{\"a\":\"b\",\"c\":1}"`, S`{\"a\":\"b\",\"c\":1}`],
    ["a doubled quote without a backslash", S`"5"" \"x"`, S`5" \"x`],
    ["two backslashes", S`"a\\"b c"`, S`a\\"b c`],
    ["a line end behind the quote", `"a\\"\nb c"`, `a\\"\nb c`],
  ];
  it.each(VALUES)("with %s is read to the character", async (_, field, value) => {
    // What makes it PHP's beyond doubt.
    const sure = `9,"a \\"b\\" c",1,2,${T}\n`;
    const columns = THING;
    for (const cut of [1, 4, 1000]) {
      const { text, rejects, warnings } = await land(`${HEADER}1,${field},1,2,${T}\n${sure}`, { columns }, cut);
      const quoted = value.includes('"') || value.includes("\n") ? `"${value.replaceAll('"', '""')}"` : value;
      expect(text).toBe(`${HEADER}1,${quoted},true,2,${T}\n9,"a \\""b\\"" c",true,2,${T}\n`);
      expect({ rejects, warnings }).toEqual({ rejects: [], warnings: ["data.csv-php-dialect"] });
    }
  });

  it("is not assumed for a record of the wrong length that RFC 4180 can read", async () => {
    const landed = await land(`${HEADER}1,"C:\\temp\\",1,2,${T}\n2,x\n3,"C:\\",1,2,${T}\n`);
    expect(landed.text).toBe(`${HEADER}1,C:\\temp\\,true,2,${T}\n3,C:\\,true,2,${T}\n`);
    expect(landed).toMatchObject({ rejects: [{ id: "2" }], warnings: [] });
  });

  it("sets a record aside like any other", async () => {
    const landed = await land(`${HEADER}1,"a \\"b\\" c",1,2,${T}\n2,x\n`);
    expect(landed).toMatchObject({ rejects: [{ id: "2" }], warnings: ["data.csv-php-dialect"], file: { rows: 1 } });
  });
});

describe("a file that was cut", () => {
  const CUT: readonly [string, string][] = [
    ["in its last field", `${HEADER}1,a,1,2,${T}\n2,b,1,2,2026-01-01 00:`],
    ["in its only last field", `${HEADER}1,a,1,2,2026-01-01`],
    ["in the middle of a record", `${HEADER}1,a,1,2,${T}\n2,b,1`],
    ["inside quotes", `${HEADER}1,a,1,2,${T}\n2,"b\n`],
    ["between CR and LF", `${HEADER}1,a,1,2,${T}\r`],
    ["in its last field, having other faults", `${HEADER}1,a,yes,2,${T}\n1\n2,b,1,2,2026-01-01 00:`],
  ];
  it.each(CUT)("is refused when it was cut %s", async (_, body) => {
    for (const cut of [1, 1000]) {
      await expect(land(body, {}, cut)).rejects.toMatchObject({ code: "data.csv-incomplete", exitCode: 6 });
    }
  });

  it("is refused in PHP's dialect, too", async () => {
    const body = `${HEADER}1,"a \\"b\\"",1,2,${T}\n2,"b \\"`;
    await expect(land(body)).rejects.toMatchObject({ code: "data.csv-quote", exitCode: 6 });
  });
});

describe("rows outside the window", () => {
  const bounds = {
    field: "updated_at",
    least: "2026-01-01 00:00:00",
    greatest: "2026-02-01 00:00:00",
    movedFrom: "2026-03-01 00:00:00",
  } as const;

  it.each([`${HEADER}1,a,1,2,2025-06-01 00:00:00\n2,a,1,2,${T}\n`, `${HEADER}1,a,1,2,2026-02-10T00:00:00Z\n`])(
    "are another window's: the file was not delivered",
    async (body) => {
      await expect(land(body, { bounds })).rejects.toMatchObject({ code: "data.csv-window", exitCode: 6 });
    },
  );

  it("do not include those exactly on a bound", async () => {
    const body = `${HEADER}1,a,1,2,${bounds.least}\n2,a,1,2,${bounds.greatest}\n`;
    expect(await land(body, { bounds })).toMatchObject({ text: body, file: { rows: 2 } });
    const earlier = body.replace(bounds.least, "2025-12-31 23:59:59");
    await expect(land(earlier, { bounds })).rejects.toMatchObject({ code: "data.csv-window" });
    const later = body.replace(bounds.greatest, "2026-02-01 00:00:01");
    await expect(land(later, { bounds })).rejects.toMatchObject({ code: "data.csv-window" });
  });

  it("are accepted when they changed after the export was requested, or have no time", async () => {
    const body = `${HEADER}1,a,1,2,2026-03-01 00:00:00\n2,a,1,2,\n3,a,1,2,2026-02-01 00:00:00\n`;
    expect(await land(body, { bounds })).toMatchObject({ text: body, file: { rows: 3 } });
    expect(await land(body.replace(",1,2,\n", ",1,2,0000-00-00\n"), { bounds })).toMatchObject({ file: { rows: 3 } });
  });
});
