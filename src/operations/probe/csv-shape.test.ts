import { describe, expect, it } from "vitest";
import { csvShape } from "./csv-shape.ts";
import type { CsvShape } from "./csv-shape.ts";

const COLUMNS = { booleans: ["ok"], dates: ["at"] };
const shape = (text: string, isWhole = true): CsvShape => csvShape(text, isWhole, COLUMNS);

describe("csvShape", () => {
  it("shows how a plain file is written", () => {
    expect(shape('id,ok,name,at\n1,true,"a, ""b""",2026-01-02 03:04:05\n2,false,"",\n')).toEqual({
      header: ["id", "ok", "name", "at"],
      records: 2,
      lineEnd: "lf",
      hasByteOrderMark: false,
      hasBlankLastLine: false,
      quoting: "must",
      quotes: "doubled",
      emptyText: "quoted",
      booleans: "true/false",
      dates: "YYYY-MM-DD HH:MM:SS",
    });
  });

  it("shows other quoting, line ends, booleans and dates", () => {
    const other = shape('\uFEFF"id","ok","at"\r\n"1","0","2026-01-02T03:04:05-05:00"\r\n\r\n');
    expect(other).toMatchObject({ lineEnd: "crlf", hasByteOrderMark: true, hasBlankLastLine: true, quoting: "all" });
    expect(other).toMatchObject({ records: 1, booleans: "1/0", dates: "YYYY-MM-DDTHH:MM:SS±HH:MM", emptyText: null });
    expect(shape('id,name\n1,"two words"\n2,b\n').quoting).toBe("blank");
    expect(shape('id,name\n1,"say \\"hi\\" now"\n').quotes).toBe("backslash");
    expect(shape("id,name\r\n1,b\n").lineEnd).toBe("mixed");
  });

  it("keeps a backslash before the end of a field, and line ends in quotes, apart from quoting", () => {
    expect(shape('id,name\n1,"a,\\"\n2,"b\nc"\n')).toMatchObject({ records: 2, quotes: null, quoting: "must" });
  });

  it("leaves out what is cut off, and knows an empty file", () => {
    expect(shape('id,name\n1,b\n2,"c', false)).toMatchObject({ records: 1, hasBlankLastLine: null });
    expect(shape("")).toMatchObject({ header: [], records: 0, booleans: null, dates: null, quoting: null });
  });
});
