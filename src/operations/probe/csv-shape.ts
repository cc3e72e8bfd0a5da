import { formOf } from "./shapes.ts";

/** How a result file is written. Contains nothing of its data except the names of its columns. */
export interface CsvShape {
  readonly header: readonly string[];
  readonly records: number;
  readonly lineEnd: "lf" | "crlf" | "mixed";
  readonly hasByteOrderMark: boolean;
  /** Whether the last line is followed by an empty one; null for a file that was not read to its end. */
  readonly hasBlankLastLine: boolean | null;
  /** `all` fields, those that `must`, also those with a `blank`; null: nothing was quoted. */
  readonly quoting: "all" | "must" | "blank" | null;
  /** A quote in a quoted field is doubled, or only a backslash is before it; null: no such field. */
  readonly quotes: "doubled" | "backslash" | null;
  /** Whether an empty text is written as `""`; null: there was none. */
  readonly emptyText: "quoted" | null;
  /** The words of a boolean column; null: it has none. */
  readonly booleans: string | null;
  /** The form of each date column, several joined by `or`. */
  readonly dates: string | null;
}

/** `columns`: which of the requested fields are booleans and dates. */
export function csvShape(
  text: string,
  isWhole: boolean,
  columns: { readonly booleans: readonly string[]; readonly dates: readonly string[] },
): CsvShape {
  const hasByteOrderMark = text.startsWith("\uFEFF");
  const body = hasByteOrderMark ? text.slice(1) : text;
  const { records, ends } = rawRecords(body, isWhole);
  const [header = [], ...rows] = records.filter((fields) => fields.length > 1 || fields[0] !== "");
  const names = header.map(plainField);
  const cells = (wanted: readonly string[]): string[] =>
    rows.flatMap((fields) => fields.filter((_, index) => wanted.includes(names[index] ?? ""))).map(plainField);
  const all = rows.flat();
  const words = new Set(cells(columns.booleans).filter((cell) => BOOLEANS.has(cell)));
  const dates = new Set(
    cells(columns.dates)
      .filter((cell) => cell !== "")
      .map(formOf),
  );
  return {
    header: names,
    records: rows.length,
    lineEnd: ends.size > 1 ? "mixed" : ends.has("\r\n") ? "crlf" : "lf",
    hasByteOrderMark,
    hasBlankLastLine: isWhole ? /\n\r?\n$/.test(body) : null,
    quoting: quotingOf(all),
    quotes: quotesOf(all),
    emptyText: all.includes('""') ? "quoted" : null,
    booleans: words.size === 0 ? null : words.has("1") || words.has("0") ? "1/0" : "true/false",
    dates: dates.size === 0 ? null : [...dates].toSorted().join(" or "),
  };
}

const BOOLEANS = new Set(["true", "false", "1", "0"]);

function quotingOf(cells: readonly string[]): CsvShape["quoting"] {
  const filled = cells.filter((cell) => cell !== "" && cell !== '""');
  const quoted = filled.filter((cell) => cell.startsWith('"'));
  if (quoted.length === 0) return null;
  if (quoted.length === filled.length) return "all";
  return quoted.some((cell) => !/[",\r\n]/.test(cell.slice(1, -1))) ? "blank" : "must";
}

function quotesOf(cells: readonly string[]): CsvShape["quotes"] {
  const inside = cells.filter((cell) => cell.startsWith('"')).map((cell) => cell.slice(1, -1));
  if (inside.some((text) => /\\"(?!")/.test(text.replaceAll('""', "")))) return "backslash";
  return inside.some((text) => text.includes('""')) ? "doubled" : null;
}

function plainField(raw: string): string {
  return raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw;
}

/** The records as written, each field with its quotes. Leaves out a record that is cut off at the end. */
function rawRecords(
  text: string,
  isWhole: boolean,
): { readonly records: readonly (readonly string[])[]; readonly ends: ReadonlySet<string> } {
  const records: string[][] = [];
  const ends = new Set<string>();
  let fields: string[] = [];
  const field = /("(?:[^"]|""|(?<=\\)"(?!,|\r?\n|$))*"|[^,\r\n"]*)(,|\r?\n|$)/y;
  for (let match = field.exec(text); match !== null && match.index < text.length; match = field.exec(text)) {
    const [, raw = "", end = ""] = match;
    fields.push(raw);
    if (end === ",") continue;
    if (end !== "" || isWhole) records.push(fields);
    if (end !== "") ends.add(end);
    fields = [];
  }
  return { records, ends };
}
